"""The PostgreSQL database: its connections and transactions, and their recovery from an outage of the server.

Transactions run concurrently at READ COMMITTED. Locks keep the rows that a rule has read unchanged until its
transaction ends: a service requests them, and the transaction acquires them when it begins (see `engine.locks`). A
deadlock or another conflict rolls back the whole transaction, and the service may repeat it. `engine.connections` opens
the connections. The only table that this module knows is the table that `ping` reads.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any, LiteralString, Unpack

import psycopg
from peewee import PostgresqlDatabase, Psycopg3Adapter, QueryEvent
from psycopg.pq import TransactionStatus

from minichat.adapters.peewee.engine.connections import PATIENCE_SECONDS, ChatConnection, Server
from minichat.adapters.peewee.engine.dialects import Dialect, PostgresDialect
from minichat.adapters.peewee.engine.locks import acquiring
from minichat.adapters.peewee.engine.pool import Pool
from minichat.adapters.peewee.engine.statements import driver_errors, translate_errors
from minichat.domain.errors import Unavailable
from minichat.domain.ports.transactions import Locks

log = logging.getLogger(__name__)

READERS, WRITERS = 4, 6
"""Maximum number of connections of a process, in each pool."""
MAINTENANCE_PATIENCE_SECONDS = 600
"""How long maintenance waits for the transactions of others."""
_MIGRATING = 5_204_115_011
"""The key of the advisory lock that a migration holds."""
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
_BEGIN_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class _Psycopg(Psycopg3Adapter):
    """Peewee's adapter with the driver that Peewee has not imported itself: see `engine/__init__.py`."""

    txn_idle = TransactionStatus.IDLE
    txn_inerror = TransactionStatus.INERROR
    txn_unknown = TransactionStatus.UNKNOWN

    def get_binary_type(self) -> Any:
        return psycopg.Binary


class Postgres(PostgresqlDatabase):
    """Peewee's database over a pool of psycopg's connections.

    A statement outside a transaction borrows a connection for itself. It only reads, so if the connection is lost, the
    statement runs again on another one.
    """

    dialect: Dialect = PostgresDialect()
    psycopg2_adapter = psycopg3_adapter = _Psycopg
    _state: Any  # Peewee's, per greenlet or thread: its connection and open transactions

    def __init__(
        self, url: str, replica_url: str | None = None, *, readers: int = READERS, writers: int = WRITERS
    ) -> None:
        """Raises ValueError for an invalid URL, with a text that repeats no password."""
        super().__init__(url, autoconnect=False)
        self._server = Server(url)
        # Separate pools, so that readers never queue behind writers, which may wait long for a lock.
        self._readers, self._writers = (Pool(self._server.connect, most) for most in (readers, writers))
        self._replica = None if replica_url is None else Replica(replica_url, readers)
        self.on_commit: Callable[[], object] = lambda: None
        """A function to call in this process after each transaction: the log may have new changes."""

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Run a statement in the transaction of this greenlet or thread, or alone; return its cursor."""
        for hook in self.query_hooks:
            hook(QueryEvent(sql, params, 0.0, None))
        with driver_errors:
            if self._state.closed:
                return _run_alone(self._readers, sql, params)
            if self._state.conn is None:
                raise psycopg.OperationalError("the transaction lost its connection before it began")
            if self._state.conn.beginning:
                return self._first(lambda connection: _run(connection, sql, params))
            return _run(self._state.conn, sql, params)

    def _first(self, act: Callable[[ChatConnection], Any]) -> Any:
        """Return the result of what begins a transaction. If its connection was lost, do it again on a new one.

        After a restart of the server all idle connections are lost.
        """
        connection, beginning = self._state.conn, self._state.conn.beginning
        try:
            return act(connection)
        except psycopg.OperationalError:
            if not connection.closed:
                raise
        pool: Pool = self._state.pool
        self._state.conn = None
        _give_back(pool, connection)
        self._state.conn = connection = pool.take(PATIENCE_SECONDS)
        connection.beginning = beginning
        return act(connection)

    def connection(self) -> Any:
        """Return the connection of this greenlet's or thread's transaction, which has begun."""
        connection = super().connection()
        with driver_errors:
            connection.begin()
        return connection

    def cursor(self, *args: Any, **options: Any) -> Any:
        self.connection()
        return super().cursor(*args, **options)

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
        beginning = [_BEGIN, acquiring(locks)]
        if patience_seconds is not None:
            beginning.insert(1, f"SET LOCAL lock_timeout = {max(1, round(patience_seconds * 1000))}")
        try:
            is_lazy = locks.get("reads_first", False)
            with translate_errors(), self._transaction(self._writers, beginning, wait_seconds, is_lazy=is_lazy):
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
        with translate_errors(), self._transaction(self._readers, [_BEGIN_SNAPSHOT], PATIENCE_SECONDS, is_lazy=True):
            yield

    @contextmanager
    def _transaction(
        self, pool: Pool, beginning: Sequence[str], patience_seconds: float, *, is_lazy: bool
    ) -> Iterator[None]:
        """A transaction to COMMIT, or to ROLLBACK when an exception leaves the block.

        If it is lazy, the statements of `beginning` are sent together with the first statement of the block. So it
        takes one round trip less, and holds its locks for a shorter time.
        """
        with self._lent(pool, patience_seconds) as connection:
            connection.beginning = "; ".join([beginning[0] + connection.limits, *filter(None, beginning[1:])])
            try:
                if not is_lazy:
                    with driver_errors:
                        self._first(ChatConnection.begin)
                yield
            except Exception:
                with suppress(psycopg.Error):  # a lost connection undoes the transaction as well
                    self._end("ROLLBACK")
                raise
            with driver_errors:
                self._end("COMMIT")

    def _end(self, statement: LiteralString) -> None:
        """End the transaction, if it has begun."""
        connection: ChatConnection | None = self._state.conn
        if connection is not None and not connection.beginning:
            connection.execute(statement)

    @contextmanager
    def _lent(self, pool: Pool, patience_seconds: float) -> Iterator[ChatConnection]:
        """Use a connection of the pool for all statements of this greenlet or thread, in the block."""
        with driver_errors:
            connection = pool.take(patience_seconds)
        self._state.set_connection(connection)
        self._state.pool = pool
        try:
            yield connection
        finally:
            current: ChatConnection | None = self._state.conn  # another one or none, if the first was lost
            self._state.reset()
            if current is not None:
                current.beginning = ""
                _give_back(pool, current)

    @contextmanager
    def migrating(self, patience_seconds: float) -> Iterator[None]:
        """Exclude other migrations in the block, on a connection without time limits. Raises Unavailable."""
        with translate_errors(), closing(self._unlimited()) as turn, closing(self._unlimited()) as connection:
            # A lock of a transaction and not of a session, because a pooler mixes the sessions.
            with driver_errors:
                turn.execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0")
                _await_turn(turn, time.monotonic() + patience_seconds)
            self._state.set_connection(connection)
            try:
                yield
            finally:
                self._state.reset()

    def _unlimited(self) -> ChatConnection:
        """Open a connection without time limits, which belongs to no pool."""
        with driver_errors:
            connection = self._server.connect()
            connection.patience_seconds = None
            if not connection.limits:
                connection.execute("SET statement_timeout = 0")
        return connection

    def maintain(self, *statements: str) -> None:
        """Run statements that no transaction may contain, without a time limit except for locks. Raises Unavailable."""
        with translate_errors(), closing(self._unlimited()) as connection, driver_errors:
            if not connection.limits:
                connection.execute(f"SET lock_timeout = '{MAINTENANCE_PATIENCE_SECONDS}s'")
            for statement in statements:
                connection.execute(statement)

    def create(self) -> None:
        """Do nothing: an operator creates the database."""

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
        self._pool = Pool(Server(url, "the replica's URL", must_accept_writes=False).connect, most)
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


def _run(connection: ChatConnection, sql: str, params: Any) -> Any:
    try:
        return connection.run(sql, params)
    except psycopg.errors.UndefinedTable as error:
        raise psycopg.OperationalError(f"it lacks a table of minichat: {error}") from error
    except psycopg.errors.ReadOnlySqlTransaction:
        connection.close()  # a new connection finds the server that has replaced this one
        raise
    except (psycopg.errors.FeatureNotSupported, psycopg.errors.InvalidSqlStatementName) as error:
        connection.close()  # its plans are for tables that a migration has changed since, or gone
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
    if connection.closed:
        connection.server.suspect()
    pool.give_back(connection)


def _await_turn(connection: ChatConnection, deadline: float) -> None:
    while connection.execute(f"SELECT pg_try_advisory_xact_lock({_MIGRATING})").fetchone() == (False,):
        if time.monotonic() > deadline:
            raise Unavailable("another process has been migrating it for too long")
        time.sleep(0.05)
