"""SQLite databases for tests: copies of a migrated, empty database, which a test can empty again."""

import atexit
import shutil
import sqlite3
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path
from typing import Any

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


def put_new_database(path: Path) -> None:
    """Put a migrated database at the path whose log has no epoch yet: the first server draws one, as in production."""
    shutil.copy(_unused(), path)


@cache
def _unused() -> Path:
    path = template().with_name("unused.sqlite3")
    put_empty_database(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE log_epoch SET number = NULL")
    return path


def empty(database: Any, path: Path) -> None:
    """Empty the database. Put an empty one in its place if it has another schema, or audit entries that must stay.

    The connections stay open with their prepared statements: to open and to prepare them again takes 4 ms of CPU.
    """
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        put_empty_database(path)
        return
    writer = database._shared("writer")
    if (
        writer.in_transaction  # of a test that has failed
        or _schema_version(writer) != _template_version()
        or writer.execute(_NEW_ENTRIES).fetchone()
    ):
        database.close_connections()  # to the file that is replaced
        put_empty_database(path)
        return
    writer.execute("BEGIN IMMEDIATE")
    for (table,) in writer.execute(_tables_with_rows()).fetchall():
        writer.execute(_EMPTYING.get(table, f'DELETE FROM "{table}"'))
    for statement in _BEGINNINGS:
        writer.execute(statement)
    writer.execute("COMMIT")


_NEW_ENTRIES = "SELECT 1 FROM audit WHERE at > (unixepoch() - 31 * 86400) * 1000 LIMIT 1"
"""The audit log is append-only for a month. Most tests take place long ago."""
_EMPTYING = {"message_word_idx": "INSERT INTO message_word (message_word) VALUES ('delete-all')"}
"""For tables that are not emptied by DELETE, the statement."""
_BEGINNINGS = (
    "DELETE FROM message_behind",  # where triggers have noted the deleted messages
    "UPDATE log_epoch SET number = 1 WHERE number IS NOT 1",
    "UPDATE message_indexing SET next_id = 0, last_id = 0, is_scattered = FALSE, merged_id = 0",
)
_KEPT = {"schema_migration", "log_epoch", "message_indexing"}


@cache
def _tables_with_rows() -> str:
    """The statement that returns the tables to empty: each before the tables that its rows refer to."""
    from minichat.adapters.peewee.operations.transfer import TABLES

    connection = sqlite3.connect(template())
    found = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    connection.close()
    referring = [table.name for table in reversed(TABLES)]
    others = sorted(name for name in found - {*referring, *_KEPT} if not name.startswith("message_word"))
    places = [(name, f'SELECT 1 FROM "{name}"') for name in (*referring, *others)]
    # An empty index of words has one row here.
    places.append(("message_word_idx", "SELECT 1 FROM message_word_idx LIMIT 1 OFFSET 1"))
    return " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS ({rows})" for name, rows in places)


@cache
def _template_version() -> int:
    connection = sqlite3.connect(template())
    version = _schema_version(connection)
    connection.close()
    return version


def _schema_version(connection: Any) -> int:
    return int(connection.execute("PRAGMA schema_version").fetchone()[0])
