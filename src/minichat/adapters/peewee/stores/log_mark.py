"""The mark beside an SQLite file: the highest position of the change log that a reader has seen.

A program that restores the file to an earlier state does not restore the mark, so the next start finds a log that ends
before the mark, or no mark that belongs to the file. Three properties betray a copy of the mark: its inode, which a
copy does not have; its random name, which is new at each start, so that a restored folder holds two marks; and the
epoch of the log. Only an image of a whole disk restores the file and the mark alike.

The system keeps the mark when a process is killed. After a loss of power it may be lower than before, and that is safe.
This module knows neither SQL nor cursors.
"""

import glob
import os
import secrets
import struct
import threading
from contextlib import suppress
from pathlib import Path

_HEAD = struct.Struct("<QQ")
"""The inode of the mark, and the epoch of the log."""
_SLOT = struct.Struct("<Q")
"""The highest id that one process has read. Each process has a slot, because two could not raise one number safely."""

ATTEMPTS = 10
"""How often to look for the mark, which another process may rename at the same moment."""


class LogMark:
    def __init__(self, database_file: Path) -> None:
        self._database_file = database_file
        self._lock = threading.Lock()
        self._pid: int | None = None
        self._highest = 0
        self._file: int | None = None
        self._place = 0

    def fits(self, epoch: int, last_id: int) -> bool:
        """Return whether the log is the one that the mark was made for, and holds all that readers have seen of it."""
        marks = self._marks()
        if len(marks) != 1:
            return False
        try:
            content, inode = marks[0].read_bytes(), marks[0].stat().st_ino
        except OSError:
            return False
        slots = content[_HEAD.size :]
        slots = slots[: len(slots) // _SLOT.size * _SLOT.size]
        return content[: _HEAD.size] == _HEAD.pack(inode, epoch) and all(
            seen <= last_id for (seen,) in _SLOT.iter_unpack(slots)
        )

    def keep(self) -> None:
        """Rename the mark at the start of a server, so that a copy of an earlier one is a second mark."""
        with suppress(OSError):
            for mark in self._marks():
                mark.rename(self._new_name())

    def begin(self, epoch: int) -> None:
        """Replace all marks by a new one. Without the permission there is none, and then no mark fits."""
        self._remove()
        with suppress(OSError):
            file = os.open(self._new_name(), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.write(file, _HEAD.pack(os.fstat(file).st_ino, epoch))
                os.fsync(file)
            finally:
                os.close(file)

    def raise_to(self, id_: int) -> None:
        """Record that a reader of this process has seen the change with that id."""
        if id_ <= self._highest and self._pid == os.getpid():
            return
        with self._lock:
            if self._pid != os.getpid():  # a slot must not be carried over a fork
                self._pid, self._highest, self._file = os.getpid(), 0, None
                self._open()
            if id_ > self._highest:
                self._highest = id_
                self._write()

    def _open(self) -> None:
        """Append a slot for this process, if there is a mark."""
        for _ in range(ATTEMPTS):
            with suppress(OSError):
                for path in self._marks():
                    appending = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
                    try:
                        os.write(appending, _SLOT.pack(0))
                        self._place = os.lseek(appending, 0, os.SEEK_CUR) - _SLOT.size
                    finally:
                        os.close(appending)
                    self._file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
                    return
        self._remove()

    def _write(self) -> None:
        if self._file is None:
            return
        try:
            os.pwrite(self._file, _SLOT.pack(self._highest), self._place)
        except OSError:  # a mark that can't be raised must not fit
            self._file = None
            self._remove()

    def _remove(self) -> None:
        for mark in self._marks():
            with suppress(OSError):
                mark.unlink()

    def _marks(self) -> list[Path]:
        return [*self._database_file.parent.glob(f"{glob.escape(self._database_file.name)}-log-*")]

    def _new_name(self) -> Path:
        return self._database_file.with_name(f"{self._database_file.name}-log-{secrets.token_hex(8)}")
