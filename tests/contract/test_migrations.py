"""Migrations for one kind of database, and for both."""

import shutil
from pathlib import Path

import pytest

from minichat.adapters.peewee import open_database
from minichat.adapters.peewee.operations import migrate
from postgres import shared

ADDS_A_TABLE = """
def up(_migrator, db):
    db.execute_sql("CREATE TABLE bookmark (user_id BIGINT NOT NULL, message_id BIGINT NOT NULL)")
"""


OLD_ROOMS = """
INSERT INTO room (id, name, description, kind, is_private, created_at, active_at, last_seq)
VALUES (1, 'used later', '', 'group', FALSE, 100, 900, 2), (2, 'used first', '', 'group', FALSE, 200, 9000, 1),
    (3, 'old', '', 'group', FALSE, 50, 50, 0), (4, 'new', '', 'group', FALSE, 9500, 9500, 0),
    (5, 'new too', '', 'group', TRUE, 9500, 9500, 0)
"""
OLD_MESSAGES = """
INSERT INTO message (id, room_id, seq, user_id, content, created_at, is_deleted)
VALUES (7, 2, 1, 1, 'by a fast clock', 9000, FALSE), (8, 1, 1, 1, '', 800, TRUE), (9, 1, 2, 1, 'hello', 900, FALSE)
"""
ADA = "INSERT INTO {} (id, username, username_key, password_hash, joined_at) VALUES (1, 'ada', 'ada', '', 1)"

NEW_MESSAGES = """
INSERT INTO message (id, room_id, seq, user_id, content, created_at, is_deleted)
VALUES (5, 1, 1, 1, 'one', 100, FALSE), (6, 1, 2, 1, 'two', 100, FALSE), (7, 1, 3, 1, 'three', 100, FALSE)
"""
NEW_ROOM = """
INSERT INTO room (id, name, description, kind, is_private, created_at, active_at, last_seq)
VALUES ({}, 'room', '', 'group', FALSE, 100, 100, 0)
"""


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of migrations for both kinds of database, in a copy of all migrations."""
    copied = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, copied)
    monkeypatch.setattr(migrate, "MIGRATIONS", copied)
    (copied / "both").mkdir(exist_ok=True)
    return copied / "both"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_migration_for_both_databases_runs_after_those_for_one(both: Path, kind: str, tmp_path: Path) -> None:
    (both / "0900_bookmarks.py").write_text(ADDS_A_TABLE)
    url = f"sqlite:///{tmp_path}/chat.sqlite3" if kind == "sqlite" else shared().url()
    database = open_database(url)
    try:
        assert migrate.upgrade(database)[-1] == "0900_bookmarks"
        assert migrate.missing(database) == []
        assert database.execute_sql("SELECT COUNT(*) FROM bookmark").fetchone() == (0,)
    finally:
        database.close_connections()
    assert set(migrate.schema().values()) == {"0900_bookmarks"}


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_rooms_of_earlier_versions_are_ordered_by_their_last_messages(
    both: Path, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in both.glob("*.py"):
        name.unlink()
    database = open_database(f"sqlite:///{tmp_path}/chat.sqlite3" if kind == "sqlite" else shared().url())
    try:
        migrate.upgrade(database)
        with database.writing():
            for statement in (ADA.format('"user"'), OLD_ROOMS, OLD_MESSAGES):
                database.execute_sql(statement)
        monkeypatch.undo()
        assert "0009_activity" in migrate.upgrade(database)
        rows = database.execute_sql("SELECT name, deleted_seq FROM room ORDER BY activity DESC, id DESC").fetchall()
        assert rows == [("new too", 0), ("new", 0), ("used later", 1), ("used first", 0), ("old", 0)]
    finally:
        database.close_connections()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_writes_of_an_earlier_version_that_still_runs_count_for_order_and_unread(kind: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/chat.sqlite3" if kind == "sqlite" else shared().url()
    database = open_database(url)

    def run(statement: str) -> None:
        with database.writing():
            database.execute_sql(statement)

    def rooms(column: str, order: str) -> list[int]:
        return [row[0] for row in database.execute_sql(f"SELECT {column} FROM room ORDER BY {order}").fetchall()]

    def message_ids_are_taken() -> None:
        if kind == "postgres":
            run("SELECT setval('message_id_seq', (SELECT max(id) FROM message))")

    try:
        migrate.upgrade(database)
        run(ADA.format('"user"'))
        run(NEW_ROOM.format(1))
        run(NEW_MESSAGES)
        message_ids_are_taken()
        run(NEW_ROOM.format(2))
        assert rooms("id", "activity DESC") == [2, 1]
        run(NEW_ROOM.format(3))
        run("UPDATE room SET last_seq = last_seq + 1, active_at = 100 WHERE id = 1")
        run(NEW_MESSAGES.replace("(5, 1, 1, 1,", "(8, 1, 4, 1,").partition(", (6")[0])
        message_ids_are_taken()
        assert rooms("id", "activity DESC, id DESC")[0] == 1
        run("UPDATE room SET last_seq = last_seq + 1, active_at = 100 WHERE id = 2")
        assert rooms("id", "activity DESC, id DESC")[0] == 2
        run("UPDATE message SET is_deleted = TRUE WHERE id = 7")
        run("UPDATE message SET is_deleted = TRUE WHERE id = 6")
        run("UPDATE message SET content = 'edited', is_deleted = FALSE WHERE id = 5")
        assert rooms("deleted_seq", "id") == [3, 0, 0]
    finally:
        database.close_connections()
