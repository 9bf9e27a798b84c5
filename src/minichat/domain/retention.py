"""Retention: delete data that is no longer needed.

Each small transaction deletes one batch, then a pause lets others write. The remaining work follows from
the stored rows alone, so retention can be interrupted anywhere, started again, and run twice at once. This module knows
no schedule: the command `prune` calls it.
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
    FigureStore,
    InvitationStore,
    LinkStore,
    MailStore,
    MediaStore,
    ReportStore,
    RoomStore,
    SessionStore,
    TicketStore,
    Transaction,
    UserStore,
)

BATCH = 500
"""Maximum number of rows that one transaction deletes."""
TOKENS_BATCH = 100
"""Smaller for refresh tokens: their keys are hashes, so each deleted row lies on another page of the disk."""
EXPIRED_KEPT = DAY
"""How long expired tokens, tickets, invitations and reservations of names are kept, in case the clock is ahead."""
SESSIONS_KEPT = 90 * DAY
"""How long a session is kept after its end. During this time `domain.throttling` still knows its address."""
ROOMS_KEPT = DAY
"""How long the contents of a removed room are kept, for clients that are still reading about its removal."""
DECIDED_KEPT = 90 * DAY
"""How long a report is kept after its decision, with its copy of the message, even if the message is deleted."""
UNDECIDED_KEPT = 365 * DAY
"""How long an open report is kept."""
MAILS_KEPT = DAY
"""How long a mail is kept after it was sent or given up, without its address: the limits of mails count it."""
FIGURES_KEPT = 400 * DAY
"""How long the counts of an hour are kept."""
UNSENT_KEPT = 7 * DAY
"""How long a mail that is due waits for a sender, for example after the mail server was removed from the settings."""
PICTURES_KEPT = HOUR
"""How old an unused picture must be: a younger one may belong to an upload that is not committed yet."""


class LogRetention(NamedTuple):
    """How long entries of the change log and of the audit log are kept."""

    changes_seconds: int = 7 * 86_400
    audit_seconds: int = 365 * 86_400


class Kind(StrEnum):
    """The kinds of data that are deleted, in this order, with the text that operators see."""

    TOKENS = "expired refresh tokens"
    TICKETS = "expired tickets"
    LINKS = "expired links of mails"
    MAILS = "old mails"
    INVITATIONS = "expired invitations"
    SESSIONS = "rows of sessions that ended more than 90 days ago"
    ROOMS = "rows of removed rooms"
    CHANGES = "changes"
    REPORTS = "old reports"
    ATTEMPTS = "expired attempt counts"
    FIGURES = "figures of past hours"
    NAMES = "expired reservations of names"
    AUDIT = "audit entries"
    PICTURES = "unused pictures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    transaction: Transaction
    clock: Clock
    user_store: UserStore
    session_store: SessionStore
    ticket_store: TicketStore
    link_store: LinkStore
    mail_store: MailStore
    invitation_store: InvitationStore
    room_store: RoomStore
    change_store: ChangeStore
    report_store: ReportStore
    attempt_store: AttemptStore
    figure_store: FigureStore
    audit_store: AuditStore
    media_store: MediaStore

    def apply(
        self, logs: LogRetention = LogRetention(), *, pause: Callable[[], object] = lambda: None
    ) -> Iterator[tuple[Kind, int]]:
        """Delete all expired data; yield each kind with the number of deleted rows or files.

        Call `pause` between two transactions. Raises Unavailable; earlier batches stay deleted.
        """
        now = self.clock()
        sweeps: dict[Kind, Callable[[], int]] = {
            Kind.TOKENS: lambda: self.session_store.sweep_tokens(now - EXPIRED_KEPT, TOKENS_BATCH),
            Kind.TICKETS: lambda: self.ticket_store.sweep(now - EXPIRED_KEPT, BATCH),
            Kind.LINKS: lambda: self.link_store.sweep(now - EXPIRED_KEPT, BATCH),
            Kind.MAILS: lambda: self.mail_store.sweep(now - MAILS_KEPT, now - UNSENT_KEPT, BATCH),
            Kind.INVITATIONS: lambda: self.invitation_store.sweep(now - EXPIRED_KEPT, BATCH),
            Kind.SESSIONS: lambda: self.session_store.sweep(now - SESSIONS_KEPT, BATCH),
            # The rows of a removed room name its participants, who may read about it as long as the log holds it.
            Kind.ROOMS: lambda: self.room_store.sweep(now - max(ROOMS_KEPT, logs.changes_seconds * SECOND), BATCH),
            Kind.CHANGES: lambda: self.change_store.sweep(now - logs.changes_seconds * SECOND, BATCH),
            Kind.REPORTS: lambda: self.report_store.sweep(now - DECIDED_KEPT, now - UNDECIDED_KEPT, BATCH),
            Kind.ATTEMPTS: lambda: self.attempt_store.sweep(now, BATCH),
            Kind.FIGURES: lambda: self.figure_store.sweep(now - FIGURES_KEPT, BATCH),
            Kind.NAMES: lambda: self.user_store.sweep_freed_names(now - EXPIRED_KEPT, BATCH),
            Kind.AUDIT: lambda: self.audit_store.sweep(now - logs.audit_seconds * SECOND, BATCH),
        }
        for kind, sweep in sweeps.items():
            yield kind, self._repeat(sweep, pause)
        yield Kind.PICTURES, self._remove_pictures()

    def _repeat(self, sweep: Callable[[], int], pause: Callable[[], object]) -> int:
        """Call `sweep`, each time in a new transaction, until it deletes nothing; return the sum."""
        total = 0
        while True:
            with self.transaction():
                swept = sweep()
            if not swept:
                return total
            total += swept
            pause()

    def _remove_pictures(self) -> int:
        """Remove files that a crash left behind: see `domain.avatars`."""
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
