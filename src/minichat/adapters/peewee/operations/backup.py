"""Copy a snapshot of a SQLite database while other processes write to it. The only known table is `log_epoch`."""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from cysqlite import Error, connect  # type: ignore[attr-defined]  # its types leave them out
from peewee import DatabaseError

from minichat.adapters.peewee.engine.sqlite import Sqlite
from minichat.adapters.peewee.engine.statements import driver_errors

STEP = 1_024
"""Number of pages to copy between two reports of progress: 4 MiB."""
CHECKS = ("PRAGMA quick_check(1)", "PRAGMA foreign_key_check")

Progress = Callable[[int, int], object]
"""Called with the number of copied pages and of all pages."""


def is_in_use(path: Path) -> bool:
    """Return whether a process has the database open. If none has, merge the `-wal` into the database."""
    with closing(connect(str(path), timeout=0)) as database:
        try:
            with driver_errors:
                database.execute("PRAGMA locking_mode = EXCLUSIVE")
                database.execute("BEGIN EXCLUSIVE")
                database.execute("COMMIT")
        except DatabaseError:  # locked, or no database at all
            pass
    return path.with_name(f"{path.name}-wal").exists()


class Damaged(Exception):
    """The copy and the database are damaged. The text is SQLite's finding."""


def _expect_space(target: Path, size: int) -> None:
    """Raise OSError if the disk can't hold a file of that size."""
    with target.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, size)


def copy(database: Sqlite, target: Path, progress: Progress = lambda _done, _of: None) -> None:
    """Copy the database into `target`, an empty file of our own. Raises Peewee's errors, OSError and Damaged.

    Writers do not wait: the copy reads a snapshot, and the `-wal` grows until it ends.
    """
    with database.reading(), driver_errors, closing(connect(str(target))) as copied:
        source = database.connection()
        # The first read begins the snapshot. Without it, every commit of another process would restart the copy.
        source.execute("SELECT 1 FROM sqlite_schema").fetchall()
        copied.execute("PRAGMA locking_mode = EXCLUSIVE")  # a remote disk may offer no shared memory
        copied.execute("PRAGMA synchronous = OFF")  # the caller syncs the complete copy
        try:
            source.backup(copied, pages=STEP, progress=lambda left, pages, _is_done: progress(pages - left, pages))
        except Error:
            _expect_space(target, Path(database.database).stat().st_size)  # the driver hides the reason
            raise
    with driver_errors, closing(connect(str(target))) as copied:
        copied.execute("PRAGMA locking_mode = EXCLUSIVE")
        if copied.execute("SELECT 1 FROM sqlite_schema WHERE name = 'log_epoch'").fetchone():
            copied.execute("DELETE FROM log_epoch")  # the next start on the copy draws one: see `log_epoch`
        wrong = [found for check in CHECKS for found in copied.execute(check).fetchall() if found != ("ok",)]
    if wrong:
        raise Damaged(str(wrong[0]))
