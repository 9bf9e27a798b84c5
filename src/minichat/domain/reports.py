"""Reports of messages: users make them, and administrators decide on them in a queue.

A report keeps a copy of the message's content, so neither an edit nor a deletion destroys the evidence. The queue shows
no texts. Opening a report shows them to the administrator, and the audit log records it. The audit entries are about no
account: an export must not show a report to the author of the message. This module changes no message.
"""

from dataclasses import dataclass

from minichat.domain.audit import AuditLog
from minichat.domain.errors import InvalidInput, MessageDeleted, ReportNotFound, TooManyReports
from minichat.domain.message_access import MessageAccess
from minichat.domain.model import (
    HOUR,
    SECOND,
    AuditEvent,
    NewReport,
    OpenedReport,
    ReportHead,
    ReportList,
    ReportReason,
    ReportState,
    is_within,
)
from minichat.domain.paging import Window, cut
from minichat.domain.participation import Participation
from minichat.domain.ports import Clock, ReportStore, Transaction, UserStore
from minichat.domain.text import Fields

MAX_COMMENT_LENGTH = 1_000
MAX_PER_HOUR = 20
_EVENTS = {
    ReportState.OPEN: AuditEvent.REPORT_REOPENED,
    ReportState.DISMISSED: AuditEvent.REPORT_DISMISSED,
    ReportState.ACTED_ON: AuditEvent.REPORT_ACTED_ON,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    transaction: Transaction
    clock: Clock
    user_store: UserStore
    report_store: ReportStore
    message_access: MessageAccess
    participation: Participation
    audit_log: AuditLog

    def make(self, user_id: int, message_id: int, reason: ReportReason, comment: str = "") -> None:
        """Report a message that the user can read. A second report of the same message changes nothing.

        Raises InvalidInput for a wrong comment or one's own message, MessageNotFound, NotAParticipant, MessageDeleted,
        TooManyReports or SessionEnded.
        """
        comment = _checked_comment(comment)
        room_id = self.message_access.unchecked(message_id).room_id
        with self.transaction(account=user_id, room=room_id):
            self.participation.refuse_erased(user_id)
            message, _, _ = self.message_access.found(user_id, message_id)
            if message.user_id == user_id:
                raise InvalidInput.of("message_id", "own_message")
            if self.report_store.has(message_id, user_id):
                return
            if message.is_deleted:
                raise MessageDeleted
            self._refuse_beyond_limit(user_id)
            self.report_store.add(
                NewReport(
                    message_id,
                    message.room_id,
                    message.user_id,
                    user_id,
                    reason,
                    comment,
                    message.content,
                    self.clock(),
                )
            )

    def check_comment(self, comment: str) -> None:
        """Raise InvalidInput for a comment that `make` refuses."""
        _checked_comment(comment)

    def _refuse_beyond_limit(self, user_id: int) -> None:
        """Raise TooManyReports if the user has made `MAX_PER_HOUR` reports within the last hour."""
        now = self.clock()
        recent = [at for at in self.report_store.times_of(user_id, MAX_PER_HOUR) if is_within(HOUR, at, now)]
        if len(recent) == MAX_PER_HOUR:
            left = min(recent) + HOUR - now
            raise TooManyReports(retry_after=-(-left // SECOND))

    # Administration

    def queue(self, window: Window, state: ReportState | None = None) -> ReportList:
        """Return the reports in that state or in any, the newest first, without their texts."""
        page = cut(self.report_store.page(window, state), window, lambda head: (head.id,))
        return ReportList(page, self.user_store.by_ids({user_id for head in page.items for user_id in _shown(head)}))

    def open(self, admin_id: int, report_id: int) -> OpenedReport:
        """Return a report with its texts, as an administrator, and record that in the audit log.

        Raises ReportNotFound.
        """
        with self.transaction():
            report = self.report_store.get(report_id)
            if report is None:
                raise ReportNotFound
            self.audit_log.note(AuditEvent.REPORT_OPENED, about=None, by=admin_id, report=report_id)
        return OpenedReport(report, self.user_store.by_ids(_shown(report.head)))

    def decide(self, admin_id: int, report_id: int, state: ReportState) -> None:
        """Dismiss a report, record that an administrator has acted on it, or open it again.

        The same state again changes nothing. Raises ReportNotFound.
        """
        with self.transaction():
            if self.report_store.get(report_id) is None:
                raise ReportNotFound
            if self.report_store.decide(report_id, state, admin_id, self.clock()):
                self.audit_log.note(_EVENTS[state], about=None, by=admin_id, report=report_id)


def _checked_comment(comment: str) -> str:
    fields = Fields()
    comment = fields.body("comment", comment, most=MAX_COMMENT_LENGTH)
    fields.check()
    return comment


def _shown(head: ReportHead) -> set[int]:
    return {user_id for user_id in (head.author_id, head.reporter_id, head.decided_by) if user_id is not None}
