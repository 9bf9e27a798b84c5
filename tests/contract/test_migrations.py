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
