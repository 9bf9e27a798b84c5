"""The tables that the memory adapters share, and the transaction over them.

A transaction changes a copy of the tables. A commit replaces the tables by the copy; a rollback drops the copy.
Concurrent readers see the last commit. Records are immutable, so a shallow copy is enough. This module knows no
rule and no query.
"""

import copy
import dataclasses
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import NamedTuple, TypeVar, Unpack

from minichat.adapters.memory.locks import HeldLocks, NoLocks
from minichat.domain.errors import Unavailable
from minichat.domain.model import (
    AccountLink,
    AttemptCount,
    AuditEntry,
    Ban,
    Block,
    Change,
    Figure,
    Invitation,
    LinkPurpose,
    Mail,
    MailOutcome,
    Membership,
    Message,
    Reaction,
    RefreshToken,
    Report,
    Room,
    RoomOpening,
    SecondFactor,
    Session,
    Ticket,
    Timestamp,
    User,
)
from minichat.domain.paging import Key, Window
from minichat.domain.ports.transactions import Locks

T = TypeVar("T")
Line = TypeVar("Line", AuditEntry, Change)


class StoredMail(NamedTuple):
    """A mail with its outcome, which is None while it waits."""

    mail: Mail
    outcome: MailOutcome | None = None
    done_at: Timestamp | None = None


@dataclasses.dataclass
class Tables:
    """All stored records, each table in the order of insertion."""

    users: dict[int, User] = dataclasses.field(default_factory=dict)
    user_ids: dict[str, int] = dataclasses.field(default_factory=dict)
    """By username key."""
    password_hashes: dict[int, str] = dataclasses.field(default_factory=dict)
    sessions: dict[int, Session] = dataclasses.field(default_factory=dict)
    administration_sessions: dict[int, bool] = dataclasses.field(default_factory=dict)
    """By session id: whether a code has proved the session."""
    second_factors: dict[int, SecondFactor] = dataclasses.field(default_factory=dict)
    """By user id."""
    used_steps: set[tuple[int, int]] = dataclasses.field(default_factory=set)
    """User ids and the time steps whose codes were used."""
    recovery_codes: set[tuple[int, str]] = dataclasses.field(default_factory=set)
    """User ids and the hashes of unused recovery codes."""
    tokens: dict[str, RefreshToken] = dataclasses.field(default_factory=dict)
    tickets: dict[str, Ticket] = dataclasses.field(default_factory=dict)
    """By hash."""
    links: dict[tuple[int, LinkPurpose], AccountLink] = dataclasses.field(default_factory=dict)
    """By user id and purpose."""
    mails: dict[int, StoredMail] = dataclasses.field(default_factory=dict)
    rooms: dict[int, Room] = dataclasses.field(default_factory=dict)
    direct_chats: dict[tuple[int, int], int] = dataclasses.field(default_factory=dict)
    """Room ids by pair."""
    memberships: dict[tuple[int, int], Membership] = dataclasses.field(default_factory=dict)
    """By room id and user id."""
    lost_memberships: set[tuple[int, int]] = dataclasses.field(default_factory=set)
    """Memberships of removed rooms: room id and user id."""
    bans: dict[tuple[int, int], Ban] = dataclasses.field(default_factory=dict)
    """By room id and user id."""
    invitations: dict[str, Invitation] = dataclasses.field(default_factory=dict)
    """By the hash of the token."""
    blocks: dict[tuple[int, int], Block] = dataclasses.field(default_factory=dict)
    """By the ids of the blocker and of the blocked user."""
    reactions: dict[tuple[int, str, int], Reaction] = dataclasses.field(default_factory=dict)
    """By message id, emoji and user id."""
    mentions: dict[tuple[int, int], bool] = dataclasses.field(default_factory=dict)
    """By message id and user id: whether the client has given the user by id."""
    pinned_by: dict[int, int] = dataclasses.field(default_factory=dict)
    """User ids by message id."""
    reports: dict[int, Report] = dataclasses.field(default_factory=dict)
    room_openings: dict[tuple[int, int], RoomOpening] = dataclasses.field(default_factory=dict)
    """By session id and room id."""
    messages: dict[int, Message] = dataclasses.field(default_factory=dict)
    first_digests: dict[int, str] = dataclasses.field(default_factory=dict)
    """By message id."""
    changes: list[Change] = dataclasses.field(default_factory=list)
    attempts: dict[str, tuple[AttemptCount, Timestamp]] = dataclasses.field(default_factory=dict)
    """By key: the count and the end of its window."""
    figures: dict[tuple[Timestamp, Figure], int] = dataclasses.field(default_factory=dict)
    activity: dict[int, tuple[Timestamp, Timestamp]] = dataclasses.field(default_factory=dict)
    """By user id: the latest active hour and day."""
    audit: list[AuditEntry] = dataclasses.field(default_factory=list)
    freed_names: dict[str, Timestamp] = dataclasses.field(default_factory=dict)
    """By username key: the end of the reservation."""
    last_ids: Counter[str] = dataclasses.field(default_factory=Counter)

    def next_id(self, table: str) -> int:
        """Return the next id of the table: 1, 2, 3, …, each of them once."""
        self.last_ids[table] += 1
        return self.last_ids[table]

    def companions(self, user_id: int) -> set[int]:
        """Return the users who are in a room with the user; the user as well, if in any room."""
        room_ids = {room_id for room_id, member_id in self.memberships if member_id == user_id}
        return {member_id for room_id, member_id in self.memberships if room_id in room_ids}

    def copy(self) -> "Tables":
        """Return a copy whose tables can change independently."""
        return Tables(*(copy.copy(getattr(self, field.name)) for field in dataclasses.fields(self)))


class Store:
    def __init__(self, *, checks_locks: bool = True) -> None:
        """Make empty tables. Without `checks_locks`, a transaction may use rows that it has not locked."""
        self._committed = Tables()
        self._write_lock = threading.Lock()
        self._own = threading.local()
        self._checks_locks = checks_locks

    @contextmanager
    def transaction(self, *, patience_seconds: float | None = None, **locks: Unpack[Locks]) -> Iterator[None]:
        """Commit when the block ends, or roll back when an exception leaves it. Raises RuntimeError if nested."""
        if self._working is not None:
            raise RuntimeError("a transaction can't be nested")
        if not self._write_lock.acquire(timeout=-1 if patience_seconds is None else patience_seconds):
            raise Unavailable("another transaction is writing")
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
        """Let this thread read the current commit until the block ends."""
        before = getattr(self._own, "pinned", None)
        self._own.pinned = before or self._committed
        try:
            yield
        finally:
            self._own.pinned = before

    @property
    def tables(self) -> Tables:
        """The tables to read: those of this thread's transaction or snapshot, else of the last commit.

        Committed tables never change.
        """
        return self._working or getattr(self._own, "pinned", None) or self._committed

    @property
    def writable(self) -> Tables:
        """The tables to change. Raises RuntimeError outside a transaction."""
        if self._working is None:
            raise RuntimeError("a write needs a transaction: it is outside a transaction")
        return self._working

    @property
    def locks(self) -> HeldLocks:
        """The locks of this thread's transaction, or `NoLocks` outside of one."""
        return getattr(self._own, "locks", None) or NoLocks()

    @property
    def _working(self) -> Tables | None:
        tables: Tables | None = getattr(self._own, "tables", None)
        return tables


def drop_beginning(log: list[Line], before: Timestamp, limit: int) -> int:
    """Delete up to `limit` lines at the beginning, none later than `before`; return how many."""
    count = sum(1 for _ in takewhile(lambda line: line.at <= before, log[:limit]))
    del log[:count]
    return count


def in_window(
    items: Iterable[T], window: Window, key: Callable[[T], Key], *, newest_first: bool = False
) -> Sequence[T]:
    """Return the items in the window, in the list's order, and one more if the list continues."""
    ordered = sorted(items, key=key, reverse=newest_first)
    length = window.limit + 1
    if window.before is not None:
        edge = window.before
        return [item for item in ordered if (key(item) > edge if newest_first else key(item) < edge)][-length:]
    if window.after is not None:
        edge = window.after
        ordered = [item for item in ordered if (key(item) < edge if newest_first else key(item) > edge)]
    return ordered[:length]
