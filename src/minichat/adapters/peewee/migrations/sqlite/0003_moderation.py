"""Edited and deleted messages, and bans."""

from peewee import Database
from playhouse.migrate import SchemaMigrator

STATEMENTS = (
    """
    CREATE TABLE ban (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        room_id INTEGER NOT NULL REFERENCES room (id),
        user_id INTEGER NOT NULL REFERENCES user (id),
        banned_by INTEGER REFERENCES user (id),
        banned_at INTEGER NOT NULL,
        UNIQUE (room_id, user_id)
    ) STRICT
    """,
    "CREATE INDEX ban_newest ON ban (room_id, id)",
    # For the export and the erasure of an account.
    "CREATE INDEX ban_user ON ban (user_id, id)",
    "CREATE INDEX ban_by ON ban (banned_by) WHERE banned_by IS NOT NULL",
    # The digest of the first content of an edited message: a retried send is compared with it.
    "ALTER TABLE message ADD COLUMN first_digest TEXT",
    "CREATE INDEX message_first_digest ON message (user_id) WHERE first_digest IS NOT NULL",
)


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        db.execute_sql(statement)
