"""Notices that workers leave for one another, in memory: see `domain.ports.Notices`."""

from collections.abc import Sequence

from minichat.domain.model import TypingNotice


class MemoryNotices:
    def __init__(self) -> None:
        self._left: list[TypingNotice] = []

    def leave(self, notice: TypingNotice, pause: int) -> bool:
        same = (notice.room_id, notice.user_id)
        if any((other.room_id, other.user_id) == same and notice.at - other.at < pause for other in self._left):
            return False
        self._left.append(notice)
        return True

    def end(self) -> int:
        return len(self._left)

    def after(self, position: int) -> tuple[Sequence[TypingNotice], int]:
        return self._left[position:], len(self._left)
