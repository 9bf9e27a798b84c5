"""Short notices between workers, never stored."""

from collections.abc import Sequence
from typing import Protocol

from minichat.domain.model import TypingNotice


class NoticeBoard(Protocol):
    """Where all workers leave short notices for one another, which nobody keeps."""

    def leave(self, notice: TypingNotice, pause: int) -> bool:
        """Leave a notice, unless the same user left one in the same room less than `pause` milliseconds before."""

    def end(self) -> int:
        """The position behind the newest notice."""

    def after(self, position: int) -> tuple[Sequence[TypingNotice], int]:
        """Return the notices after a position, in order, and the position behind them. The oldest may be dropped."""
