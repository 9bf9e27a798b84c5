"""The notice board of one host: a ring in a file of fixed size that all workers map. Implements `NoticeBoard`.

A worker that reads too late misses the oldest notices; a late typing notice has no value. The file belongs in shared
memory, so that no disk stores typing notices.
"""

import fcntl
import mmap
import os
import struct
import threading
from collections.abc import Sequence
from pathlib import Path

from minichat.adapters.shared_files import OpenFile, open_file, open_or_replace
from minichat.domain.model import TypingNotice, is_within

CAPACITY = 1_024
"""Number of notices in the ring."""
_COUNT = struct.Struct("<Q")
_NOTICE = struct.Struct("<QQq")
_SIZE = _COUNT.size + CAPACITY * _NOTICE.size


class SharedMemoryNoticeBoard:
    """The board of all processes that map the same file."""

    def __init__(self, path: Path, open_file: OpenFile = open_file) -> None:
        """`open_file` opens or creates the file at the first use."""
        self._path = path
        self._open_file = open_file
        self._lock = threading.Lock()
        self._opened: tuple[int, mmap.mmap] | None = None

    def post(self, notice: TypingNotice, pause: int) -> bool:
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
            first = max(position, count - CAPACITY)
            return [_read(memory, number) for number in range(first, count)], count

    def _open(self) -> tuple[int, mmap.mmap]:
        if self._opened is None:
            file = open_or_replace(self._open_sized, self._path, "typing notices")
            os.ftruncate(file, _SIZE)
            self._opened = file, mmap.mmap(file, _SIZE)
        return self._opened

    def _open_sized(self, path: Path) -> int:
        file = self._open_file(path)
        try:
            # On a full disk this fails. Without it, a write to the mapping would kill the process.
            os.posix_fallocate(file, 0, _SIZE)
        except OSError:
            os.close(file)
            raise
        return file

    @staticmethod
    def _count(memory: mmap.mmap) -> int:
        count: int = _COUNT.unpack_from(memory, 0)[0]
        return count

    @staticmethod
    def _is_repeated(memory: mmap.mmap, count: int, notice: TypingNotice, pause: int) -> bool:
        """Return whether the same user posted in the same room less than `pause` milliseconds before."""
        for number in range(count - 1, max(-1, count - 1 - CAPACITY), -1):
            other = _read(memory, number)
            if not is_within(pause, other.at, notice.at):
                return False
            if (other.room_id, other.user_id) == (notice.room_id, notice.user_id):
                return True
        return False


def _read(memory: mmap.mmap, number: int) -> TypingNotice:
    return TypingNotice(*_NOTICE.unpack_from(memory, _offset(number)))


def _offset(number: int) -> int:
    return _COUNT.size + number % CAPACITY * _NOTICE.size
