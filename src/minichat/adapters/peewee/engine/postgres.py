"""The PostgreSQL database: its connections, its transactions, and what becomes of them when the server goes away.

Transactions run beside one another at READ COMMITTED, so what a rule has looked up must be kept as it is until its
transaction ends: a service requests the locks, and the transaction acquires them when it begins (see `engine.locks`). A
deadlock or another conflict rolls back the whole transaction, and the request may be made again.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar, Unpack

import psycopg
from peewee import PostgresqlDatabase, QueryEvent
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8Dumper

from minichat.adapters import gevents
from minichat.adapters.peewee.engine.dialects import PostgresDialect
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
"""How long a request waits for a connection, a lock, or the answer to a statement, in seconds."""
SILENCE_SECONDS = PATIENCE_SECONDS + 2
"""How long a server that can't even tell that a statement took too long is waited for, in seconds."""
_WAKE_UP_SECONDS = 0.1
CONNECT_SECONDS = 5
READERS, WRITERS = 4, 6
"""How many connections a process has at most."""
OLDEST_VERSION = 14
"""Of the server: older ones get no security fixes any more."""
_MIGRATING = 5_204_115_011
"""The number of the advisory lock that one migrates under."""

# A plan is made once for a statement, as with SQLite's "stability guarantee": to plan anew for each list of ids
# takes several times as long as to run what it plans.
SESSION = f"""
    SELECT set_config('statement_timeout', '{PATIENCE_SECONDS:.0f}s', false),
           set_config('lock_timeout', '{PATIENCE_SECONDS * 0.6:.0f}s', false),
           set_config('idle_in_transaction_session_timeout', '{PATIENCE_SECONDS * 2:.0f}s', false),
           set_config('plan_cache_mode', 'force_generic_plan', false),
           set_config('client_encoding', 'UTF8', false),
           set_config('default_transaction_isolation', 'read committed', false)
"""


class UnfitServer(Unavailable):
    """The server can't be used, however long one waits."""


class ChatConnection(psycopg.Connection[tuple[Any, ...]]):
    """psycopg's connection, which doesn't wait for ever for a server that says nothing."""

    patience: float | None = SILENCE_SECONDS
    """How long to wait for the server's answer, in seconds."""

    def wait(self, gen: PQGen[Waited], interval: float = _WAKE_UP_SECONDS, timeout: float | None = None) -> Waited:
        """Wait as the parent class does. Raises OperationalError when the patience is over."""
        patience = self.patience if timeout is None else timeout
        if _IS_BY_GEVENT:
            return wait_by_gevent(gen, self.pgconn.socket, patience)
        return super().wait(gen, interval, patience)


class Postgres(PostgresqlDatabase):
    """Peewee's database over a pool of psycopg's connections.

    A statement outside of a transaction borrows a connection for itself; it only reads, so when its connection turns
    out to be lost it is made again on another.
    """

    dialect = PostgresDialect()
    _state: Any  # Peewee's, for each greenlet or thread: its connection and how many transactions are open

    def __init__(
        self, url: str, replica_url: str | None = None, *, readers: int = READERS, writers: int = WRITERS
    ) -> None:
        """Raises ValueError, with a sentence that repeats no password, for a URL that can't be one."""
        _check(url)
        super().__init__(url, prefer_psycopg3=True, autoconnect=False)
        # Apart, because who writes may wait long for others who write in the same room; who reads waits for nobody.
        self._readers, self._writers = (Pool(lambda: _connect(url), most) for most in (readers, writers))
        self._replica = None if replica_url is None else Replica(replica_url, readers)
        self.on_commit: Callable[[], object] = lambda: None
        """Called in this process when a transaction has ended: a hint that there is something new to read."""

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Run a statement in the transaction of this greenlet or thread, or alone; return its cursor."""
        for hook in self.query_hooks:
            hook(QueryEvent(sql, params, 0.0, None))
        with driver_errors:
            if not self._state.closed:
                return _run(self._state.conn, sql, params)
            return _run_alone(self._readers, sql, params)

    def execute_lagging(self, sql: str, params: Any = None) -> Any:
        """Run a statement that may see the database as it was a moment ago: on the replica, if one answers."""
        if self._replica is not None and self._state.closed:
            cursor = self._replica.execute(sql, params)
            if cursor is not None:
                return cursor
        return self.execute_sql(sql, params)

    @contextmanager
    def writing(self, *, patience: float | None = None, **locks: Unpack[Locks]) -> Iterator[None]:
        """The port `Transaction`. It acquires the locks before its first other statement: see `engine.locks`."""
        if self.in_transaction():
            raise RuntimeError("a transaction can't be nested")
        wait_seconds = PATIENCE_SECONDS if patience is None else patience
        try:
            with translate_errors(), self._transaction(self._writers, "BEGIN", wait_seconds) as connection:
                if patience is not None:
                    with driver_errors:
                        connection.execute(f"SET LOCAL lock_timeout = {max(1, round(patience * 1000))}")
                acquire = acquiring(locks)
                if acquire is not None:
                    self.execute_sql(*acquire)
                self.push_transaction(self)  # anything will do: Peewee asks how many there are
                try:
                    yield
                finally:
                    self.pop_transaction()
        finally:
            self.on_commit()  # also when it failed: the log could not be read beyond it until now

    @contextmanager
    def reading(self) -> Iterator[None]:
        """The port `Snapshot`: what is read in the block is of one moment."""
        if not self._state.closed:
            yield
            return
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with translate_errors(), self._transaction(self._readers, begin, PATIENCE_SECONDS):
            yield

    @contextmanager
    def _transaction(self, pool: Pool, begin: str, patience: float) -> Iterator[ChatConnection]:
        """BEGIN to COMMIT, or to ROLLBACK when an exception leaves the block."""
        with self._lent(pool, _begun(pool, begin, patience)) as connection:
            try:
                yield connection
            except Exception:
                with suppress(psycopg.Error):  # a connection that can't do that is lost, which undoes it as well
                    connection.execute("ROLLBACK")
                raise
            with driver_errors:
                connection.execute("COMMIT")

    @contextmanager
    def _lent(self, pool: Pool, connection: ChatConnection) -> Iterator[ChatConnection]:
        """Let this greenlet or thread have the connection for all its statements."""
        self._state.set_connection(connection)
        try:
            yield connection
        finally:
            self._state.reset()
            _give_back(pool, connection)

    @contextmanager
    def migrating(self, patience: float) -> Iterator[None]:
        """Be the only one who migrates, on a connection without limits of time. Raises Unavailable."""
        with translate_errors():
            with driver_errors:
                connection = self._writers.take(PATIENCE_SECONDS)
            with self._lent(self._writers, connection):
                try:
                    self._await_turn(time.monotonic() + patience)
                    self.execute_sql("SET statement_timeout = 0")
                    connection.patience = None
                    yield
                finally:
                    connection.close()  # with its lock and its settings

    def _await_turn(self, deadline: float) -> None:
        while not self.execute_sql(f"SELECT pg_try_advisory_lock({_MIGRATING})").fetchone()[0]:
            if time.monotonic() > deadline:
                raise Unavailable("another process has been migrating it for too long")
            time.sleep(0.05)

    def checkpoint(self) -> None:
        """Nothing: the server sees to that by itself."""

    def ping(self) -> None:
        """Raise Unavailable unless the database answers, has the tables of this version and can be written to."""
        with translate_errors():
            (is_read_only,) = self.execute_sql("SELECT current_setting('transaction_read_only') = 'on'").fetchone()
            self.execute_sql('SELECT 1 FROM "change" LIMIT 1')
        if is_read_only:
            raise Unavailable("the database takes no writes")

    def close_connections(self) -> None:
        """Close the connections that nobody uses."""
        self._readers.close_idle()
        self._writers.close_idle()
        if self._replica is not None:
            self._replica.close()


class Replica:
    """A copy of the database that lags behind, for what may; while it does not answer, nobody asks it for a while."""

    PAUSE_SECONDS = 5.0

    def __init__(self, url: str, most: int) -> None:
        _check(url, "the replica's URL")
        self._pool = Pool(lambda: _connect(url), most)
        self._ask_again_at = 0.0

    def execute(self, sql: str, params: Any) -> Any | None:
        """The cursor of a statement that reads; None if the replica can't answer it."""
        if time.monotonic() < self._ask_again_at:
            return None
        try:
            return _run_alone(self._pool, sql, params)
        except (psycopg.Error, Unavailable) as error:
            self._ask_again_at = time.monotonic() + self.PAUSE_SECONDS
            log.warning("the replica does not answer, so the primary does: %s", error)
            return None

    def close(self) -> None:
        self._pool.close_idle()


def _begun(pool: Pool, begin: str, patience: float) -> ChatConnection:
    """A connection on which a transaction has begun."""
    with driver_errors:
        for is_last in (False, True):
            connection: ChatConnection = pool.take(patience)
            try:
                connection.execute(begin)
            except BaseException as error:
                _give_back(pool, connection)
                # Of the connections that idled while the server was away, none can; the next is a new one.
                if is_last or not connection.closed or not isinstance(error, psycopg.OperationalError):
                    raise
            else:
                return connection
    raise AssertionError("the last try returns or raises")


def _run(connection: ChatConnection, sql: str, params: Any) -> Any:
    try:
        return connection.execute(sql, params)
    except psycopg.errors.UndefinedTable as error:
        raise psycopg.OperationalError(f"it is not as minichat has made it: {error}") from error
    except psycopg.errors.ReadOnlySqlTransaction:
        connection.close()  # whoever takes the place of this server is found by connecting anew
        raise
    except psycopg.errors.FeatureNotSupported as error:
        connection.close()  # with its plans, which are of tables that a migration has changed since
        raise psycopg.OperationalError(str(error)) from error


def _run_alone(pool: Pool, sql: str, params: Any) -> Any:
    """Run a statement that reads on a connection of its own; return its cursor."""
    for is_last in (False, True):
        connection = pool.take(PATIENCE_SECONDS)
        try:
            return _run(connection, sql, params)
        except psycopg.OperationalError:
            if is_last or not connection.closed:
                raise
        finally:
            _give_back(pool, connection)
    raise AssertionError("the last try returns or raises")


def _give_back(pool: Pool, connection: ChatConnection) -> None:
    if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
        connection.close()  # broken off in the middle: the server undoes what it did
    pool.give_back(connection)


def _check(url: str, what: str = "the database URL") -> None:
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        # Its text may repeat a part of the URL, and so of the password.
        raise ValueError(f"{what} is not one that PostgreSQL's client understands") from error


def _expect_fit(connection: ChatConnection) -> None:
    version = connection.info.server_version // 10_000
    if version < OLDEST_VERSION:
        raise UnfitServer(f"the server is PostgreSQL {version}, and minichat needs {OLDEST_VERSION} or newer")
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise UnfitServer(f"the database has the encoding {encoding}, and minichat needs UTF8")


def _connect(url: str) -> ChatConnection:
    """A connection as all ours are. Raises UnfitServer, and OperationalError."""
    connection = ChatConnection.connect(
        url, autocommit=True, connect_timeout=CONNECT_SECONDS, application_name="minichat", keepalives_idle=30
    )
    try:
        _expect_fit(connection)
        # One type for all whole numbers, so that a statement is prepared once and not once for each size of number.
        connection.adapters.register_dumper(int, Int8Dumper)
        connection.execute(SESSION)
    except BaseException:
        connection.close()
        raise
    return connection
