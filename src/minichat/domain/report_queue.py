"""The queue of reported messages: administrators read the reports and decide on them.

The queue shows no texts. Opening a report shows them to the administrator, and the audit log records it. The entries
of a report are about no account: an export must not show it to the author of the message. Only the entry of a deletion
is about the author, and it does not name the report. Every act needs the state that its administrator saw: if two
administrators decide at once, the second decision raises ReportDecided. `by` is the administrator's id, or None for the
command line.
"""

from dataclasses import dataclass

from minichat.domain.administrators import Administrators, accounts
from minichat.domain.audit import AuditLog
from minichat.domain.errors import MessageNotFound, ReportDecided, ReportNotFound
from minichat.domain.message_versions import MessageVersions
from minichat.domain.model import (
    SHOWN_OTHERS,
    AuditEvent,
    OpenedReport,
    Report,
    ReportHead,
    ReportList,
    ReportState,
)
from minichat.domain.paging import Key, Window, cut
from minichat.domain.ports import Clock, MessageStore, ReportStore, RoomStore, Transaction, UserStore
from minichat.domain.room_lookup import find_room

_EVENTS = {
    ReportState.OPEN: AuditEvent.REPORT_REOPENED,
    ReportState.DISMISSED: AuditEvent.REPORT_DISMISSED,
    ReportState.ACTED_ON: AuditEvent.REPORT_ACTED_ON,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQueue:
    transaction: Transaction
    clock: Clock
    user_store: UserStore
    room_store: RoomStore
    message_store: MessageStore
    report_store: ReportStore
    message_versions: MessageVersions
    administrators: Administrators
    audit_log: AuditLog

    def page(self, window: Window, state: ReportState | None = ReportState.OPEN) -> ReportList:
        """Return the reports in that state, or in any, without their texts.

        The oldest open report comes first: it has waited longest. In the other lists the newest comes first.
        """
        heads = self.report_store.page(window, state, oldest_first=state == ReportState.OPEN)
        page = cut(heads, window, _key)
        return ReportList(page, self.user_store.by_ids({user_id for head in page.items for user_id in _shown(head)}))

    def open(self, report_id: int, *, by: int | None) -> OpenedReport:
        """Return a report with its texts and the present state of its message. The audit log records it first.

        Raises ReportNotFound or NotAnAdministrator.
        """
        with self.transaction(shared_accounts=accounts(by)):
            self.administrators.refuse_former(by)
            report = self._found(report_id)
            self.audit_log.note(AuditEvent.REPORT_OPENED, about=None, by=by, report=report_id)
        head = report.head
        room = find_room(self.room_store, head.room_id)
        others = [one for one in self.report_store.of_message(head.message_id, SHOWN_OTHERS + 1) if one.id != head.id]
        people = self.user_store.by_ids({user_id for one in (head, *others) for user_id in _shown(one)})
        message = self.message_store.get(head.message_id)
        return OpenedReport(report, people, room, message, others[:SHOWN_OTHERS])

    def decide(self, report_id: int, state: ReportState, *, seen: ReportState, by: int | None) -> None:
        """Dismiss a report, record that an administrator has acted on it, or open it again.

        `seen` is the state that the administrator saw. The same decision again changes nothing. Raises ReportNotFound,
        NotAnAdministrator, or ReportDecided if another administrator was faster.
        """
        with self.transaction(shared_accounts=accounts(by)):
            self.administrators.refuse_former(by)
            self._decide(self._found(report_id).head, state, seen, by)

    def delete_message(self, report_id: int, *, seen: ReportState, by: int | None) -> None:
        """Delete the reported message, in a direct chat too, and record that an administrator has acted on the report.

        Raises the errors of `decide`, or MessageNotFound if the room has been removed. A message that its author has
        deleted meanwhile needs no second deletion.
        """
        head = self._found(report_id).head
        with self.transaction(room=head.room_id, shared_accounts={*accounts(by), head.author_id}):
            self.administrators.refuse_former(by)
            self._decide(self._found(report_id).head, ReportState.ACTED_ON, seen, by)
            message = self.message_store.get(head.message_id)
            if message is None:
                raise MessageNotFound
            if self.message_versions.delete(message, has_author=bool(self.user_store.living([message.user_id]))):
                self.audit_log.note(
                    AuditEvent.MESSAGE_DELETED, about=message.user_id, by=by, room=head.room_id, message=message.id
                )

    def _decide(self, head: ReportHead, state: ReportState, seen: ReportState, by: int | None) -> None:
        """Set the state of a report, inside the caller's transaction. Raises ReportDecided."""
        if head.state == state and head.decided_by == by:
            return  # the same decision again, such as a second click
        if head.state != seen or not self.report_store.decide(head.id, seen, state, by, self.clock()):
            raise ReportDecided(self._found(head.id).head)
        self.audit_log.note(_EVENTS[state], about=None, by=by, report=head.id)

    def _found(self, report_id: int) -> Report:
        report = self.report_store.get(report_id)
        if report is None:
            raise ReportNotFound
        return report


def _key(head: ReportHead) -> Key:
    return (head.created_at, head.id)


def _shown(head: ReportHead) -> set[int]:
    return {user_id for user_id in (head.author_id, head.reporter_id, head.decided_by) if user_id is not None}
