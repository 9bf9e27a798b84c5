"""Lists of rooms are ordered by activity instead of time, and unread counts leave deleted messages out."""

from playhouse.migrate import SchemaMigrator

from minichat.adapters.peewee.engine.database import ChatDatabase

STATEMENTS = (
    "ALTER TABLE room ADD COLUMN activity BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE room ADD COLUMN deleted_seq BIGINT NOT NULL DEFAULT 0",
    "CREATE INDEX message_deleted ON message (room_id, seq) WHERE is_deleted",
    # A room without messages comes after the room that was active before it.
    """
    WITH newest AS (
        SELECT room.id, room.active_at, message.id AS message_id
        FROM room LEFT JOIN message ON message.room_id = room.id AND message.seq = room.last_seq
    ), placed AS (
        SELECT id, message_id, coalesce(max(message_id) OVER (ORDER BY active_at, id), 0) AS last_id FROM newest
    )
    UPDATE room SET activity = coalesce(2 * placed.message_id, 2 * placed.last_id + 1)
    FROM placed WHERE placed.id = room.id
    """,
    """
    UPDATE room SET deleted_seq = newest.seq
    FROM (SELECT room_id, max(seq) AS seq FROM message WHERE is_deleted GROUP BY room_id) AS newest
    WHERE newest.room_id = room.id
    """,
    "DROP INDEX room_public_activity",
    """
    CREATE INDEX room_public_activity ON room (activity, id)
    WHERE kind = 'group' AND NOT is_private AND deleted_at IS NULL
    """,
)


def up(_migrator: SchemaMigrator, db: ChatDatabase) -> None:
    """Add the columns, and compute their values for existing rooms."""
    for statement in STATEMENTS:
        db.execute_sql(db.dialect.choose(sqlite=statement.replace("BIGINT", "INTEGER"), postgres=statement))
