"""The PostgreSQL database: its connections and transactions, and their recovery from an outage of the server.

Transactions run concurrently at READ COMMITTED. Locks keep the rows that a rule has read unchanged until its
transaction ends: a service requests them, and the transaction acquires them when it begins (see `engine.locks`). A
deadlock or another conflict rolls back the whole transaction, and the service may repeat it. The only table that this
module knows is the table that `ping` reads.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar, Unpack

import psycopg
from peewee import PostgresqlDatabase, QueryEvent
from psycopg.abc import ConnDict, PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8Dumper

from minichat.adapters import gevents
from minichat.adapters.peewee.engine.dialects import Dialect, PostgresDialect
from minichat.adapters.peewee.engine.locks import acquiring
from minichat.adapters.peewee.engine.pool import Pool
from minichat.adapters.peewee.engine.statements import driver_errors, translate_errors
from minichat.adapters.peewee.engine.waiting import wait_by_gevent
from minichat.domain.errors import Unavailable
from minichat.domain.ports.transactions import Locks

log = logging.getLogger(__name__)

Waited = TypeVar("Waited")
_IS_BY_GEVENT = gevents.runs_requests()

PATIENCE_SECONDS = 5.0
"""Maximum time that a request waits for a connection and, separately, for the answer to a statement."""
SILENCE_SECONDS = PATIENCE_SECONDS + 2
"""Maximum silence of a server, which should have reported the timeout of the statement by then."""
_WAKE_UP_SECONDS = 0.1
CONNECT_SECONDS = 5
READERS, WRITERS = 4, 6
"""Maximum number of connections of a process, in each pool."""
OLDEST_VERSION = 14
"""Minimum major version of the server. Older versions receive no security fixes."""
_MIGRATING = 5_204_115_011
"""The key of the advisory lock that a migration holds."""

# PostgreSQL plans each statement once, as SQLite does with its "stability guarantee": planning again for each list of
# ids takes several times as long as running the plan.
SESSION = f"""
    SELECT set_config('statement_timeout', '{PATIENCE_SECONDS:.0f}s', false),
           set_config('lock_timeout', '{PATIENCE_SECONDS * 0.6:.0f}s', false),
           set_config('idle_in_transaction_session_timeout', '{PATIENCE_SECONDS * 2:.0f}s', false),
           set_config('plan_cache_mode', 'force_generic_plan', false),
           set_config('client_encoding', 'UTF8', false),
           set_config('default_transaction_isolation', 'read committed', false)
"""


class UnfitServer(Unavailable):
    """The server cannot be used, and waiting does not help."""


class ChatConnection(psycopg.Connection[tuple[Any, ...]]):
    """psycopg's connection, with a time limit for a silent server."""

    patience_seconds: float | None = SILENCE_SECONDS
    """How long to wait for the server's answer, in seconds; None waits for ever."""

    def wait(self, gen: PQGen[Waited], interval: float = _WAKE_UP_SECONDS, timeout: float | None = None) -> Waited:
        """Wait as the parent class does. Raises OperationalError after `timeout` seconds."""
        patience_seconds = self.patience_seconds if timeout is None else timeout
        if _IS_BY_GEVENT:
            return wait_by_gevent(gen, self.pgconn.socket, patience_seconds)
        return super().wait(gen, interval, patience_seconds)


class Postgres(PostgresqlDatabase):
    """Peewee's database over a pool of psycopg's connections.

    A statement outside a transaction borrows a connection for itself. It only reads, so if the connection is lost, the
    statement runs again on another one.
    """

    dialect: Dialect = PostgresDialect()
    _state: Any  # Peewee's, per greenlet or thread: its connection and open transactions

    def __init__(
        self, url: str, replica_url: str | None = None, *, readers: int = READERS, writers: int = WRITERS
    ) -> None:
        """Raises ValueError for an invalid URL, with a text that repeats no password."""
        _check(url)
        super().__init__(url, prefer_psycopg3=True, autoconnect=False)
        # Separate pools, so that readers never queue behind writers, which may wait long for a lock.
        self._readers, self._writers = (Pool(lambda: _connect(url), most) for most in (readers, writers))
        self._replica = None if replica_url is None else Replica(replica_url, readers)
        self.on_commit: Callable[[], object] = lambda: None
        """A function to call in this process after each transaction: the log may have new changes."""

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Run a statement in the transaction of this greenlet or thread, or alone; return its cursor."""
        for hook in self.query_hooks:
            hook(QueryEvent(sql, params, 0.0, None))
        with driver_errors:
            if not self._state.closed:
                return _run(self._state.conn, sql, params)
            return _run_alone(self._readers, sql, params)

    def execute_lagging(self, sql: str, params: Any = None) -> Any:
        """Run a statement that may read an earlier state: on the replica, if it answers."""
        if self._replica is not None and self._state.closed:
            cursor = self._replica.execute(sql, params)
            if cursor is not None:
                return cursor
        return self.execute_sql(sql, params)

    @contextmanager
    def writing(self, *, patience_seconds: float | None = None, **locks: Unpack[Locks]) -> Iterator[None]:
        """The port `Transaction`. It acquires the locks before its first other statement: see `engine.locks`."""
        if self.in_transaction():
            raise RuntimeError("a transaction can't be nested")
        wait_seconds = PATIENCE_SECONDS if patience_seconds is None else patience_seconds
        try:
            with translate_errors(), self._transaction(self._writers, "BEGIN", wait_seconds) as connection:
                if patience_seconds is not None:
                    with driver_errors:
                        connection.execute(f"SET LOCAL lock_timeout = {max(1, round(patience_seconds * 1000))}")
                acquire = acquiring(locks)
                if acquire is not None:
                    self.execute_sql(*acquire)
                self.push_transaction(self)  # any object will do: Peewee only counts them
                try:
                    yield
                finally:
                    self.pop_transaction()
        finally:
            self.on_commit()  # after a failure too: the open transaction kept later changes unreadable

    @contextmanager
    def reading(self) -> Iterator[None]:
        """The port `Snapshot`: all reads in the block see one state of the database."""
        if not self._state.closed:
            yield
            return
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with translate_errors(), self._transaction(self._readers, begin, PATIENCE_SECONDS):
            yield

    @contextmanager
    def _transaction(self, pool: Pool, begin: str, patience_seconds: float) -> Iterator[ChatConnection]:
        """BEGIN to COMMIT, or to ROLLBACK when an exception leaves the block."""
        with self._lent(pool, _begun(pool, begin, patience_seconds)) as connection:
            try:
                yield connection
            except Exception:
                with suppress(psycopg.Error):  # a lost connection undoes the transaction as well
                    connection.execute("ROLLBACK")
                raise
            with driver_errors:
                connection.execute("COMMIT")

    @contextmanager
    def _lent(self, pool: Pool, connection: ChatConnection) -> Iterator[ChatConnection]:
        """Use the connection for all statements of this greenlet or thread, in the block."""
        self._state.set_connection(connection)
        try:
            yield connection
        finally:
            self._state.reset()
            _give_back(pool, connection)

    @contextmanager
    def migrating(self, patience_seconds: float) -> Iterator[None]:
        """Exclude other migrations in the block, on a connection without time limits. Raises Unavailable."""
        with translate_errors():
            with driver_errors:
                connection = self._writers.take(PATIENCE_SECONDS)
            with self._lent(self._writers, connection):
                try:
                    self._await_turn(time.monotonic() + patience_seconds)
                    self.execute_sql("SET statement_timeout = 0")
                    connection.patience_seconds = None
                    yield
                finally:
                    connection.close()  # with its lock and its settings

    def _await_turn(self, deadline: float) -> None:
        while not self.execute_sql(f"SELECT pg_try_advisory_lock({_MIGRATING})").fetchone()[0]:
            if time.monotonic() > deadline:
                raise Unavailable("another process has been migrating it for too long")
            time.sleep(0.05)

    def checkpoint(self) -> None:
        """Do nothing: the server makes its own checkpoints."""

    def ping(self) -> None:
        """Raise Unavailable unless the database answers, accepts writes and has the tables of this version."""
        with translate_errors():
            (is_read_only,) = self.execute_sql("SELECT current_setting('transaction_read_only') = 'on'").fetchone()
            self.execute_sql('SELECT 1 FROM "change" LIMIT 1')
        if is_read_only:
            raise Unavailable("the database accepts no writes")

    def close_connections(self) -> None:
        """Close the idle connections."""
        self._readers.close_idle()
        self._writers.close_idle()
        if self._replica is not None:
            self._replica.close()


class Replica:
    """A streaming replica, which lags behind. After a failure it receives no statements for `PAUSE_SECONDS`."""

    PAUSE_SECONDS = 5.0

    def __init__(self, url: str, most: int) -> None:
        _check(url, "the replica's URL")
        self._pool = Pool(lambda: _connect(url), most)
        self._ask_again_at = 0.0

    def execute(self, sql: str, params: Any) -> Any | None:
        """Run a statement that reads; return its cursor, or None if the replica does not answer."""
        if time.monotonic() < self._ask_again_at:
            return None
        try:
            return _run_alone(self._pool, sql, params)
        except (psycopg.Error, Unavailable) as error:
            self._ask_again_at = time.monotonic() + self.PAUSE_SECONDS
            log.warning("the replica does not answer, so its statements run on the primary: %s", error)
            return None

    def close(self) -> None:
        self._pool.close_idle()


def _begun(pool: Pool, begin: str, patience_seconds: float) -> ChatConnection:
    """Begin a transaction; return its connection."""
    with driver_errors:
        for is_last in (False, True):
            connection: ChatConnection = pool.take(patience_seconds)
            try:
                connection.execute(begin)
            except BaseException as error:
                _give_back(pool, connection)
                # After a restart of the server all idle connections are lost; the second attempt opens a new one.
                if is_last or not connection.closed or not isinstance(error, psycopg.OperationalError):
                    raise
            else:
                return connection
    raise AssertionError("the last attempt returns or raises")


def _run(connection: ChatConnection, sql: str, params: Any) -> Any:
    try:
        return connection.execute(sql, params)
    except psycopg.errors.UndefinedTable as error:
        raise psycopg.OperationalError(f"it lacks a table of minichat: {error}") from error
    except psycopg.errors.ReadOnlySqlTransaction:
        connection.close()  # a new connection finds the server that has replaced this one
        raise
    except psycopg.errors.FeatureNotSupported as error:
        connection.close()  # its plans are for tables that a migration has changed since
        raise psycopg.OperationalError(str(error)) from error


def _run_alone(pool: Pool, sql: str, params: Any) -> Any:
    """Run a statement that reads on a borrowed connection; return its cursor."""
    for is_last in (False, True):
        connection = pool.take(PATIENCE_SECONDS)
        try:
            return _run(connection, sql, params)
        except psycopg.OperationalError:
            if is_last or not connection.closed:
                raise
        finally:
            _give_back(pool, connection)
    raise AssertionError("the last attempt returns or raises")


def _give_back(pool: Pool, connection: ChatConnection) -> None:
    if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
        connection.close()  # interrupted: the server rolls the transaction back
    pool.give_back(connection)


def _check(url: str, what: str = "the database URL") -> None:
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The driver's text may repeat a part of the URL, and so of the password.
        raise ValueError(f"PostgreSQL's client does not understand {what}") from None


def _expect_fit(connection: ChatConnection) -> None:
    version = connection.info.server_version // 10_000
    if version < OLDEST_VERSION:
        raise UnfitServer(f"the server is PostgreSQL {version}, and minichat needs {OLDEST_VERSION} or newer")
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise UnfitServer(f"the database has the encoding {encoding}, and minichat needs UTF8")


def _with_our_options(url: str) -> str:
    """Add our options of a connection. Those in the URL have precedence, but no attempt takes longer than ours."""
    given = conninfo_to_dict(url)
    seconds = str(given.get("connect_timeout", ""))
    is_shorter = seconds.isdecimal() and 0 < int(seconds) < CONNECT_SECONDS
    ours: ConnDict = {"fallback_application_name": "minichat", "keepalives_idle": 30, **given}
    return make_conninfo("", **{**ours, "connect_timeout": seconds if is_shorter else CONNECT_SECONDS})


def _connect(url: str) -> ChatConnection:
    """Open a connection with our settings. Raises UnfitServer and OperationalError."""
    connection = ChatConnection.connect(_with_our_options(url), autocommit=True)
    try:
        _expect_fit(connection)
        # One type for all integers, so that a statement is prepared once and not once per size of integer.
        connection.adapters.register_dumper(int, Int8Dumper)
        connection.execute(SESSION)
    except BaseException:
        connection.close()
        raise
    return connection
