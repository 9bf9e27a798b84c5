"""The search for messages in memory, without any index: see `domain.ports.message_index`.

It reads every message, so it is the reference for the indexes of the databases.
"""

from collections.abc import Sequence

from minichat.adapters.memory.store import Store
from minichat.domain.message_words import matches, searchable_text
from minichat.domain.model import FoundMessages, MessageQuery, ReadableRoom
from minichat.domain.ports import Characters


class MemoryMessageIndex:
    def __init__(self, store: Store, characters: Characters) -> None:
        self._store = store
        self._characters = characters

    def search(
        self,
        query: MessageQuery,
        rooms: Sequence[ReadableRoom],
        limit: int,
        *,
        author_id: int | None = None,
        before: int | None = None,
    ) -> FoundMessages:
        first_seq = {room.room_id: room.first_seq for room in rooms}
        found = [
            message
            for message in self._store.tables.messages.values()
            if message.room_id in first_seq
            and message.seq >= first_seq[message.room_id]
            and not message.is_deleted
            and author_id in (None, message.user_id)
            and (before is None or message.id < before)
            and matches(searchable_text(message.content, self._characters), query)
        ]
        return FoundMessages(sorted(found, key=lambda message: -message.id)[:limit])
