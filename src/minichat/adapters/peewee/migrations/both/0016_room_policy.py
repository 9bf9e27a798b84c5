"""The policy of rooms: the access to writing, the cooldown between messages, and the access to the history."""

from playhouse.migrate import SchemaMigrator

from minichat.adapters.peewee.engine.database import ChatDatabase

STATEMENTS = (
    "ALTER TABLE room ADD COLUMN write TEXT NOT NULL DEFAULT 'all' CHECK (write IN ('all', 'moderators'))",
    "ALTER TABLE room ADD COLUMN cooldown INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE room ADD COLUMN history TEXT NOT NULL DEFAULT 'all' CHECK (history IN ('all', 'joined'))",
)


def up(_migrator: SchemaMigrator, db: ChatDatabase) -> None:
    """Add the columns. In older rooms everybody writes and reads everything, as before."""
    for statement in STATEMENTS:
        db.execute_sql(statement)
