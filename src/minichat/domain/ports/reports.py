"""Reports of messages."""

from collections.abc import Sequence
from typing import Protocol

from minichat.domain.model import NewReport, Report, ReportHead, ReportState, Timestamp
from minichat.domain.paging import Window


class ReportStore(Protocol):
    """Reports of messages. They outlive their messages, rooms and users."""

    def add(self, new: NewReport) -> bool:
        """Add an open report; return False if the reporter has reported the message already.

        The transaction must hold the reporter's account.
        """

    def has(self, message_id: int, reporter_id: int) -> bool:
        """Return whether the user has reported the message. Inside a transaction, this needs the user's account."""

    def times_of(self, reporter_id: int, limit: int) -> Sequence[Timestamp]:
        """Return when the user made the newest `limit` reports, the newest first. It needs the lock of `has`."""

    def get(self, report_id: int) -> Report | None: ...

    def page(
        self, window: Window, state: ReportState | None = None, *, oldest_first: bool = False
    ) -> Sequence[ReportHead]:
        """Return the reports in that state or in any, the newest first, one more than the limit if there are more.

        The key is `(created_at, id)`. With `oldest_first`, the order is reversed.
        """

    def page_about(self, author_id: int, window: Window) -> Sequence[ReportHead]:
        """Return, like `page`, the reports of messages of one author, the newest first."""

    def page_by(self, reporter_id: int, window: Window) -> Sequence[ReportHead]:
        """Return, like `page`, the reports that one user made, the newest first."""

    def of_message(self, message_id: int, limit: int) -> Sequence[ReportHead]:
        """Return the newest `limit` reports of a message, the newest first."""

    def all_by(self, reporter_id: int, after: int, limit: int) -> Sequence[Report]:
        """Return the reports that the user made by id, the first `limit` with an id above `after`."""

    def decide(self, report_id: int, before: ReportState, state: ReportState, by: int | None, at: Timestamp) -> bool:
        """Set the state with the administrator and the time, or without them for an open report.

        Return False, and change nothing, unless the report has the state `before`. This is one atomic step and needs no
        lock.
        """

    def erase(self, user_id: int) -> None:
        """Delete the user's name from the reports that the user made or decided."""

    def sweep(self, decided_before: Timestamp, made_before: Timestamp, limit: int) -> int:
        """Delete up to `limit` reports that were decided, or else made, no later than these times; return how many."""
