"""The SQLite database: its connections, its durability and its transactions.

The driver is cysqlite, which bundles a current SQLite. The system's version may be one of 3.7.0 to 3.51.2, and these
can lose commits by a race in the reset of the WAL. Every commit is synced to the disk before it is acknowledged (WAL
with `synchronous=FULL`). The only table that this module knows is the table that `ping` reads.
"""

import os
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar, Unpack

from cysqlite import (  # type: ignore[attr-defined]  # its types leave constants out
    SQLITE_DBCONFIG_ENABLE_QPSG,
    SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
    SQLITE_OPEN_NOMUTEX,
    SQLITE_OPEN_READWRITE,
)
from peewee import OperationalError
from playhouse.cysqlite_ext import CySqliteDatabase

from minichat.adapters.gevents import native_local
from minichat.adapters.peewee.engine.database_files import Claim, DatabaseFiles
from minichat.adapters.peewee.engine.dialects import Dialect, SqliteDialect
from minichat.adapters.peewee.engine.groups import Group
from minichat.adapters.peewee.engine.statements import driver_errors, translate_errors
from minichat.adapters.peewee.engine.write_queue import PATIENCE_SECONDS, WriteQueue
from minichat.domain.errors import Unavailable
from minichat.domain.ports.transactions import Locks

T = TypeVar("T")

PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "full",
    "foreign_keys": "on",
    "cache_size": -8_000,
    "mmap_size": 256 * 2**20,
    "temp_store": "memory",
    "journal_size_limit": 64 * 2**20,
}
READ_ONLY_PRAGMAS = {"query_only": "on"}
# Without SQLITE_OPEN_CREATE: a worker that starts while the file is moved away must not put an empty one in its place.
# Without SQLite's mutex, which it would take for each value that it returns: a connection belongs to one thread. This
# saves a fifth of a statement with many rows.
_OPEN_FLAGS = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX
Connection = Any  # cysqlite's, which its types don't export
# SQLite's own wait blocks the whole worker, so it is short; `_repeat_while_locked` waits without blocking.
BUSY_SECONDS = 0.02
CREATING_SECONDS = 1.0
"""How long to wait for a process that creates the file at the same moment."""
_NAP_SECONDS = 0.005


class Sqlite(CySqliteDatabase):  # type: ignore[misc]  # playhouse has no stubs for it
    """Peewee's database with one connection to read and one to write, per thread of the operating system.

    All greenlets of a worker share the two. A statement never yields, so statements do not interleave. A transaction
    uses the second connection exclusively until its end. A thousand idle clients need no connection.
    """

    dialect: Dialect = SqliteDialect()

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        pragmas = READ_ONLY_PRAGMAS if read_only else PRAGMAS
        self._is_read_only = read_only
        super().__init__(str(path), pragmas=pragmas, timeout=BUSY_SECONDS, rank_functions=False, flags=_OPEN_FLAGS)
        self._connections = native_local()
        # Also at the end of the process: only the last connection that is closed empties the `-wal` and removes it.
        weakref.finalize(self, _close_all, self._connections)
        self._files = DatabaseFiles(path)
        self.on_commit: Callable[[], object] = lambda: None
        """A function to call in this process after each commit: the log may have new changes."""
        self.write_queue = WriteQueue(path.with_name(path.name + "-turns"))

    def _connect(self) -> Connection:
        return self._shared("reader")

    def _close(self, conn: Connection) -> None:
        """Keep the connection, which belongs to the thread: `close_connections` closes it."""

    def _shared(self, use: str) -> Connection:
        local = self._connections
        if getattr(local, "pid", None) != os.getpid():  # a connection must not be carried over a fork
            local.pid, local.claims, local.reader, local.writer = os.getpid(), {}, None, None
        connection = getattr(local, use)
        if connection is None:
            connection, local.claims[use] = self._opened()
            # With this "stability guarantee" SQLite plans a statement once. Without it, SQLite plans a join again for
            # every bound value, which takes three times as long as running it.
            connection.db_config(SQLITE_DBCONFIG_ENABLE_QPSG, 1)
            if self._is_read_only:
                connection.db_config(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)  # the log stays beside the file
            setattr(local, use, connection)
        return connection

    def _opened(self) -> tuple[Connection, Claim]:
        """Open a connection, to the same files as the process's other connections. Raises OperationalError."""
        self._files.expect_same()
        deadline = time.monotonic() + CREATING_SECONDS
        connection = _repeat_while_locked(super()._connect, deadline)
        try:
            # The first read opens the log.
            _repeat_while_locked(lambda: connection.execute("SELECT 1 FROM sqlite_master").fetchone(), deadline)
            claim = self._files.record()
        except BaseException:
            connection.close()
            raise
        return connection, claim

    def create(self) -> None:
        """Create a missing file in its folder, for its owner only; SQLite copies the permissions to the `-wal`.

        Raises Unavailable if another program has removed it while this process has it open.
        """
        with translate_errors():
            self._files.expect_same()
        Path(self.database).parent.mkdir(parents=True, exist_ok=True)
        # O_EXCL is vital: opening and closing a database in use would drop all locks of this process on it.
        with suppress(OSError):  # the file exists, or SQLite will report the error
            os.close(os.open(self.database, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))

    def close_connections(self) -> None:
        """Close this thread's connections, as before the file is moved or a process ends."""
        self.close()
        _close_all(self._connections)

    @contextmanager
    def writing(self, *, patience_seconds: float | None = None, **_locks: Unpack[Locks]) -> Iterator[None]:
        """The port `Transaction`. Raises Unavailable, and then nothing was written.

        There is one writer at a time, so the locks need no action. Transactions take turns. Concurrent transactions of
        one thread share a commit, except those with a separate patience, which may time out before the others.
        """
        if self.in_transaction():
            raise RuntimeError("a transaction can't be nested")
        group: Group | None = getattr(self._connections, "group", None)
        if patience_seconds is not None:
            writing = self._leading(Group(), patience_seconds)
        elif group is not None and group.admit():
            writing = self._following(group)
        else:
            self._connections.group = Group()
            writing = self._leading(self._connections.group, PATIENCE_SECONDS)
        with writing:
            yield

    @contextmanager
    def _leading(self, group: Group, patience_seconds: float) -> Iterator[None]:
        try:
            group.gather()
            with (
                translate_errors(),
                self.write_queue.turn(patience_seconds) as deadline,
                self._committing(group, deadline),
                self._savepoint(group),
            ):
                yield
        finally:
            group.end()

    @contextmanager
    def _committing(self, group: Group, deadline: float) -> Iterator[None]:
        """BEGIN to COMMIT, for all members of the group; the savepoint of a failed member undoes its writes alone."""
        writer = self._shared("writer")
        self._begin(writer, deadline)
        group.begin()
        try:
            yield
        finally:
            try:
                group.close()
                with driver_errors:
                    writer.execute("COMMIT")
                group.is_committed = True
                self.on_commit()
            finally:
                if writer.in_transaction:
                    writer.execute("ROLLBACK")

    @contextmanager
    def _following(self, group: Group) -> Iterator[None]:
        try:
            group.wait_to_begin()
            with translate_errors(), self._savepoint(group):
                yield
        finally:
            group.leave_work()
            group.wait_for_end()
            if not group.is_committed:
                raise Unavailable("the shared commit has failed")

    @contextmanager
    def _savepoint(self, group: Group) -> Iterator[None]:
        """Run the writes of one member on the connection for writing."""
        self.connection()
        state, writer = self._state, self._shared("writer")
        with group.one_at_a_time:
            if not (group.is_writing and writer.in_transaction):
                # The transaction never began, or SQLite rolled it back. A savepoint would now begin a new transaction,
                # or become part of the next group's.
                raise OperationalError("the transaction is gone")
            reader, state.conn = state.conn, writer
            self.push_transaction(self)  # any object will do: Peewee only counts them
            try:
                with self.savepoint("member"):
                    yield
            finally:
                self.pop_transaction()
                state.conn = reader

    @contextmanager
    def savepoint(self, name: str = "step") -> Iterator[None]:
        """Undo the writes of the block if it raises.

        Peewee names each savepoint at random, so SQLite would prepare its statements each time, and forget others.
        """
        writer = self.connection()
        try:
            self.execute_sql(f"SAVEPOINT {name}")
            yield
        except BaseException:
            if writer.in_transaction:
                self.execute_sql(f"ROLLBACK TO {name}")
            raise
        finally:
            if writer.in_transaction:
                self.execute_sql(f"RELEASE {name}")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """The port `Snapshot`: all reads in the block see one state of the database."""
        reader = self.connection()
        if self.in_transaction() or reader.in_transaction:  # the outer block has a snapshot already
            yield
            return
        with translate_errors():
            with driver_errors:
                reader.execute("BEGIN")
            try:
                yield
            finally:
                with driver_errors:
                    reader.execute("COMMIT")

    def _begin(self, writer: Connection, deadline: float) -> None:
        """Begin; wait until `deadline` if a program outside of the write queue holds the lock (a backup, a shell)."""
        self._files.expect_same()
        _repeat_while_locked(lambda: writer.execute("BEGIN IMMEDIATE"), deadline)

    @contextmanager
    def migrating(self, patience_seconds: float) -> Iterator[None]:
        """Exclude other writers and migrations in the block. Raises Unavailable."""
        with self.write_queue.turn(patience_seconds):
            yield

    def execute_lagging(self, sql: str, params: Any = None) -> Any:
        """Run a statement that may read an earlier state: SQLite has no replica, so it reads the current one."""
        return self.execute_sql(sql, params)

    def checkpoint(self) -> None:
        """Copy the commits in the `-wal` into the database file, while other processes may write.

        After the first call, commits of this thread no longer do so themselves. This keeps the turns of a program with
        many small transactions short.
        """
        with translate_errors(), driver_errors:
            self._shared("writer").execute("PRAGMA wal_autocheckpoint = 0")
            self._shared("reader").execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def ping(self) -> None:
        """Raise Unavailable unless the database answers, is still there and has the tables of this version."""
        with translate_errors():
            self._files.expect_same()
            self.execute_sql('SELECT 1 FROM "change" LIMIT 1').fetchall()


def _close_all(local: Any) -> None:
    """Close the connections of this thread, unless they are those of a parent process."""
    if getattr(local, "pid", None) != os.getpid():
        return
    for use in ("reader", "writer"):
        connection = getattr(local, use)
        if connection is not None:
            connection.close()
            setattr(local, use, None)
            del local.claims[use]


def _repeat_while_locked(action: Callable[[], T], deadline: float) -> T:
    """Return the action's result; repeat it while another process locks the database, until `deadline`."""
    while True:
        try:
            with driver_errors:
                return action()
        except OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(_NAP_SECONDS)
