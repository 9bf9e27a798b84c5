"""Retention: nothing is kept for longer than it is of use.

What is due goes in small transactions with a rest after each, in which others write. What is left to do follows from
what is stored and nothing else, so it can be broken off anywhere, begun anew, or done twice at once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from minichat.domain.avatars import picture_url
from minichat.domain.model import DAY, HOUR, SECOND
from minichat.domain.ports import (
    AttemptStore,
    AuditStore,
    ChangeStore,
    Clock,
    MediaStore,
    RoomStore,
    SessionStore,
    TicketStore,
    Transaction,
    UserStore,
)

BATCH = 500
"""How many rows go in one transaction at most."""
TOKENS_BATCH = 100
"""Of refresh tokens, fewer: named by hashes, no two lie near each other."""
SESSIONS_KEPT = 90 * DAY
"""How long a session is kept after its end: as long, an address that it came from is known to `domain.throttling`."""
ROOMS_KEPT = DAY
"""How long what was said in a room is kept after its removal, for those who are about to read of it."""
PICTURES_KEPT = HOUR
"""How old a picture that nobody shows must be: a younger one may be about to be shown (see `domain.avatars`)."""


class Kept(NamedTuple):
    """How long the logs are kept, in seconds."""

    changes: int = 7 * 86_400
    audit: int = 365 * 86_400


class Kind(StrEnum):
    """What goes, in this order; the text tells an operator what was counted."""

    TOKENS = "refresh tokens that have expired"
    TICKETS = "tickets that have expired"
    SESSIONS = "rows of sessions that were over for 90 days"
    ROOMS = "rows of removed rooms"
    CHANGES = "changes"
    TALLIES = "tallies of throttling"
    NAMES = "reservations of erased accounts' names"
    AUDIT = "audit entries"
    PICTURES = "pictures that nobody shows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    transaction: Transaction
    clock: Clock
    user_store: UserStore
    session_store: SessionStore
    ticket_store: TicketStore
    room_store: RoomStore
    change_store: ChangeStore
    attempt_store: AttemptStore
    audit_store: AuditStore
    media_store: MediaStore

    def apply(self, kept: Kept = Kept(), *, rest: Callable[[], object] = lambda: None) -> Iterator[tuple[Kind, int]]:
        """Remove what is due, yielding each kind with its count when it is done; `rest` is called between transactions.

        Raises Unavailable; what was removed until then stays so.
        """
        now = self.clock()
        sweeps: dict[Kind, Callable[[], int]] = {
            Kind.TOKENS: lambda: self.session_store.sweep_tokens(now, TOKENS_BATCH),
            Kind.TICKETS: lambda: self.ticket_store.sweep(now, BATCH),
            Kind.SESSIONS: lambda: self.session_store.sweep(now - SESSIONS_KEPT, BATCH),
            # Who was in a removed room is known by its rows, and must be for as long as somebody may read of its end.
            Kind.ROOMS: lambda: self.room_store.sweep(now - max(ROOMS_KEPT, kept.changes * SECOND), BATCH),
            Kind.CHANGES: lambda: self.change_store.sweep(now - kept.changes * SECOND, BATCH),
            Kind.TALLIES: lambda: self.attempt_store.sweep(now, BATCH),
            Kind.NAMES: lambda: self.user_store.sweep_freed_names(now, BATCH),
            Kind.AUDIT: lambda: self.audit_store.sweep(now - kept.audit * SECOND, BATCH),
        }
        for kind, sweep in sweeps.items():
            yield kind, self._repeat(sweep, rest)
        yield Kind.PICTURES, self._remove_pictures()

    def _repeat(self, sweep: Callable[[], int], rest: Callable[[], object]) -> int:
        """Sweep, a transaction each time, until there is nothing left; return how much there was."""
        total = 0
        while True:
            with self.transaction():
                swept = sweep()
            if not swept:
                return total
            total += swept
            rest()

    def _remove_pictures(self) -> int:
        """Remove the files that a crash has left: see `domain.avatars`."""
        old = sorted({name for name, age in self.media_store.names() if age >= PICTURES_KEPT})
        removed = 0
        for start in range(0, len(old), BATCH):
            names = old[start : start + BATCH]
            shown = self.user_store.shown_avatars(map(picture_url, names))
            for name in names:
                if picture_url(name) not in shown:
                    self.media_store.remove(name)
                    removed += 1
        return removed
