"""The search index of messages, still without rows: see `stores.sqlite_message_index`."""

from playhouse.migrate import SchemaMigrator

from minichat.adapters.peewee.engine.database import ChatDatabase

BALLAST = 10_000
"""Number of words that the index counts besides those of messages."""
NO_ROOM = "\x80"
"""The character of no room: ids begin at 1."""
# The index holds the messages from `next_id` on, but those in `message_behind`.
IS_IN_INDEX = """
    OLD.id >= (SELECT next_id FROM message_indexing)
"""
STATEMENTS = (
    # The tokenizer splits at spaces alone: a word has no other character of ASCII than letters, digits, # and *.
    """
    CREATE VIRTUAL TABLE message_word USING fts5 (
        words, content = '', columnsize = 0, detail = none, prefix = '2 3 4', tokenize = "ascii tokenchars '#*'"
    )
    """,
    # A deleted word leaves the index at once, and not when two parts of the index are merged some day.
    "INSERT INTO message_word (message_word, rank) VALUES ('secure-delete', 1)",
    # FTS5 counts words, and takes it for damage if more are removed than were added. If a later version of Unicode
    # finds more words in an old message, this must not happen.
    f"INSERT INTO message_word (rowid, words) VALUES (0, '{' '.join(BALLAST * [NO_ROOM])}')",  # noqa: S608 - a constant
    """
    CREATE TABLE message_indexing (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        next_id INTEGER NOT NULL,
        last_id INTEGER NOT NULL,
        is_scattered INTEGER NOT NULL DEFAULT FALSE,
        merged_id INTEGER NOT NULL DEFAULT 0
    ) STRICT
    """,
    """
    INSERT INTO message_indexing (id, next_id, last_id)
    SELECT 1, coalesce(max(id) + 1, 0), coalesce(max(id), 0) FROM message
    """,
    """
    CREATE TABLE message_behind (
        message_id INTEGER PRIMARY KEY,
        room_id INTEGER NOT NULL,
        user_id INTEGER NOT NULL,
        content TEXT
    ) STRICT
    """,
    """
    CREATE TRIGGER message_is_not_indexed AFTER INSERT ON message
    WHEN NEW.id > (SELECT last_id FROM message_indexing) BEGIN
        INSERT INTO message_behind VALUES (NEW.id, NEW.room_id, NEW.user_id, NULL);
    END
    """,
    """
    CREATE TRIGGER message_is_changed AFTER UPDATE OF content, is_deleted ON message
    WHEN (NEW.content <> OLD.content OR NEW.is_deleted <> OLD.is_deleted) AND IS_IN_INDEX BEGIN
        INSERT OR IGNORE INTO message_behind VALUES (OLD.id, OLD.room_id, OLD.user_id, OLD.content);
    END
    """,
    """
    CREATE TRIGGER message_is_swept AFTER DELETE ON message WHEN NOT OLD.is_deleted AND IS_IN_INDEX BEGIN
        INSERT OR IGNORE INTO message_behind VALUES (OLD.id, OLD.room_id, OLD.user_id, OLD.content);
    END
    """,
)


def up(_migrator: SchemaMigrator, db: ChatDatabase) -> None:
    """Create the index, the state of its filling, and the list of messages that it holds in another version or not.

    Triggers fill the list: a server of an earlier version, which still runs, knows nothing of the index.
    """
    for statement in STATEMENTS:
        db.execute_sql(statement.replace("IS_IN_INDEX", IS_IN_INDEX))
