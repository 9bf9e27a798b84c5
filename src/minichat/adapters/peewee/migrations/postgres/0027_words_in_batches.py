"""The search index of messages takes new words in batches, which costs a send half of the time."""

from playhouse.migrate import SchemaMigrator

from minichat.adapters.peewee.engine.database import ChatDatabase

# A new message changes about ten places of the index, each on another page. So GIN collects new words in a list, which
# every search reads as well, and merges the list into the index when a batch is complete. The list must stay short: a
# search in 200 rooms reads 30 messages of it in 1 ms, and 400 in 30 ms. A long message does not wait for others:
# merging a batch of them would take the time of one message many times over.
#
# Only the owner of an index may merge its list, and the role of a server need not be the owner.
STATEMENTS = """
ALTER INDEX message_word_lexemes SET (fastupdate = on);

CREATE FUNCTION message_words_are_a_batch() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM gin_clean_pending_list('message_word_lexemes');
    RETURN NULL;
END
$$;
CREATE TRIGGER message_words_are_a_batch AFTER INSERT OR UPDATE ON message_word
    FOR EACH ROW WHEN (NEW.message_id % 32 = 0 OR length(NEW.words) > 1000)
    EXECUTE FUNCTION message_words_are_a_batch();
"""


def up(_migrator: SchemaMigrator, db: ChatDatabase) -> None:
    """Let the index collect words, and merge them after every 32nd message."""
    db.execute_sql(STATEMENTS)
