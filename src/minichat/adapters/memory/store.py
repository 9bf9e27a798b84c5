"""What the memory adapters share: the tables and the transaction over them.

A transaction works on a copy of the tables and swaps it in when it succeeds, so a rollback is to forget the copy, and
who reads meanwhile sees what was committed last. Records are immutable, which makes a shallow copy enough.
"""

import copy
import dataclasses
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import TypeVar, Unpack

from minichat.adapters.memory.locks import HeldLocks, NoLocks
from minichat.domain.errors import Unavailable
from minichat.domain.model import (
    AttemptCount,
    AuditEntry,
    Ban,
    Change,
    Membership,
    Message,
    RefreshToken,
    Room,
    Session,
    Ticket,
    Timestamp,
    User,
)
from minichat.domain.paging import Key, Window
from minichat.domain.ports.transactions import Locks

T = TypeVar("T")
Line = TypeVar("Line", AuditEntry, Change)


@dataclasses.dataclass
class Tables:
    """Everything that is kept, each table in the order of its insertions."""

    users: dict[int, User] = dataclasses.field(default_factory=dict)
    user_ids: dict[str, int] = dataclasses.field(default_factory=dict)
    """By username key."""
    password_hashes: dict[int, str] = dataclasses.field(default_factory=dict)
    sessions: dict[int, Session] = dataclasses.field(default_factory=dict)
    tokens: dict[str, RefreshToken] = dataclasses.field(default_factory=dict)
    tickets: dict[str, Ticket] = dataclasses.field(default_factory=dict)
    """By hash."""
    rooms: dict[int, Room] = dataclasses.field(default_factory=dict)
    direct_chats: dict[tuple[int, int], int] = dataclasses.field(default_factory=dict)
    """Room ids by pair."""
    memberships: dict[tuple[int, int], Membership] = dataclasses.field(default_factory=dict)
    """By room id and user id."""
    lost_memberships: set[tuple[int, int]] = dataclasses.field(default_factory=set)
    """Of rooms that were removed: room id and user id."""
    bans: dict[tuple[int, int], Ban] = dataclasses.field(default_factory=dict)
    """By room id and user id."""
    messages: dict[int, Message] = dataclasses.field(default_factory=dict)
    first_digests: dict[int, str] = dataclasses.field(default_factory=dict)
    """By message id."""
    changes: list[Change] = dataclasses.field(default_factory=list)
    attempts: dict[str, tuple[AttemptCount, Timestamp]] = dataclasses.field(default_factory=dict)
    """By key: the tally and when its window is over."""
    audit: list[AuditEntry] = dataclasses.field(default_factory=list)
    freed_names: dict[str, Timestamp] = dataclasses.field(default_factory=dict)
    """By username key: when others may have it."""
    last_ids: Counter[str] = dataclasses.field(default_factory=Counter)

    def next_id(self, table: str) -> int:
        """The next id of the table: ids count 1, 2, 3, …, and none is given twice."""
        self.last_ids[table] += 1
        return self.last_ids[table]

    def copy(self) -> "Tables":
        """A snapshot that can be changed without changing this."""
        return Tables(*(copy.copy(getattr(self, field.name)) for field in dataclasses.fields(self)))


class Store:
    def __init__(self, *, checks_locks: bool = True) -> None:
        """Make empty tables. Without `checks_locks`, a transaction may use rows that it has not locked."""
        self._committed = Tables()
        self._write_lock = threading.Lock()
        self._own = threading.local()
        self._checks_locks = checks_locks

    @contextmanager
    def transaction(self, *, patience: float | None = None, **locks: Unpack[Locks]) -> Iterator[None]:
        """Commit when the block ends, roll back when an exception leaves it. Raises RuntimeError when nested."""
        if self._working is not None:
            raise RuntimeError("a transaction can't be nested")
        if not self._write_lock.acquire(timeout=-1 if patience is None else patience):
            raise Unavailable("somebody else is writing")
        try:
            working = self._own.tables = self._committed.copy()
            self._own.locks = HeldLocks(locks) if self._checks_locks else NoLocks()
            try:
                yield
            finally:
                self._own.tables = self._own.locks = None
            self._committed = working
        finally:
            self._write_lock.release()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let this thread read what is committed now, until the block ends."""
        before = getattr(self._own, "pinned", None)
        self._own.pinned = before or self._committed
        try:
            yield
        finally:
            self._own.pinned = before

    @property
    def tables(self) -> Tables:
        """The tables to read: those of this thread's transaction or snapshot, else those committed last.

        Nobody changes tables once they are committed.
        """
        return self._working or getattr(self._own, "pinned", None) or self._committed

    @property
    def writable(self) -> Tables:
        """The tables to change. Raises RuntimeError outside a transaction, which keeps the services honest."""
        if self._working is None:
            raise RuntimeError("nothing is changed outside a transaction")
        return self._working

    @property
    def locks(self) -> HeldLocks:
        """The locks of this thread's transaction; outside of one, locks that hold everything."""
        return getattr(self._own, "locks", None) or NoLocks()

    @property
    def _working(self) -> Tables | None:
        tables: Tables | None = getattr(self._own, "tables", None)
        return tables


def drop_beginning(log: list[Line], before: Timestamp, limit: int) -> int:
    """Drop up to `limit` lines, none at or behind the first after `before`; return how many."""
    count = sum(1 for _ in takewhile(lambda line: line.at <= before, log[:limit]))
    del log[:count]
    return count


def stretch(items: Iterable[T], window: Window, key: Callable[[T], Key], *, newest_first: bool = False) -> Sequence[T]:
    """The part of a list that `window` asks for, in the list's order, with one item more if the list goes on."""
    ordered = sorted(items, key=key, reverse=newest_first)
    most = window.limit + 1
    if window.before is not None:
        edge = window.before
        return [item for item in ordered if (key(item) > edge if newest_first else key(item) < edge)][-most:]
    if window.after is not None:
        edge = window.after
        ordered = [item for item in ordered if (key(item) < edge if newest_first else key(item) > edge)]
    return ordered[:most]
