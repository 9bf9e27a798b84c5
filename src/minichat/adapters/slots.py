"""Numbered slots for each user, over all workers of one host: a byte of a file is locked for each that is taken.

Nothing is written. The kernel takes the lock of a process that dies back, so no slot is ever lost. The locks belong to
the open file and not to the process (OFD locks, fcntl(2)): two apps of one process don't undo one another's.
"""

import fcntl
import os
import struct
import threading
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

_FLOCK = "hh4xqqi4x"  # l_type, l_whence, l_start, l_len, l_pid, as Linux has them on 64 bits


class FileStreamSlots:
    def __init__(self, path: Path, most: int) -> None:
        """Each user has `most` slots."""
        self._path = path
        self._most = most
        self._lock = threading.Lock()
        self._file: int | None = None
        self._pid = 0
        self._mine: defaultdict[int, set[int]] = defaultdict(set)

    def acquire(self, user_id: int) -> int | None:
        """The number of a slot that was free and is now taken, or None."""
        with self._lock:
            file = self._open()
            for number in set(range(self._most)) - self._mine[user_id]:
                with suppress(BlockingIOError):
                    self._set(file, fcntl.F_WRLCK, user_id, number)
                    self._mine[user_id].add(number)
                    return number
            return None

    def release(self, user_id: int, number: int) -> None:
        """Free a slot that was taken here."""
        with self._lock:
            self._set(self._open(), fcntl.F_UNLCK, user_id, number)
            self._mine[user_id].discard(number)
            if not self._mine[user_id]:
                del self._mine[user_id]

    def _set(self, file: int, kind: int, user_id: int, number: int) -> None:
        lock = struct.pack(_FLOCK, kind, os.SEEK_SET, user_id * self._most + number, 1, 0)
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, lock)

    def _open(self) -> int:
        # A file opened before a fork would share its locks with the child: each process opens its own.
        if self._file is None or self._pid != os.getpid():
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._pid = os.getpid()
            self._mine.clear()
        return self._file
