"""Messages that are changed and deleted, and users who are kept out of rooms."""

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
    # What an account's export shows and its erasure forgets.
    "CREATE INDEX ban_user ON ban (user_id, id)",
    "CREATE INDEX ban_by ON ban (banned_by) WHERE banned_by IS NOT NULL",
    # What was first sent under a client_id, since it was changed: a repetition is told by it.
    "ALTER TABLE message ADD COLUMN first_digest TEXT",
    "CREATE INDEX message_first_digest ON message (user_id) WHERE first_digest IS NOT NULL",
)


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Add what is new."""
    for statement in STATEMENTS:
        db.execute_sql(statement)
