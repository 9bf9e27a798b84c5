"""Copying a SQLite database as it is at one moment, while others write to it."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from cysqlite import connect  # type: ignore[attr-defined]  # its types leave it out
from peewee import DatabaseError

from minichat.adapters.peewee.engine.sqlite import Sqlite
from minichat.adapters.peewee.engine.statements import driver_errors

STEP = 1_024
"""How many pages are copied between two reports of progress: 4 MiB."""
CHECKS = ("PRAGMA quick_check(1)", "PRAGMA foreign_key_check")

Progress = Callable[[int, int], object]
"""Told how many pages are copied, and of how many."""


def is_in_use(path: Path) -> bool:
    """Whether somebody has the database open; if not, its `-wal` is brought into it and gone."""
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
    """The copy is not whole, so neither is the database; the text says what SQLite found."""


def copy(database: Sqlite, target: Path, progress: Progress = lambda _done, _of: None) -> None:
    """Copy the database into `target`, an empty file that nobody else uses. Raises Peewee's errors, and Damaged.

    Writers are not held up: the copy is read from a snapshot, for the duration of which the `-wal` grows.
    """
    with database.reading(), driver_errors, closing(connect(str(target))) as copied:
        source = database.connection()
        # The first read begins the snapshot. Without one, every commit of another process would begin the copy anew.
        source.execute("SELECT 1 FROM sqlite_schema").fetchall()
        copied.execute("PRAGMA locking_mode = EXCLUSIVE")  # there may be no shared memory, on a disk elsewhere
        copied.execute("PRAGMA synchronous = OFF")  # whoever asked for the copy syncs it when it is whole
        source.backup(copied, pages=STEP, progress=lambda left, pages, _is_done: progress(pages - left, pages))
    with driver_errors, closing(connect(str(target))) as copied:
        copied.execute("PRAGMA locking_mode = EXCLUSIVE")
        if copied.execute("SELECT 1 FROM sqlite_schema WHERE name = 'log_epoch'").fetchone():
            copied.execute("DELETE FROM log_epoch")  # whoever goes on from the copy begins one: see `log_epoch`
        wrong = [found for check in CHECKS for found in copied.execute(check).fetchall() if found != ("ok",)]
    if wrong:
        raise Damaged(str(wrong[0]))
