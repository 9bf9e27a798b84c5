"""The search index of messages, one form for each database. The port is `domain.ports.MessageIndex`.

Besides the port, each form has what the message store and the filling of the index need:

* `MessageStore.append` and `update` write the index in the same transaction. The sweep of a removed room removes the
  words of its messages.
* A server of an earlier version writes no index. So triggers note the messages that it adds, edits, deletes or sweeps;
  these are few. A search reads their texts as well, until they are indexed. No search finds a word that such a server
  has edited away or deleted. On SQLite the newest messages of this version are noted as well.
* A migration creates the index without rows. `fill` indexes the older messages, from the newest on, in short
  transactions. Until the last one, a search raises IndexBuilding.
"""

from collections.abc import Callable, Collection
from typing import Protocol

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.stores import postgres_message_index, sqlite_message_index
from minichat.adapters.peewee.stores.postgres_message_index import PostgresMessageIndex
from minichat.adapters.peewee.stores.sqlite_message_index import SqliteMessageIndex
from minichat.domain.model import Message
from minichat.domain.ports import Characters, MessageIndex


class StoredIndex(MessageIndex, Protocol):
    """The index with what the stores and the filling of a database need of it."""

    def words(self, room_id: int, user_id: int, content: str) -> str:
        """Return the words of a message as the index stores them."""

    def add(self, message: Message) -> None:
        """Index a new message, in the caller's transaction."""

    def refresh(self, message_ids: Collection[int]) -> None:
        """Index the present content of changed messages in place of the former one, in the caller's transaction."""

    def drop(self, message_ids: Collection[int]) -> None:
        """Do the same for many deleted messages, faster. Their words may stay in the file until the next `merge`."""

    def is_scattered(self) -> bool:
        """Return whether the index needs `merge`."""

    def fill(self, limit: int) -> int:
        """Index about `limit` more messages, in short transactions; return how many, 0 if the index is complete."""

    def merge(self, *, is_first: bool) -> bool:
        """Tidy a part of the index, in a short transaction; return whether there is more to do."""

    def purge(self) -> bool:
        """Remove all traces of removed words from the index, beside running servers; return whether there were any."""

    def progress(self) -> tuple[int, int]:
        """Return how many messages are indexed, of how many, as estimated by their ids."""


def message_index(database: ChatDatabase, characters: Characters) -> StoredIndex:
    """Return the index for that database."""
    kinds: dict[str, Callable[[ChatDatabase, Characters], StoredIndex]] = {
        "sqlite": SqliteMessageIndex,
        "postgres": PostgresMessageIndex,
    }
    return kinds[database.dialect.name](database, characters)


def begin_again(database: ChatDatabase, *, is_empty: bool) -> None:
    """Note in the caller's transaction that no message is indexed: after a bulk insert, or before one if `is_empty`."""
    each = database.dialect.choose(sqlite=sqlite_message_index.begin_again, postgres=postgres_message_index.begin_again)
    each(database, is_empty=is_empty)
