"""The function that looks up words in blocks of messages: see `stores.postgres_message_search`."""

from playhouse.migrate import SchemaMigrator

from minichat.adapters.peewee.engine.database import ChatDatabase

# One bitmap for all blocks, because then each page of the table is read once, and in the order of memory. The planner
# knows neither the number of blocks nor of their matches, and would prefer to compute the lexemes of every message. So
# it may only use bitmaps, and enough memory for exact ones. The addition of zero keeps it from the primary key.
FUNCTION = """
CREATE FUNCTION message_candidates(
    sought TSQUERY[], room_ids BIGINT[], blocks BIGINT[], first_seqs BIGINT[], newest_ids BIGINT[],
    after_id BIGINT, patterns TEXT[], most INTEGER
) RETURNS SETOF BIGINT LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off SET enable_nestloop = off
SET plan_cache_mode = force_generic_plan SET work_mem = '64MB'
AS $$
BEGIN
    RETURN QUERY SELECT near.message_id FROM (
        SELECT room_id, message_id, seq, words FROM message_word
        WHERE message_lexemes(room_id, seq, words) @@ ANY (sought)
        AND message_id + 0 > after_id AND message_id + 0 <= newest_ids[1] OFFSET 0
    ) AS near
    JOIN unnest(room_ids, blocks, first_seqs, newest_ids) AS asked (room_id, block, first_seq, newest_id)
    ON near.room_id = asked.room_id AND near.seq >> 12 = asked.block
    WHERE near.message_id <= asked.newest_id AND near.seq >= asked.first_seq
    AND (cardinality(patterns) = 0 OR replace(near.words, '.', '') LIKE ALL (patterns))
    ORDER BY near.message_id DESC LIMIT most;
END
$$;
COMMENT ON FUNCTION message_candidates IS
    'The newest messages after after_id with the sought words in these blocks, the newest block first'
"""


def up(_migrator: SchemaMigrator, db: ChatDatabase) -> None:
    """Create the function."""
    db.execute_sql(FUNCTION)
