"""SQLite databases for tests: copies of a migrated, empty database."""

import atexit
import shutil
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from folders import fast_folder


@cache
def template() -> Path:
    """The file of a migrated, empty database, to copy. Its log epoch is 1, so that cursors are the same each time."""
    from minichat.adapters.peewee import open_database
    from minichat.adapters.peewee.operations import migrate

    opened = ExitStack()
    atexit.register(opened.close)
    path = opened.enter_context(fast_folder()) / "chat.sqlite3"
    database = open_database(f"sqlite:///{path}")
    migrate.upgrade(database)
    with database.writing():
        database.execute_sql("UPDATE log_epoch SET number = 1")
    database.close_connections()
    return path


def put_empty_database(path: Path) -> None:
    """Put a migrated, empty database at the path; no connection to one that is there may be open."""
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    shutil.copy(template(), path)
