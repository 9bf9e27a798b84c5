"""The search index of messages, still without rows: see `stores.postgres_message_index`."""

from playhouse.migrate import SchemaMigrator

from minichat.adapters.peewee.engine.database import ChatDatabase

INDEX = """
-- The words of each message that is not deleted, with a space around each word and a dot before its last character.
-- The first word is the author.
CREATE TABLE message_word (
    room_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    words TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (room_id, message_id)
);

-- The words with their room and block of 4,096 messages. PostgreSQL inlines a function of this simple form.
CREATE FUNCTION message_lexemes(room_id BIGINT, seq BIGINT, words TEXT) RETURNS TSVECTOR LANGUAGE sql IMMUTABLE
RETURN array_to_tsvector(string_to_array(
    substr(replace(rtrim(words), ' ', ' ' || to_hex(room_id) || '.' || to_hex(seq >> 12) || '.'), 2), ' '
));
CREATE INDEX message_word_lexemes ON message_word USING gin (message_lexemes(room_id, seq, words))
    WITH (fastupdate = off);
"""
FILLING = """
ALTER TABLE message ADD COLUMN is_indexed BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE message_indexing (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    next_id BIGINT NOT NULL,
    last_id BIGINT NOT NULL
);
COMMENT ON TABLE message_indexing IS 'One row, if the index lacks the messages up to last_id and below next_id';
INSERT INTO message_indexing SELECT 1, max(id) + 1, max(id) FROM message HAVING max(id) IS NOT NULL;

CREATE TABLE message_behind (
    message_id BIGINT PRIMARY KEY
);
COMMENT ON TABLE message_behind IS 'Other messages that the index lacks';

CREATE SEQUENCE message_word_round;
CREATE TABLE message_word_removal (
    round BIGINT PRIMARY KEY
);
COMMENT ON TABLE message_word_removal IS 'The rounds of `minichat prune` in which a word was removed from message_word';
"""
# A server of an earlier version, which still runs, knows nothing of the index. So triggers remove words, and note the
# messages that the index lacks. A step of the filling locks the row of message_indexing: it must not store the words of
# a message that changes meanwhile.
TRIGGERS = """
CREATE FUNCTION message_is_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO message_behind SELECT NEW.id
        WHERE NOT EXISTS (SELECT 1 FROM message_indexing WHERE NEW.id <= last_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER message_is_not_indexed AFTER INSERT ON message
    FOR EACH ROW WHEN (NOT NEW.is_indexed) EXECUTE FUNCTION message_is_added();

CREATE FUNCTION message_is_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM message_indexing FOR SHARE;
    DELETE FROM message_word WHERE room_id = NEW.room_id AND message_id = NEW.id;
    IF FOUND THEN
        INSERT INTO message_word_removal SELECT last_value FROM message_word_round ON CONFLICT DO NOTHING;
    END IF;
    IF NEW.is_deleted THEN
        DELETE FROM message_behind WHERE message_id = NEW.id;
    ELSE
        INSERT INTO message_behind SELECT NEW.id
            WHERE NOT EXISTS (SELECT 1 FROM message_indexing WHERE NEW.id < next_id AND NEW.id <= last_id)
            ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER message_is_changed AFTER UPDATE OF content, is_deleted ON message
    FOR EACH ROW WHEN (NEW.content <> OLD.content OR NEW.is_deleted <> OLD.is_deleted)
    EXECUTE FUNCTION message_is_changed();

CREATE FUNCTION messages_are_swept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM message_indexing FOR SHARE;
    DELETE FROM message_word AS word USING swept WHERE word.room_id = swept.room_id AND word.message_id = swept.id;
    IF FOUND THEN
        INSERT INTO message_word_removal SELECT last_value FROM message_word_round ON CONFLICT DO NOTHING;
    END IF;
    DELETE FROM message_behind USING swept WHERE message_id = swept.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER messages_are_swept AFTER DELETE ON message REFERENCING OLD TABLE AS swept
    FOR EACH STATEMENT EXECUTE FUNCTION messages_are_swept();
"""


def up(_migrator: SchemaMigrator, db: ChatDatabase) -> None:
    """Create the index, the state of its filling, and the triggers that keep it true."""
    for statements in (INDEX, FILLING, TRIGGERS):
        db.execute_sql(statements)
