"""The notice board in memory, for tests. Implements `NoticeBoard`."""

from collections.abc import Sequence

from minichat.domain.model import TypingNotice, is_within


class MemoryNoticeBoard:
    def __init__(self) -> None:
        self._notices: list[TypingNotice] = []

    def post(self, notice: TypingNotice, pause: int) -> bool:
        same = (notice.room_id, notice.user_id)
        if any(
            (other.room_id, other.user_id) == same and is_within(pause, other.at, notice.at) for other in self._notices
        ):
            return False
        self._notices.append(notice)
        return True

    def end(self) -> int:
        return len(self._notices)

    def after(self, position: int) -> tuple[Sequence[TypingNotice], int]:
        return self._notices[position:], len(self._notices)
