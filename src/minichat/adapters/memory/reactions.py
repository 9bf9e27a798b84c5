"""Reactions in memory: see `domain.ports.reactions`."""

from collections.abc import Collection, Mapping, Sequence

from minichat.adapters.memory.store import Store, Tables, in_window
from minichat.domain.model import SHOWN_USERS, Reaction, ReactionCount, Timestamp
from minichat.domain.paging import Key, Window


class MemoryReactionStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, message_id: int, emoji: str, user_id: int, at: Timestamp) -> bool:
        tables = self._writable(message_id)
        key = (message_id, emoji, user_id)
        if key in tables.reactions:
            return False
        tables.reactions[key] = Reaction(tables.next_id("reactions"), message_id, emoji, user_id, at)
        return True

    def remove(self, message_id: int, emoji: str, user_id: int) -> bool:
        return self._writable(message_id).reactions.pop((message_id, emoji, user_id), None) is not None

    def remove_all(self, message_id: int) -> None:
        tables = self._writable(message_id)
        tables.reactions = {key: one for key, one in tables.reactions.items() if one.message_id != message_id}

    def counts(
        self, message_ids: Collection[int], viewer_ids: Collection[int]
    ) -> Mapping[int, Sequence[ReactionCount]]:
        users: dict[int, dict[str, list[int]]] = {}
        for reaction in self._store.tables.reactions.values():
            if reaction.message_id in message_ids:
                users.setdefault(reaction.message_id, {}).setdefault(reaction.emoji, []).append(reaction.user_id)
        return {
            message_id: [
                ReactionCount(emoji, len(ids), tuple(ids[:SHOWN_USERS]), set(ids).intersection(viewer_ids))
                for emoji, ids in by_emoji.items()
            ]
            for message_id, by_emoji in users.items()
        }

    def page(self, message_id: int, emoji: str | None, window: Window) -> Sequence[Reaction]:
        found = (
            reaction
            for reaction in self._store.tables.reactions.values()
            if reaction.message_id == message_id and emoji in {None, reaction.emoji}
        )
        return in_window(found, window, _by_id)

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[Reaction]:
        reactions = self._store.tables.reactions.values()
        return [reaction for reaction in reactions if reaction.user_id == user_id and reaction.id > after][:limit]

    def erase(self, user_id: int) -> None:
        self._store.locks.check_account(user_id)

    def _writable(self, message_id: int) -> Tables:
        self._store.locks.check_room(self._store.tables.messages[message_id].room_id)
        return self._store.writable


def _by_id(reaction: Reaction) -> Key:
    return (reaction.id,)
