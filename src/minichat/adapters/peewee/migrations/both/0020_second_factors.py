"""Second factors of administrators, and the sessions of the administration."""

from playhouse.migrate import SchemaMigrator

from minichat.adapters.peewee.engine.database import ChatDatabase

TABLES = """
    CREATE TABLE second_factor (
        user_id {id} PRIMARY KEY REFERENCES "user" (id),
        secret TEXT NOT NULL,
        created_at {id} NOT NULL,
        session_id {id} NOT NULL,
        confirmed_at {id}
    ) {options};

    CREATE TABLE used_step (
        user_id {id} NOT NULL REFERENCES "user" (id),
        step {id} NOT NULL,
        PRIMARY KEY (user_id, step)
    ) {by_key};

    CREATE TABLE recovery_code (
        user_id {id} NOT NULL REFERENCES "user" (id),
        hash TEXT NOT NULL,
        PRIMARY KEY (user_id, hash)
    ) {by_key};

    CREATE TABLE administration_session (
        session_id {id} PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,
        is_proved {boolean} NOT NULL
    ) {options}
"""


def up(_migrator: SchemaMigrator, db: ChatDatabase) -> None:
    """Create the tables. A mark of a session is deleted with it."""
    words = db.dialect.choose(
        sqlite={"id": "INTEGER", "boolean": "INTEGER", "options": "STRICT", "by_key": "STRICT, WITHOUT ROWID"},
        postgres={"id": "BIGINT", "boolean": "BOOLEAN", "options": "", "by_key": ""},
    )
    for statement in TABLES.format(**words).split(";\n"):
        db.execute_sql(statement)
