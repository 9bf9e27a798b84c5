"""The files of an open SQLite database: notice that another program has removed or replaced them.

A connection keeps its files although they have no name any more. It would then commit what no later start can read, and
SQLite reports that only without a write-ahead log. This module opens no file and knows no SQL.
"""

import os
from pathlib import Path
from weakref import WeakSet

from peewee import OperationalError

SUFFIXES = ("", "-wal", "-shm")

_Identity = tuple[int, int]
"""The device and the inode of a file."""


class Claim:
    """The claim of one connection on the files. It ends with the connection's thread, as the connection does."""


class DatabaseFiles:
    """The database's file, its write-ahead log and the log's index, as this process has opened them."""

    def __init__(self, path: Path) -> None:
        self._paths = [path.with_name(path.name + suffix) for suffix in SUFFIXES]
        self._pid = os.getpid()
        self._opened: dict[Path, _Identity] = {}
        self._claims: WeakSet[Claim] = WeakSet()

    def record(self) -> Claim:
        """Record the files, and expect those that were recorded before; return the claim. Raises OperationalError.

        Call it after the first read of a connection, and keep the claim as long as the connection. Until then, SQLite
        neither creates nor removes the files.
        """
        self.expect_same()
        for path in self._paths:
            found = _identity(path)
            if found is not None:
                self._opened.setdefault(path, found)
        claim = Claim()
        self._claims.add(claim)
        return claim

    def expect_same(self) -> None:
        """Raise OperationalError unless all recorded files still have their names."""
        if self._pid != os.getpid():  # the connections of the parent process are not ours
            self._pid, self._claims = os.getpid(), WeakSet()
        if not self._claims:  # the last of our connections was closed, and SQLite may have removed the log with it
            self._opened = {}
        for path, opened in self._opened.items():
            if _identity(path) != opened:
                raise OperationalError(
                    f"another program has removed or replaced {path} while it was open. Put the file back, or stop all"
                    " processes of minichat and start them again"
                )


def _identity(path: Path) -> _Identity | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
