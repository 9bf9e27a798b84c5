"""The search index of messages, one form for each database. The port is `domain.ports.MessageIndex`.

Besides the port, each form has what the message store and the filling of the index need:

* `MessageStore.append` and `update` write the index in the same transaction. The sweep of a removed room removes the
  words of its messages.
* A server of an earlier version writes no index. So a column that only this version sets, and triggers, note the
  messages that it adds, edits, deletes or sweeps; these are few. A search reads their texts as well, until they are
  indexed. No search finds a word that such a server has edited away or deleted.
* A migration creates the index without rows. `fill` indexes the older messages, from the newest on, in short
  transactions. Until the last one, a search raises IndexBuilding.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import orjson

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Statement, param
from minichat.adapters.peewee.stores.messages import MESSAGES
from minichat.adapters.peewee.stores.sqlite_message_index import BEGIN_AGAIN, SqliteMessageIndex
from minichat.adapters.peewee.tables import MessageRow
from minichat.domain.message_words import matches, searchable_text
from minichat.domain.model import MAX_ID, Message, MessageQuery, ReadableRoom
from minichat.domain.ports import Characters, MessageIndex

BATCH = 1_000


class StoredIndex(MessageIndex, Protocol):
    """The index with what the stores and the filling of a database need of it."""

    def add(self, message: Message) -> None:
        """Index a new message, in the caller's transaction."""

    def refresh(self, message_ids: Collection[int]) -> None:
        """Index the present content of changed messages in place of the former one, in the caller's transaction."""

    def fill(self, limit: int) -> int:
        """Index about `limit` more messages, in short transactions; return how many, 0 if the index is complete."""

    def merge(self, *, is_first: bool) -> bool:
        """Tidy a part of the index, in a short transaction; return whether there is more to do."""

    def progress(self) -> tuple[int, int]:
        """Return how many messages are indexed, of how many, as estimated by their ids."""


def message_index(database: ChatDatabase, characters: Characters) -> StoredIndex:
    """Return the index for that database."""
    kinds: dict[str, Callable[[ChatDatabase, Characters], StoredIndex]] = {
        "sqlite": SqliteMessageIndex,
        "postgres": ScanningMessageIndex,
    }
    return kinds[database.dialect.name](database, characters)


def begin_again(database: ChatDatabase, *, is_empty: bool) -> None:
    """Note in the caller's transaction that no message is indexed: after a bulk insert, or before one if `is_empty`."""
    if database.dialect.name == "sqlite":
        # Beforehand, all future messages count as noted, so the triggers note none of them.
        Statement.of_text(database, BEGIN_AGAIN).run(last_id=MAX_ID if is_empty else None)


class ScanningMessageIndex:
    """A search that reads all messages of the rooms."""

    def __init__(self, database: ChatDatabase, characters: Characters) -> None:
        self._characters = characters
        message = MessageRow
        self._newest = Statement(
            database,
            message.select(*MESSAGES.columns)
            .where(message.room_id.in_(database.dialect.each_of("ids")) & (message.id < param("before")))
            .order_by(message.id.desc())
            .limit(BATCH),
        )

    def search(
        self,
        query: MessageQuery,
        rooms: Sequence[ReadableRoom],
        limit: int,
        *,
        author_id: int | None = None,
        before: int | None = None,
    ) -> Sequence[Message]:
        first_seq = {room.room_id: room.first_seq for room in rooms}
        ids = orjson.dumps(list(first_seq)).decode()
        found: list[Message] = []
        before = MAX_ID + 1 if before is None else before
        while len(found) < limit and (some := MESSAGES.all(self._newest.rows(ids=ids, before=before))):
            found += [
                message
                for message in some
                if message.seq >= first_seq[message.room_id]
                and not message.is_deleted
                and author_id in (None, message.user_id)
                and matches(searchable_text(message.content, self._characters), query)
            ]
            before = some[-1].id
        return found[:limit]

    def add(self, message: Message) -> None:
        """Do nothing."""

    def refresh(self, message_ids: Collection[int]) -> None:
        """Do nothing."""

    def fill(self, limit: int) -> int:
        return 0

    def merge(self, *, is_first: bool) -> bool:
        return False

    def progress(self) -> tuple[int, int]:
        return 0, 0
