"""The search index of messages on SQLite: FTS5 without a copy of the texts, whose rowid is the id of the message.

`stores.sqlite_message_search` describes its words. `message_indexing` and `message_behind` hold the messages that
the index lacks: see migration 0011. This module holds no rule.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

import orjson

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Row, Statement
from minichat.adapters.peewee.stores.sqlite_message_search import (
    SqliteMessageSearch,
    author_character,
    room_character,
)
from minichat.domain.errors import IndexBuilding
from minichat.domain.message_words import index_words, searchable_text
from minichat.domain.model import MAX_ID, FoundMessages, Message, MessageQuery, ReadableRoom
from minichat.domain.ports import Characters

MAX_TEXT = 50_000
"""Number of characters that one step of the filling indexes, so that other writers do not wait for long."""
GROWTH = 10_000
"""The index is merged again when it has grown by so many messages and a twentieth."""
MERGED_PAGES = 100
"""Number of pages that one step of the merging writes."""
MAX_SECURELY_REMOVED = 800
"""Number of words that a change of messages removes from the file at once. Each of them takes 0.05 ms."""
PENDING = 32
"""Every so many messages, a send indexes the last ones. Together they take a third of the time, and the index has fewer
parts. Until then they are in `message_behind`, which a search reads too."""
MAX_PENDING_LENGTH = 300
"""Length of a message that waits for others. A longer one is indexed at once: 32 of them together can take 0.4 s."""
REFRESHED = 20
"""Number of messages that one step of the filling indexes anew. Removing a message takes about 2 ms."""

_STATE = """
    SELECT behind.message_id, behind.room_id, behind.user_id, behind.content, message.content
    FROM json_each(:ids) AS given JOIN message_behind AS behind ON behind.message_id = given.value
    LEFT JOIN message ON message.id = behind.message_id AND NOT message.is_deleted
    ORDER BY behind.message_id
"""

_BEGIN_AGAIN = """
    UPDATE message_indexing SET next_id = coalesce(:last_id, (SELECT max(id) FROM message), 0) + 1,
    last_id = coalesce(:last_id, (SELECT max(id) FROM message), 0)
"""


def begin_again(database: ChatDatabase, *, is_empty: bool) -> None:
    """Note that no message is indexed: see `stores.message_index.begin_again`."""
    # Beforehand, all future messages count as noted, so the triggers note none of them.
    Statement.of_text(database, _BEGIN_AGAIN).run(last_id=MAX_ID if is_empty else None)
    Statement.of_text(database, "DELETE FROM message_behind").run()


class SqliteMessageIndex:
    def __init__(self, database: ChatDatabase, characters: Characters) -> None:
        self._database = database
        self._characters = characters
        self._prepare_changes()
        self._prepare_filling()
        self._search = SqliteMessageSearch(database, characters)

    def _statement(self, text: str) -> Statement:
        return Statement.of_text(self._database, text)

    # Changes, in the caller's transaction

    def _prepare_changes(self) -> None:
        self._add = self._statement("INSERT INTO message_word (rowid, words) VALUES (:id, :words)")
        self._remove = self._statement(
            "INSERT INTO message_word (message_word, rowid, words) VALUES ('delete', :id, :words)"
        )
        self._is_secure = self._statement(
            "INSERT INTO message_word (message_word, rank) VALUES ('secure-delete', :is_on)"
        )
        self._flush = self._statement("INSERT INTO message_word (message_word) VALUES ('flush')")
        self._scatter = self._statement("UPDATE message_indexing SET is_scattered = TRUE")
        self._state = self._statement(_STATE)
        self._forget = self._statement(
            "DELETE FROM message_behind WHERE message_id IN (SELECT value FROM json_each(:ids))"
        )
        self._some_behind = self._statement("SELECT message_id FROM message_behind ORDER BY message_id LIMIT :limit")

    def add(self, message: Message) -> None:
        """Index the last messages if they are enough, or a long one alone. A trigger has noted the new one."""
        if message.id % PENDING == 0:
            self.refresh([message_id for (message_id,) in self._some_behind.rows(limit=2 * PENDING)])
        elif len(message.content) > MAX_PENDING_LENGTH:
            self.refresh([message.id])

    def refresh(self, message_ids: Collection[int]) -> None:
        """Index the present content of these messages in place of the indexed one. Triggers have noted both."""
        self._refresh(message_ids, MAX_SECURELY_REMOVED)

    def _refresh(self, message_ids: Collection[int], most: int) -> None:
        """Do the same. If this removes more than `most` words, they stay in the file until the next merging."""
        ids = orjson.dumps(list(message_ids)).decode()
        changes = [
            (
                message_id,
                [] if indexed is None else self._split(room_id, user_id, indexed),
                [] if content is None else self._split(room_id, user_id, content),
            )
            for message_id, room_id, user_id, indexed, content in self._state.rows(ids=ids)
        ]
        is_secure = sum(len(former) for _, former, _ in changes) <= most
        if not is_secure:
            self._is_secure.run(is_on=False)
        for message_id, former, present in changes:
            # The index has each first letter of a message once, so words with the same one change together.
            changed = {word[:2] for word in set(former) ^ set(present)}
            if former:
                self._remove.run(id=message_id, words=" ".join(word for word in former if word[:2] in changed))
            if present:
                self._add.run(id=message_id, words=" ".join(word for word in present if word[:2] in changed))
        if not is_secure:
            self._flush.run()
            self._is_secure.run(is_on=True)
            self._scatter.run()
        self._forget.run(ids=ids)

    def drop(self, message_ids: Collection[int]) -> None:
        """Remove many deleted messages. Their words stay in the file until the next merging, and no search finds them.

        This takes a fortieth of the time of `refresh`.
        """
        self._refresh(message_ids, 0)

    def words(self, room_id: int, user_id: int, content: str) -> str:
        """Return the words of a message as the index stores them."""
        return " ".join(self._split(room_id, user_id, content))

    def _split(self, room_id: int, user_id: int, content: str) -> list[str]:
        """Return the words of a message as in the index, each once."""
        room = room_character(room_id)
        words = index_words(searchable_text(content, self._characters))
        return [room + author_character(user_id), *(room + word for word in words)]

    # The filling, in transactions of its own

    def _prepare_filling(self) -> None:
        self._state_of_filling = self._statement("SELECT next_id FROM message_indexing")
        self._progress = self._statement(
            "SELECT coalesce((SELECT max(id) FROM message), 0), (SELECT max(next_id - 1, 0) FROM message_indexing) + "
            "(SELECT CASE WHEN count(*) > :pending THEN count(*) ELSE 0 END FROM message_behind)"
        )
        self._outdated = self._statement(
            "SELECT message_id FROM message_behind "
            "WHERE content IS NOT NULL OR (SELECT count(*) FROM message_behind) > :pending LIMIT :limit"
        )
        self._proceed = self._statement("UPDATE message_indexing SET next_id = :next_id")
        self._older = self._statement(
            "SELECT id, room_id, user_id, content FROM message "
            "WHERE id < :next_id AND NOT is_deleted ORDER BY id DESC LIMIT :limit"
        )
        self._present = self._statement(
            "SELECT id, room_id, user_id, content FROM message "
            "WHERE id IN (SELECT value FROM json_each(:ids)) AND NOT is_deleted ORDER BY id"
        )
        self._merge = self._statement("INSERT INTO message_word (message_word, rank) VALUES ('merge', :pages)")
        self._changes = self._statement("SELECT total_changes()")
        self._is_scattered = self._statement(
            "SELECT is_scattered OR (SELECT max(id) FROM message) > merged_id + merged_id / 20 + :more "
            "FROM message_indexing"
        )
        self._is_merged = self._statement(
            "UPDATE message_indexing SET is_scattered = FALSE, merged_id = coalesce((SELECT max(id) FROM message), 0)"
        )

    def progress(self) -> tuple[int, int]:
        """Return how many messages are indexed, of how many, as estimated by their ids."""
        row = self._progress.one(pending=2 * PENDING)
        assert row is not None, "a SELECT without a table returns a row"
        total, left = row
        return max(total - left, 0), total

    def fill(self, limit: int) -> int:
        """Index up to `limit` more messages, the newest first; return how many, 0 if all are in the index.

        Several processes may do this at once.
        """
        outdated = [
            message_id for (message_id,) in self._outdated.rows(pending=2 * PENDING, limit=min(limit, REFRESHED))
        ]
        if outdated:
            with self._database.writing():
                self.refresh(outdated)
            return len(outdated)
        next_id = self._next_id()
        if not next_id:
            return 0
        older = self._older.rows(next_id=next_id, limit=limit)
        rows = list(_up_to(MAX_TEXT, older))
        is_last = len(rows) == len(older) < limit
        # Splitting takes longer than storing, so it comes before the transaction. FTS5 prefers ascending ids.
        split = {row: self.words(*row[1:]) for row in reversed(rows)}
        ids = orjson.dumps([message_id for message_id, *_ in split]).decode()
        with self._database.writing():
            if self._next_id() == next_id:  # otherwise another process has indexed them
                for row in self._present.rows(ids=ids):
                    self._add.run(id=row[0], words=split.get(row) or self.words(*row[1:]))
                self._proceed.run(next_id=0 if is_last else rows[-1][0])
                self._scatter.run()
        return len(rows)

    def _next_id(self) -> int:
        row = self._state_of_filling.one()
        assert row is not None, "the migration adds the row"
        next_id: int = row[0]
        return next_id

    def is_scattered(self) -> bool:
        """Return whether the index needs `merge`: after the filling, after `drop`, and after many sends."""
        return self._is_scattered.one(more=GROWTH) == (True,)

    def merge(self, *, is_first: bool) -> bool:
        """Merge a few pages of the parts of the index, in a transaction; return whether there is more to merge.

        A search reads every part, so one large part is several times as fast as many. The merging leaves out the words
        of dropped messages.
        """
        with self._database.writing():
            before = self._changed()
            self._merge.run(pages=-MERGED_PAGES if is_first else MERGED_PAGES)
            has_more = self._changed() - before >= 2  # the command itself counts as one
            if not has_more:
                self._is_merged.run()
        return has_more

    def _changed(self) -> int:
        """Return the number of rows that this connection has changed."""
        row = self._changes.one()
        assert row is not None, "a SELECT without a table returns a row"
        changed: int = row[0]
        return changed

    def purge(self) -> bool:
        """Do nothing: removed words leave the file at once or with the next merging, which `fill` does."""
        return False

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
        if self._next_id():
            raise IndexBuilding
        return self._search.find(query, rooms, limit, author_id, MAX_ID + 1 if before is None else before)


def _up_to(characters: int, rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the first rows whose contents, the last column, have that many characters together, at least one row."""
    total = 0
    for row in rows:
        total += len(row[-1])
        if total > characters and total > len(row[-1]):
            return
        yield row
