"""Lists of rooms are ordered by activity instead of time, and unread counts leave deleted messages out."""

from playhouse.migrate import SchemaMigrator

from minichat.adapters.peewee.engine.database import ChatDatabase

STATEMENTS = (
    # First, because it takes longest: a server of an earlier version still reads meanwhile. The others lock all rooms.
    "CREATE INDEX message_deleted ON message (room_id, seq) WHERE is_deleted",
    "ALTER TABLE room ADD COLUMN activity BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE room ADD COLUMN deleted_seq BIGINT NOT NULL DEFAULT 0",
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

# A server of an earlier version, which still runs, knows nothing of the new columns. So the database sets them for it.
# Every send of this version changes `activity`, and every room that it adds has one.
SQLITE_TRIGGERS = (
    """
    CREATE TRIGGER room_is_added AFTER INSERT ON room WHEN NEW.activity = 0 BEGIN
        UPDATE room SET activity = 2 * coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'message'), 0) + 1
        WHERE id = NEW.id;
    END
    """,
    """
    CREATE TRIGGER room_is_active AFTER UPDATE OF last_seq ON room
    WHEN NEW.last_seq > OLD.last_seq AND NEW.activity = OLD.activity BEGIN
        UPDATE room SET activity = 2 * coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'message'), 0) + 2
        WHERE id = NEW.id;
    END
    """,
    """
    CREATE TRIGGER message_is_deleted AFTER UPDATE OF is_deleted ON message
    WHEN NEW.is_deleted AND NOT OLD.is_deleted BEGIN
        UPDATE room SET deleted_seq = NEW.seq WHERE id = NEW.room_id AND deleted_seq < NEW.seq;
    END
    """,
)
# The earlier version updates the room before the message has its id. Of two sends at once, one may get a lower number.
POSTGRES_TRIGGERS = (
    """
    CREATE FUNCTION room_is_active() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.activity := (SELECT CASE WHEN is_called THEN 2 * last_value ELSE 0 END FROM message_id_seq);
        NEW.activity := NEW.activity + CASE TG_OP WHEN 'INSERT' THEN 1 ELSE 2 END;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER room_is_added BEFORE INSERT ON room
    FOR EACH ROW WHEN (NEW.activity = 0) EXECUTE FUNCTION room_is_active()
    """,
    """
    CREATE TRIGGER room_is_active BEFORE UPDATE OF last_seq ON room FOR EACH ROW
    WHEN (NEW.last_seq > OLD.last_seq AND NEW.activity = OLD.activity) EXECUTE FUNCTION room_is_active()
    """,
    """
    CREATE FUNCTION message_is_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE room SET deleted_seq = NEW.seq WHERE id = NEW.room_id AND deleted_seq < NEW.seq;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER message_is_deleted AFTER UPDATE OF is_deleted ON message
    FOR EACH ROW WHEN (NEW.is_deleted AND NOT OLD.is_deleted) EXECUTE FUNCTION message_is_deleted()
    """,
)


def up(_migrator: SchemaMigrator, db: ChatDatabase) -> None:
    """Add the columns, and compute their values for existing rooms."""
    for statement in STATEMENTS:
        db.execute_sql(db.dialect.choose(sqlite=statement.replace("BIGINT", "INTEGER"), postgres=statement))
    for trigger in db.dialect.choose(sqlite=SQLITE_TRIGGERS, postgres=POSTGRES_TRIGGERS):
        db.execute_sql(trigger)
