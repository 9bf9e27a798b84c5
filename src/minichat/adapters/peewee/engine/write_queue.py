"""Taking turns to write: a fair lock in front of SQLite's own, across threads, greenlets and processes.

SQLite lets one connection write at a time. Its busy handler sleeps up to 100 ms between tries, blocks a whole event
loop while it sleeps, and favours whoever comes at the right moment. Waiting here is in order, short, and lets the
other requests of the worker go on. The lock is a `flock` on a file beside the database: the kernel takes it back
from a process that dies.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from minichat.domain.errors import Unavailable

PATIENCE_SECONDS = 5.0
"""How long a writer waits for its turn, in seconds, before it is told to come back."""
MAX_WAITING = 64
"""How many writers of one process may wait; the queue never grows beyond that."""
_SPINS = 50
_NAP_SECONDS = 0.001


class WriteQueue:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._mine = threading.Lock()
        self._waiting = 0
        self._file: int | None = None
        self._pid = 0

    @contextmanager
    def turn(self, patience: float = PATIENCE_SECONDS) -> Iterator[float]:
        """Hold the only right to write. Raises Unavailable if the turn does not come within `patience` seconds.

        The value is when the patience ends, by the monotonic clock, for what else there may be to wait for.
        """
        deadline = time.monotonic() + patience
        if self._waiting >= MAX_WAITING:
            raise Unavailable("the write queue is full")
        self._waiting += 1
        try:
            is_mine = self._mine.acquire(timeout=patience)
        finally:
            self._waiting -= 1
        if not is_mine:
            raise Unavailable("the write queue does not move")
        try:
            file = self._open()
            if not _lock(file, deadline):
                raise Unavailable("another process does not let go of the write lock")
            try:
                yield deadline
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)
        finally:
            self._mine.release()

    def _open(self) -> int:
        # A file opened before a fork would share its lock with the child: each process opens its own.
        if self._file is None or self._pid != os.getpid():
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._pid = os.getpid()
        return self._file


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock(file: int, deadline: float) -> bool:
    # Not a blocking flock: that would stop every request of an event loop, and could not be given up. A turn takes
    # a fraction of a millisecond, so the first tries only let others go first (sleep(0) yields), later ones nap.
    tries = 0
    while not _try_lock(file):
        if time.monotonic() > deadline:
            return False
        tries += 1
        time.sleep(0 if tries < _SPINS else _NAP_SECONDS)
    return True
