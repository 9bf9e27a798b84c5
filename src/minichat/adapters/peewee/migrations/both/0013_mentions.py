"""Mentions of people in messages, and notification levels."""

from playhouse.migrate import SchemaMigrator

from minichat.adapters.peewee.engine.database import ChatDatabase

SQLITE_MENTION = """
    CREATE TABLE mention (
        message_id INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
        user_id INTEGER NOT NULL REFERENCES user (id),
        room_id INTEGER NOT NULL,
        is_by_id INTEGER NOT NULL,
        PRIMARY KEY (message_id, user_id)
    ) STRICT, WITHOUT ROWID
"""
POSTGRES_MENTION = """
    CREATE TABLE mention (
        message_id BIGINT NOT NULL REFERENCES message (id) ON DELETE CASCADE,
        user_id BIGINT NOT NULL REFERENCES "user" (id),
        room_id BIGINT NOT NULL,
        is_by_id BOOLEAN NOT NULL,
        PRIMARY KEY (message_id, user_id)
    )
"""
STATEMENTS = (
    "CREATE INDEX mention_user ON mention (user_id, room_id, message_id)",
    "ALTER TABLE message ADD COLUMN has_mentions {boolean} NOT NULL DEFAULT FALSE",
    "ALTER TABLE message ADD COLUMN mentions_all {boolean} NOT NULL DEFAULT FALSE",
    "CREATE INDEX message_to_all ON message (room_id, id) WHERE mentions_all",
    "ALTER TABLE room ADD COLUMN all_mentioned_seq {integer} NOT NULL DEFAULT 0",
    "ALTER TABLE participant ADD COLUMN mentioned_seq {integer} NOT NULL DEFAULT 0",
    "ALTER TABLE participant ADD COLUMN notify TEXT NOT NULL DEFAULT 'all'",
    "ALTER TABLE participant ADD COLUMN muted_at {integer}",
    "ALTER TABLE participant ADD COLUMN muted_until {integer}",
)


def up(_migrator: SchemaMigrator, db: ChatDatabase) -> None:
    """Add the table of mentions, and columns of messages, rooms and participants. Older messages mention nobody."""
    db.execute_sql(db.dialect.choose(sqlite=SQLITE_MENTION, postgres=POSTGRES_MENTION))
    boolean, integer = db.dialect.choose(sqlite=("INTEGER", "INTEGER"), postgres=("BOOLEAN", "BIGINT"))
    for statement in STATEMENTS:
        db.execute_sql(statement.format(boolean=boolean, integer=integer))
