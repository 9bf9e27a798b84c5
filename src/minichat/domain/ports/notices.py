"""The notice board: typing notices that workers share in memory and never store."""

from collections.abc import Sequence
from typing import Protocol

from minichat.domain.model import TypingNotice


class NoticeBoard(Protocol):
    """The notices of all workers, in one order. A full board drops the oldest notices."""

    def post(self, notice: TypingNotice, pause: int) -> bool:
        """Post a notice and return True.

        Return False instead if the same user posted in the same room less than `pause` milliseconds before.
        """

    def end(self) -> int:
        """Return the position after the newest notice."""

    def after(self, position: int) -> tuple[Sequence[TypingNotice], int]:
        """Return the remaining notices after a position, in order, and the new position."""
