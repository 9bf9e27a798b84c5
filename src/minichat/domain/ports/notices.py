"""The notice board: who is typing. Workers read each other's notices, and nobody stores them."""

from collections.abc import Sequence
from typing import Protocol

from minichat.domain.model import TypingNotice


class NoticeBoard(Protocol):
    """Notices of all workers, in one order. The oldest are dropped."""

    def post(self, notice: TypingNotice, pause: int) -> bool:
        """Post a notice, and return whether it was posted.

        It is not if the same user posted in the same room less than `pause` milliseconds before.
        """

    def end(self) -> int:
        """Return the position after the newest notice."""

    def after(self, position: int) -> tuple[Sequence[TypingNotice], int]:
        """Return the notices after a position in order, without those that were dropped, and the new position."""
