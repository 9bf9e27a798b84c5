"""Short notices between workers, never stored."""

from collections.abc import Sequence
from typing import Protocol

from minichat.domain.model import Notice


class NoticeBoard(Protocol):
    """Where all workers leave short notices for one another, which nobody keeps."""

    def leave(self, notice: Notice, pause: int) -> bool:
        """Leave a notice, unless the same user left one in the same room less than `pause` milliseconds before."""

    def end(self) -> int:
        """The place behind the newest notice."""

    def after(self, place: int) -> tuple[Sequence[Notice], int]:
        """The notices after a place, in order, with the place behind them; who comes late finds the newest alone."""
