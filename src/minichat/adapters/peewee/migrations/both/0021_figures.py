"""Figures about the use of the server."""

from playhouse.migrate import SchemaMigrator

from minichat.adapters.peewee.engine.database import ChatDatabase

TABLES = """
    CREATE TABLE figure (
        period {id} NOT NULL,
        figure TEXT NOT NULL,
        number {id} NOT NULL,
        PRIMARY KEY (period, figure)
    ) {by_key};

    CREATE TABLE activity (
        user_id {id} PRIMARY KEY REFERENCES "user" (id),
        hour {id} NOT NULL,
        day {id} NOT NULL
    ) {options}
"""


def up(_migrator: SchemaMigrator, db: ChatDatabase) -> None:
    """Create the counts of each period, and the latest active hour and day of each user."""
    words = db.dialect.choose(
        sqlite={"id": "INTEGER", "options": "STRICT", "by_key": "STRICT, WITHOUT ROWID"},
        postgres={"id": "BIGINT", "options": "", "by_key": ""},
    )
    for statement in TABLES.format(**words).split(";\n"):
        db.execute_sql(statement)
