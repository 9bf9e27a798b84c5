"""The search index of messages on PostgreSQL: the table `message_word`, and a GIN index on its words.

`stores.postgres_message_search` describes the words. `message_indexing` and `message_behind` hold what the index lacks.
Triggers remove the words of a message that is edited, deleted or swept: see migration 0011. This module holds no rule.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Row, Statement
from minichat.adapters.peewee.stores.postgres_message_search import (
    IndexState,
    PostgresMessageSearch,
    array,
    stored_words,
)
from minichat.domain.errors import IndexBuilding, Unavailable
from minichat.domain.message_words import index_words, searchable_text
from minichat.domain.model import MAX_ID, FoundMessages, Message, MessageQuery, ReadableRoom
from minichat.domain.ports import Characters

MAX_TEXT = 50_000
"""Number of characters that one step of the filling indexes. Edits wait for a step."""

_COLUMNS = ("room_id", "message_id", "seq", "words")
_MESSAGES = "SELECT id, room_id, seq, user_id, content FROM message"
_PROGRESS = """
    SELECT coalesce((SELECT max(id) FROM message), 0)::bigint,
        (SELECT count(*) FROM message_behind) + coalesce((SELECT next_id - 1 FROM message_indexing), 0)
"""
_STATE = """
    SELECT coalesce((SELECT max(id) FROM message), 0),
        (SELECT coalesce(sum(last_seq), 0)::bigint FROM room WHERE id = ANY (:room_ids::bigint[])),
        EXISTS (SELECT 1 FROM message_indexing), EXISTS (SELECT 1 FROM message_behind)
"""
_ADD = """
    INSERT INTO message_word (room_id, message_id, seq, words) VALUES (:room_id, :id, :seq, :words)
    ON CONFLICT (room_id, message_id) DO UPDATE SET words = excluded.words
"""
_BEGIN_AGAIN = """
    INSERT INTO message_indexing (id, next_id, last_id)
    SELECT 1, last + 1, last FROM (SELECT coalesce(:last_id, max(id), 0) FROM message) AS newest (last)
"""


def begin_again(database: ChatDatabase, *, is_empty: bool) -> None:
    """Do what `stores.message_index.begin_again` says."""
    # Beforehand, all future messages count as noted, so the triggers note none of them.
    database.execute_sql("TRUNCATE message_word, message_behind, message_indexing")
    Statement.of_text(database, _BEGIN_AGAIN).run(last_id=MAX_ID if is_empty else None)


class PostgresMessageIndex:
    def __init__(self, database: ChatDatabase, characters: Characters) -> None:
        self._database = database
        self._characters = characters
        self._search = PostgresMessageSearch(database, characters)

        def statement(text: str) -> Statement:
            return Statement.of_text(database, text)

        # Changes, in the caller's transaction
        self._add = statement(_ADD)
        # An edit of the message waits until its words are stored, and then removes them again.
        self._present = statement(
            "SELECT message.id, room_id, seq, user_id, content FROM message_behind "
            "JOIN message ON message.id = message_id "
            "WHERE message_id = ANY (:ids::bigint[]) AND NOT is_deleted FOR SHARE OF message"
        )
        self._forget = statement("DELETE FROM message_behind WHERE message_id = ANY (:ids::bigint[])")

        # The filling, in transactions of its own
        self._some_behind = statement("SELECT message_id FROM message_behind ORDER BY message_id LIMIT :limit")
        self._progress = statement(_PROGRESS)
        self._state_of_filling = statement("SELECT next_id FROM message_indexing")
        self._own_state_of_filling = statement("SELECT next_id FROM message_indexing FOR UPDATE")
        self._older = statement(f"{_MESSAGES} WHERE id < :next_id AND NOT is_deleted ORDER BY id DESC LIMIT :limit")
        self._among = statement(f"{_MESSAGES} WHERE id >= :first_id AND id < :next_id AND NOT is_deleted ORDER BY id")
        self._proceed = statement("UPDATE message_indexing SET next_id = :next_id")
        self._complete = statement("DELETE FROM message_indexing")

        # The removal of words, noted by triggers
        self._next_round = statement(
            "SELECT setval('message_word_round', last_value + 1), EXISTS (SELECT 1 FROM message_word_removal) "
            "FROM message_word_round"
        )
        self._end_rounds = statement("DELETE FROM message_word_removal WHERE round < :round")
        self._invalid_indexes = statement(
            "SELECT indexrelid::regclass::text FROM pg_index "
            "WHERE indrelid = 'message_word'::regclass AND NOT indisvalid"
        )

        # The search
        self._state = statement(_STATE)

    # Changes, in the caller's transaction

    def words(self, room_id: int, user_id: int, content: str) -> str:
        """Return the words of a message as the index stores them."""
        return stored_words(user_id, index_words(searchable_text(content, self._characters)))

    def add(self, message: Message) -> None:
        """Index a new message."""
        words = self.words(message.room_id, message.user_id, message.content)
        self._add.run(room_id=message.room_id, id=message.id, seq=message.seq, words=words)

    def refresh(self, message_ids: Collection[int]) -> None:
        """Index the present content of changed messages. Triggers have removed the former words."""
        ids = list(message_ids)
        for message_id, room_id, seq, user_id, content in self._present.rows(ids=ids):
            self._add.run(room_id=room_id, id=message_id, seq=seq, words=self.words(room_id, user_id, content))
        self._forget.run(ids=ids)

    def drop(self, message_ids: Collection[int]) -> None:
        """Do nothing more than `refresh`: triggers have removed the words."""
        self.refresh(message_ids)

    # The filling, in transactions of its own

    def progress(self) -> tuple[int, int]:
        """Return how many messages are indexed, of how many, as estimated by their ids."""
        row = self._progress.one()
        assert row is not None, "a SELECT without a table returns a row"
        total, left = row
        return max(total - left, 0), total

    def fill(self, limit: int) -> int:
        """Index up to `limit` more messages, the newest first; return how many, 0 if all are in the index.

        Several processes may do this at once.
        """
        behind = [message_id for (message_id,) in self._some_behind.rows(limit=limit)]
        if behind:
            with self._database.writing():
                self.refresh(behind)
            return len(behind)
        next_id = self._next_id(self._state_of_filling)
        if next_id is None:
            return 0
        older = self._older.rows(next_id=next_id, limit=limit)
        rows = list(_up_to(MAX_TEXT, older))
        is_last = len(rows) == len(older) < limit
        # Edits wait for the transaction, so splitting comes before it.
        split = {row: self._line(row) for row in rows}
        first_id = rows[-1][0] if rows else next_id
        with self._database.writing():
            if self._next_id(self._own_state_of_filling) == next_id:  # otherwise another process has indexed them
                present = self._among.rows(first_id=first_id, next_id=next_id)
                self._database.dialect.insert_rows(
                    self._database, "message_word", _COLUMNS, [split.get(row) or self._line(row) for row in present]
                )
                if is_last:
                    self._complete.run()
                else:
                    self._proceed.run(next_id=first_id)
        return len(rows)

    def _next_id(self, state: Statement) -> int | None:
        row = state.one()
        return None if row is None else row[0]

    def _line(self, row: Row) -> Row:
        """Return the values of `_COLUMNS` for a message."""
        message_id, room_id, seq, user_id, content = row
        return room_id, message_id, seq, self.words(room_id, user_id, content)

    def is_scattered(self) -> bool:
        return False

    def merge(self, *, is_first: bool) -> bool:
        """Do nothing: GIN has one part."""
        return False

    def purge(self) -> bool:
        """Build the GIN index anew if words were removed since the last time: it keeps a key without messages."""
        row = self._next_round.one()
        assert row is not None, "a sequence has one row"
        current_round, has_removed = row
        if not has_removed:
            return False
        # An interrupted run leaves an invalid index behind.
        remains = [f"DROP INDEX CONCURRENTLY IF EXISTS {name}" for (name,) in self._invalid_indexes.rows()]
        try:
            self._database.maintain(*remains, "REINDEX INDEX CONCURRENTLY message_word_lexemes", "VACUUM message_word")
        except Unavailable as error:
            if error.is_conflict:  # a deadlock with another process that does the same
                return False
            raise
        with self._database.writing():
            self._end_rounds.run(round=current_round)
        return True

    # The search

    def search(
        self,
        query: MessageQuery,
        rooms: Sequence[ReadableRoom],
        limit: int,
        *,
        author_id: int | None = None,
        before: int | None = None,
    ) -> FoundMessages:
        row = self._state.one(room_ids=array(room.room_id for room in rooms))
        assert row is not None, "a query without FROM returns one row"
        newest_id, messages, is_building, has_behind = row
        if is_building:
            raise IndexBuilding
        before = newest_id + 1 if before is None else min(before, newest_id + 1)
        state = IndexState(messages / max(1, newest_id), has_behind)
        return self._search.find(query, rooms, limit, author_id, before, state)


def _up_to(characters: int, rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the first rows whose contents, the last column, have that many characters together, at least one row."""
    total = 0
    for row in rows:
        total += len(row[-1])
        if total > characters and total > len(row[-1]):
            return
        yield row
