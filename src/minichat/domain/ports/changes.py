"""The change log."""

from collections.abc import Collection, Sequence
from typing import Protocol

from minichat.domain.model import Change, LogEnds, LoggedChange, LogPosition, Timestamp


class ChangeStore(Protocol):
    """The change log. Whoever reads on from a position finds every change that was committed since, in one order."""

    def record(self, change: Change) -> None:
        """Append to the change log, in the transaction of what it tells."""

    def record_all(self, change: Change, user_ids: Sequence[int]) -> None:
        """Append the change once for each of these users, in this order: one step for any number."""

    def ends(self) -> LogEnds:
        """From where to where the log can be read now."""

    def after(self, position: LogPosition, limit: int) -> Sequence[LoggedChange]:
        """The first `limit` changes after the position, in order."""

    def of_rooms(self, room_ids: Collection[int], position: LogPosition, limit: int) -> Sequence[LoggedChange]:
        """Like `after`, of these rooms alone."""

    def moves(self, user_id: int, position: LogPosition) -> Sequence[LoggedChange]:
        """The user's own `participant.joined` and `participant.left` after the position, in order."""

    def sweep(self, before: Timestamp, limit: int) -> int:
        """Drop the beginning of the log, up to `limit` changes and to the first after `before`; return how many.

        It may become empty: no position in the log is given twice.
        """
