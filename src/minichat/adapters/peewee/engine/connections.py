"""Connections to the PostgreSQL server behind a URL: how they open, and when another one must replace them.

The server behind a URL changes: a failover promotes a standby, a proxy or a DNS name then leads there, and the
connections to the former server may still answer. So a connection belongs to a generation, and the pools replace the
connections of an earlier one. A pooler such as PgBouncer may run each transaction on another connection to the server,
so behind one minichat keeps no state in the session. This module knows no table and no pool.
"""

import os
import re
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, NamedTuple, Self, TypeVar

import psycopg
from psycopg.abc import ConnDict, PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.numeric import Int8Dumper

from minichat.adapters import gevents
from minichat.adapters.peewee.engine.waiting import Watchers, wait_by_gevent
from minichat.domain.errors import Unavailable

Waited = TypeVar("Waited")
_IS_BY_GEVENT = gevents.runs_requests()

PATIENCE_SECONDS = 5.0
"""Maximum time that a request waits for a connection and, separately, for the answer to a statement."""
SILENCE_SECONDS = PATIENCE_SECONDS + 2
"""Maximum silence of a server, which should have reported the timeout of the statement by then."""
LOOK_SECONDS = 10.0
"""Interval between two looks at the server behind the URL, while there are requests."""
DOUBT_SECONDS = 1.0
"""How long a connection serves that accepts no writes, and the least time between two renewals of all connections."""
OLDEST_VERSION = 14
"""Minimum major version of the server. Older versions receive no security fixes."""
_WAKE_UP_SECONDS = 0.1
CONNECT_SECONDS = 5

_LIMITS = {
    "statement_timeout": f"{PATIENCE_SECONDS:.0f}s",
    "lock_timeout": f"{PATIENCE_SECONDS * 0.6:.0f}s",
    "idle_in_transaction_session_timeout": f"{PATIENCE_SECONDS * 2:.0f}s",
}
# PostgreSQL plans each statement once, as SQLite does with its "stability guarantee": planning again for each list of
# ids takes several times as long as running the plan.
_SETTINGS = {
    **_LIMITS,
    "plan_cache_mode": "force_generic_plan",
    "client_encoding": "UTF8",
    "default_transaction_isolation": "read committed",
}
_LIMITS_OF_TRANSACTION = "".join(f"; SET LOCAL {name} = '{value}'" for name, value in _LIMITS.items())
# One round trip. A pooler invents the number of the process that it reports at the start of a connection.
_OPENING = f"""
    SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding'),
        pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on',
        pg_postmaster_start_time()::text, pg_backend_pid() <> {{process}},
        CASE pg_backend_pid() WHEN {{process}}
            THEN concat({", ".join(f"set_config('{name}', '{value}', false)" for name, value in _SETTINGS.items())})
        END
"""


class UnfitServer(Unavailable):
    """The server cannot be used, and waiting does not help."""


class ServerFound(NamedTuple):
    """The server at the other end of a new connection."""

    version: int
    encoding: str
    is_read_only: bool
    """Whether it is a standby, or accepts no writes for another reason."""
    started_at: str
    """The time of its start, which distinguishes it from other servers."""
    is_behind_pooler: bool

    @classmethod
    def of(cls, connection: psycopg.Connection[tuple[Any, ...]]) -> Self:
        """Apply our settings to a direct connection; return the facts. Raises UnfitServer."""
        row = connection.execute(_OPENING.format(process=connection.pgconn.backend_pid)).fetchone()
        assert row is not None, "a query without FROM returns one row"
        found = cls(*row[:-1])
        if found.version < OLDEST_VERSION:
            raise UnfitServer(f"the server is PostgreSQL {found.version}, and minichat needs {OLDEST_VERSION} or newer")
        if found.encoding != "UTF8":
            raise UnfitServer(f"the database has the encoding {found.encoding}, and minichat needs UTF8")
        return found


class ChatConnection(psycopg.Connection[tuple[Any, ...]]):
    """psycopg's connection, with a time limit for a silent server."""

    patience_seconds: float | None = SILENCE_SECONDS
    """How long to wait for the server's answer, in seconds; None waits for ever."""
    limits: str = ""
    """SQL that follows BEGIN and sets the time limits of the transaction, where the session has none."""
    server: "Server"
    generation: int = 0
    retires_at: float = float("inf")
    """When another connection must replace it, by the monotonic clock."""
    beginning: str = ""
    """The statements that begin the present transaction, until they are sent."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._watchers = Watchers()
        self._first: dict[str, str] = {}
        """The prepared statements that can begin a transaction, with their names."""
        self._names = 0

    def begin(self) -> None:
        """Begin the transaction, unless it has begun."""
        if self.beginning:
            beginning, self.beginning = self.beginning, ""
            self.execute(beginning, prepare=False)

    def run(self, sql: str, values: Sequence[Any] | None) -> Any:
        """Run a statement and return its cursor. The first of a transaction begins it, in the same round trip.

        For a round trip with several statements PostgreSQL needs their text. So the first statement is prepared, and
        its values are integers, as are the ids by which a service looks up what it locks. Any other is sent apart.
        """
        if not self.beginning:
            return self.execute(sql, values)
        if values is None or self.prepare_threshold is None or any(type(value) is not int for value in values):
            self.begin()
            return self.execute(sql, values)
        name = self._first.get(sql)
        if name is None:
            self.begin()
            self._prepare(sql, len(values))
            return self.execute(sql, values)
        beginning, self.beginning = self.beginning, ""
        cursor = self.execute(f"{beginning}; EXECUTE {name}{_bracketed(map(str, values))}", prepare=False)
        while cursor.nextset():
            pass
        return cursor

    def _prepare(self, sql: str, values: int) -> None:
        """Prepare a statement with so many integers to begin later transactions. A rollback leaves it prepared."""
        name = f"first_{self._names}"
        self._names += 1
        self.execute(f"PREPARE {name} {_bracketed(['bigint'] * values)} AS {_numbered(sql)}", prepare=False)
        self._first[sql] = name

    def _deallocate(self, name: bytes | None) -> PQGen[None]:
        """Deallocate a statement that psycopg has prepared, or all of the session, as it does after some rollbacks."""
        if name is None:
            self._first.clear()
        return super()._deallocate(name)

    def wait(self, gen: PQGen[Waited], interval: float = _WAKE_UP_SECONDS, timeout: float | None = None) -> Waited:
        """Wait as the parent class does. Raises OperationalError after `timeout` seconds."""
        patience_seconds = self.patience_seconds if timeout is None else timeout
        if _IS_BY_GEVENT:
            return wait_by_gevent(gen, self.pgconn.socket, patience_seconds, self._watchers)
        return super().wait(gen, interval, patience_seconds)

    def close(self) -> None:
        self._watchers.close()
        super().close()

    @property
    def is_outdated(self) -> bool:
        """Whether a new connection must replace this one."""
        return self.server.outdates(self)


def _bracketed(items: Iterable[str]) -> str:
    joined = ", ".join(items)
    return f"({joined})" if joined else ""


def _numbered(sql: str) -> str:
    """Return the statement with PostgreSQL's own placeholders in place of the driver's."""
    numbers = count(1)
    return re.sub("%[s%]", lambda found: f"${next(numbers)}" if found[0] == "%s" else "%", sql)


class Server:
    """The server behind a URL, for all connections of this process."""

    def __init__(self, url: str, subject: str = "the database URL", *, must_accept_writes: bool = True) -> None:
        """Raises ValueError for an invalid URL, with a text that repeats no password.

        With `must_accept_writes`, the connections go to the primary: libpq tries one host of the URL after the other.
        Without it, each connection may meet another server, as at the address of several replicas.
        """
        try:
            self._conninfo = connection_string(url, must_accept_writes=must_accept_writes)
        except psycopg.ProgrammingError:
            # The driver's text may repeat a part of the URL, and so of the password.
            raise ValueError(f"PostgreSQL's client does not understand {subject}") from None
        self._must_accept_writes = must_accept_writes
        self._generation = 0
        self._started_at: str | None = None
        self._look_at = time.monotonic() + LOOK_SECONDS if must_accept_writes else float("inf")
        self._suspected_at = float("-inf")

    def connect(self) -> ChatConnection:
        """Open a connection with our settings. Raises UnfitServer and OperationalError."""
        connection = ChatConnection.connect(self._conninfo, autocommit=True)
        try:
            # One type for all integers, so that a statement is prepared once and not once per size of integer.
            connection.adapters.register_dumper(int, Int8Dumper)
            self._meet(connection, ServerFound.of(connection))
        except BaseException:
            connection.close()
            raise
        return connection

    def _meet(self, connection: ChatConnection, found: ServerFound) -> None:
        connection.server = self
        if found.is_behind_pooler:
            connection.prepare_threshold = None
            connection.limits = _LIMITS_OF_TRANSACTION
        if self._must_accept_writes:
            if found.is_read_only:
                connection.retires_at = time.monotonic() + DOUBT_SECONDS
            elif not found.is_behind_pooler:
                self._recognise(found)
        connection.generation = self._generation

    def _recognise(self, found: ServerFound) -> None:
        """Begin a generation if this is another server than before."""
        if self._started_at is None or (found.started_at != self._started_at and self.suspect()):
            self._started_at = found.started_at

    def outdates(self, connection: ChatConnection) -> bool:
        """Return whether a new connection must replace this one. Look from time to time where the URL leads."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            threading.Thread(target=self._look, name="minichat-look", daemon=True).start()
        return connection.generation != self._generation or now >= connection.retires_at

    def suspect(self) -> bool:
        """Replace all connections, because one was lost, accepted no writes or met another server.

        Return False if that has just happened.
        """
        now = time.monotonic()
        if now - self._suspected_at <= DOUBT_SECONDS:
            return False
        self._suspected_at = now
        self._generation += 1
        return True

    def _look(self) -> None:
        """Open a connection in the background: if it meets another server, it begins a generation."""
        with suppress(psycopg.Error, Unavailable, OSError):
            self.connect().close()


def connection_string(url: str, *, must_accept_writes: bool = True) -> str:
    """Add our options of a connection. Those in the URL have precedence, but no attempt takes longer than ours."""
    given = conninfo_to_dict(url)
    seconds = str(given.get("connect_timeout", ""))
    is_shorter = seconds.isdecimal() and 0 < int(seconds) < CONNECT_SECONDS
    ours: ConnDict = {"fallback_application_name": "minichat", "keepalives_idle": 30}
    if must_accept_writes and "PGTARGETSESSIONATTRS" not in os.environ:
        # Not "read-write": a primary that accepts no writes for a while still serves current data.
        ours["target_session_attrs"] = "primary"
    return make_conninfo("", **{**ours, **given, "connect_timeout": seconds if is_shorter else CONNECT_SECONDS})
