"""A board on which the workers of one host leave short notices: a ring in a file of fixed size that all of them map.

Who does not look in time misses the oldest notices, which is what becomes of typing anyway. The file belongs where the
system keeps files in memory, for nobody is to find there later who was typing.
"""

import fcntl
import mmap
import os
import struct
import threading
from collections.abc import Sequence
from pathlib import Path

from minichat.domain.model import TypingNotice

PLACES = 1_024
"""How many notices there is room for."""
_COUNT = struct.Struct("<Q")
_NOTICE = struct.Struct("<QQq")
_SIZE = _COUNT.size + PLACES * _NOTICE.size


class Board:
    """The board of all who map the same file."""

    def __init__(self, path: Path) -> None:
        """The file is made at the first use."""
        self._path = path
        self._lock = threading.Lock()
        self._opened: tuple[int, mmap.mmap] | None = None

    def leave(self, notice: TypingNotice, pause: int) -> bool:
        with self._lock:
            file, memory = self._open()
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                count = self._count(memory)
                if self._is_repeated(memory, count, notice, pause):
                    return False
                _NOTICE.pack_into(memory, _offset(count), *notice)
                _COUNT.pack_into(memory, 0, count + 1)
                return True
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)

    def end(self) -> int:
        with self._lock:
            return self._count(self._open()[1])

    def after(self, position: int) -> tuple[Sequence[TypingNotice], int]:
        with self._lock:
            memory = self._open()[1]
            count = self._count(memory)
            return [_at(memory, number) for number in range(max(position, count - PLACES), count)], count

    def _open(self) -> tuple[int, mmap.mmap]:
        if self._opened is None:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.ftruncate(file, _SIZE)
            self._opened = file, mmap.mmap(file, _SIZE)
        return self._opened

    @staticmethod
    def _count(memory: mmap.mmap) -> int:
        count: int = _COUNT.unpack_from(memory, 0)[0]
        return count

    @staticmethod
    def _is_repeated(memory: mmap.mmap, count: int, notice: TypingNotice, pause: int) -> bool:
        for number in range(count - 1, max(-1, count - 1 - PLACES), -1):
            other = _at(memory, number)
            if abs(notice.at - other.at) >= pause:
                return False
            if (other.room_id, other.user_id) == (notice.room_id, notice.user_id):
                return True
        return False


def _at(memory: mmap.mmap, number: int) -> TypingNotice:
    return TypingNotice(*_NOTICE.unpack_from(memory, _offset(number)))


def _offset(number: int) -> int:
    return _COUNT.size + number % PLACES * _NOTICE.size
