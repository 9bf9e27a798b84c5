"""Mentions in memory: see `domain.ports.mentions`."""

from collections.abc import Collection, Mapping, Sequence

from minichat.adapters.memory.store import Store, Tables
from minichat.domain.model import Membership, Mentioned, Message


class MemoryMentionStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, message: Message, mentioned: Mentioned) -> None:
        self._store.locks.check_room(message.room_id)
        tables = self._store.writable
        for user_ids, is_by_id in ((mentioned.by_id, True), (mentioned.by_name, False)):
            for user_id in user_ids:
                tables.mentions[message.id, user_id] = is_by_id
                membership = tables.memberships.get((message.room_id, user_id))
                if membership is not None and membership.mentioned_seq < message.seq:
                    tables.memberships[message.room_id, user_id] = membership._replace(mentioned_seq=message.seq)
        room = tables.rooms[message.room_id]
        if mentioned.is_everybody and room.all_mentioned_seq < message.seq:
            tables.rooms[room.id] = room._replace(all_mentioned_seq=message.seq)

    def remove_all(self, message_id: int) -> None:
        self._store.locks.check_room(self._store.tables.messages[message_id].room_id)
        tables = self._store.writable
        tables.mentions = {key: is_by_id for key, is_by_id in tables.mentions.items() if key[0] != message_id}

    def of(self, message_ids: Collection[int]) -> Mapping[int, Sequence[int]]:
        found: dict[int, list[int]] = {}
        for message_id, user_id in sorted(self._store.tables.mentions):
            if message_id in message_ids:
                found.setdefault(message_id, []).append(user_id)
        return found

    def get(self, message_id: int) -> Mentioned:
        mentions = sorted(self._store.tables.mentions.items())
        by_name = tuple(user_id for (of, user_id), is_by_id in mentions if of == message_id and not is_by_id)
        by_id = tuple(user_id for (of, user_id), is_by_id in mentions if of == message_id and is_by_id)
        return Mentioned(by_name, by_id)

    def page(self, user_id: int, before: int | None, limit: int) -> Sequence[Message]:
        tables = self._store.tables
        found = [
            message
            for message in tables.messages.values()
            if (before is None or message.id < before)
            and (membership := tables.memberships.get((message.room_id, user_id)))
            and message.seq >= tables.rooms[message.room_id].first_seq(membership)
            and mentions(tables, message, membership)
        ]
        return found[::-1][:limit]

    def count_unread(self, room_id: int, user_id: int) -> int:
        tables = self._store.tables
        membership = tables.memberships.get((room_id, user_id))
        return 0 if membership is None else count_unread_mentions(tables, membership)

    def erase(self, user_id: int) -> None:
        self._store.locks.check_account(user_id)
        tables = self._store.writable
        tables.mentions = {key: is_by_id for key, is_by_id in tables.mentions.items() if key[1] != user_id}


def mentions(tables: Tables, message: Message, membership: Membership) -> bool:
    """Return whether the message mentions the participant, and not by an author whom the participant blocks."""
    user_id = membership.user_id
    is_named = (message.id, user_id) in tables.mentions
    is_called = message.mentions_all and message.seq > membership.joined_seq
    is_shown = message.user_id != user_id and (user_id, message.user_id) not in tables.blocks
    return (is_named or is_called) and is_shown and not message.is_deleted


def count_unread_mentions(tables: Tables, membership: Membership) -> int:
    """Return how many messages above the participant's receipt mention the participant."""
    return sum(
        mentions(tables, message, membership)
        for message in tables.messages.values()
        if message.room_id == membership.room_id and message.seq > membership.last_read_seq
    )
