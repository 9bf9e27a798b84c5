"""The change log."""

from collections.abc import Collection, Sequence
from typing import Protocol

from minichat.domain.model import Change, LogEnds, LoggedChange, LogPosition, Timestamp


class ChangeStore(Protocol):
    """The change log. A reader that continues from a position finds every change committed since, in one order."""

    def record(self, change: Change) -> None:
        """Append to the change log, in the transaction of the change, which holds the room if there is one."""

    def record_all(self, change: Change, user_ids: Sequence[int]) -> None:
        """Append the change once for each of these users, in this order, with one statement."""

    def ends(self) -> LogEnds:
        """Return the first and the last position of the log that can be read now."""

    def after(self, position: LogPosition, limit: int) -> Sequence[LoggedChange]:
        """Return the first `limit` changes after the position, in order."""

    def of_user(
        self, user_id: int, room_ids: Collection[int], position: LogPosition, limit: int
    ) -> Sequence[LoggedChange]:
        """Return the same as `after`: the private changes of the user, and all others of these rooms."""

    def moves(self, user_ids: Collection[int], position: LogPosition) -> Sequence[LoggedChange]:
        """Return these users' own `participant.joined` and `participant.left` after the position, in order."""

    def sweep(self, before: Timestamp, limit: int) -> int:
        """Delete up to `limit` changes at the beginning of the log, none later than `before`; return how many.

        The log may become empty; a position is never assigned twice.
        """
