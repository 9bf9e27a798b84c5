"""Reports of messages, as users make them. Administrators decide on them in `report_queue`.

A report keeps a copy of the message's content, so neither an edit nor a deletion destroys the evidence. This module
changes no message.
"""

from dataclasses import dataclass

from minichat.domain.errors import InvalidInput, MessageDeleted, TooManyReports
from minichat.domain.message_access import MessageAccess
from minichat.domain.model import HOUR, SECOND, NewReport, ReportReason, is_within
from minichat.domain.participation import Participation
from minichat.domain.ports import Clock, ReportStore, Transaction
from minichat.domain.text import Fields

MAX_COMMENT_LENGTH = 1_000
MAX_PER_HOUR = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    transaction: Transaction
    clock: Clock
    report_store: ReportStore
    message_access: MessageAccess
    participation: Participation

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


def _checked_comment(comment: str) -> str:
    fields = Fields()
    comment = fields.body("comment", comment, most=MAX_COMMENT_LENGTH)
    fields.check()
    return comment
