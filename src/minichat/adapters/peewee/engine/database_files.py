"""The files of an open SQLite database: notice that another program has removed or replaced them.

A connection keeps its files although they have no name any more. It would then commit what no later start can read, and
SQLite reports that only without a write-ahead log. This module opens no file and knows no SQL.
"""

import os
from pathlib import Path

from peewee import OperationalError

SUFFIXES = ("", "-wal", "-shm")

_Identity = tuple[int, int]
"""The device and the inode of a file."""


class DatabaseFiles:
    """The database's file, its write-ahead log and the log's index, as this process has opened them."""

    def __init__(self, path: Path) -> None:
        self._paths = [path.with_name(path.name + suffix) for suffix in SUFFIXES]
        self._pid = os.getpid()
        self._opened: dict[Path, _Identity] = {}

    def record(self) -> None:
        """Record the files, and expect those that were recorded before. Raises OperationalError.

        Call it after the first read of a connection. Until it is closed, SQLite neither creates nor removes the files.
        """
        self.expect_same()
        for path in self._paths:
            found = _identity(path)
            if found is not None:
                self._opened.setdefault(path, found)

    def expect_same(self) -> None:
        """Raise OperationalError unless all recorded files still have their names."""
        if self._pid != os.getpid():  # the connections of the parent process are not ours
            self._pid, self._opened = os.getpid(), {}
        for path, opened in self._opened.items():
            if _identity(path) != opened:
                raise OperationalError(
                    f"another program has removed or replaced {path} while it was open. Put the file back, or stop all"
                    " processes of minichat and start them again"
                )

    def forget(self) -> None:
        """Accept any files from now on, because all connections are closed."""
        self._opened = {}


def _identity(path: Path) -> _Identity | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
