"""The queue of writers: a fair lock in front of SQLite's own, across threads, greenlets and processes.

SQLite lets one connection write at a time. Its busy handler is unfair, sleeps up to 100 ms between attempts and blocks
the event loop. Waiting in this queue is fair and short, and the worker continues to serve other requests.
Between processes the lock is a `flock` on a file beside the database: the kernel releases it when a process dies.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from minichat.adapters.queues import FairQueue
from minichat.domain.errors import Unavailable

PATIENCE_SECONDS = 5.0
"""Maximum time that a writer waits for its turn."""
MAX_WAITING = 64
"""Maximum number of waiting writers of one process."""
_SPINS = 50
_NAP_SECONDS = 0.001


class WriteQueue:
    def __init__(self, path: Path) -> None:
        """`path` is the lock file, which all processes share."""
        self._path = path
        self.queue = FairQueue(1, max_waiting=MAX_WAITING, resource="the right to write")
        self._file: int | None = None
        self._pid = 0

    @contextmanager
    def turn(self, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[float]:
        """Hold the only right to write. Raises Unavailable if the turn does not come within `patience_seconds`.

        Yield the deadline, by the monotonic clock, for further waits of the same transaction.
        """
        deadline = time.monotonic() + patience_seconds
        self.queue.acquire(patience_seconds)
        try:
            file = self._open()
            if not _lock(file, deadline):
                raise Unavailable("another process holds the write lock for too long")
            try:
                yield deadline
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)
        finally:
            self.queue.release()

    def _open(self) -> int:
        # A file opened before a fork would share its lock with the child, so each process opens its own.
        if self._file is None or self._pid != os.getpid():
            try:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:  # the folder has gone, or too many files are open
                raise Unavailable(f"the file of the write lock can't be opened: {error.strerror}") from error
            self._pid = os.getpid()
        return self._file


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock(file: int, deadline: float) -> bool:
    # A blocking flock would block the event loop and could not time out. A turn takes a fraction of a millisecond, so
    # the first attempts only yield to other greenlets (`sleep(0)`), and later attempts sleep.
    attempts = 0
    while not _try_lock(file):
        if time.monotonic() > deadline:
            return False
        attempts += 1
        time.sleep(0 if attempts < _SPINS else _NAP_SECONDS)
    return True
