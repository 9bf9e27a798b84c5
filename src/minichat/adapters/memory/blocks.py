"""Blocks in memory: see `domain.ports.blocks`."""

from collections.abc import Collection, Sequence

from minichat.adapters.memory.store import Store, in_window
from minichat.domain.model import Block, Timestamp
from minichat.domain.paging import Key, Window


class MemoryBlockStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, blocker_id: int, blocked_id: int, at: Timestamp) -> bool:
        self._check_change(blocker_id, blocked_id)
        tables = self._store.writable
        if (blocker_id, blocked_id) in tables.blocks:
            return False
        number = 1 + max((block.number for block in self._by(blocker_id)), default=0)
        tables.blocks[blocker_id, blocked_id] = Block(blocker_id, number, blocked_id, at)
        return True

    def count(self, blocker_id: int) -> int:
        self._store.locks.check_account(blocker_id)
        return len(self._by(blocker_id))

    def remove(self, blocker_id: int, blocked_id: int) -> bool:
        self._check_change(blocker_id, blocked_id)
        return self._store.writable.blocks.pop((blocker_id, blocked_id), None) is not None

    def blockers_between(self, user_id: int, other_ids: Collection[int]) -> Collection[int]:
        for other_id in other_ids:
            self._check_read(user_id, other_id)
        blocks = self._store.tables.blocks
        found = {other_id for other_id in other_ids if (other_id, user_id) in blocks}
        return found | {user_id for other_id in other_ids if (user_id, other_id) in blocks}

    def blocked_by(self, user_ids: Collection[int]) -> Collection[tuple[int, int]]:
        return {(blocker_id, other_id) for blocker_id, other_id in self._store.tables.blocks if blocker_id in user_ids}

    def page(self, blocker_id: int, window: Window) -> Sequence[Block]:
        return in_window(self._by(blocker_id), window, _by_number, newest_first=True)

    def all_of(self, blocker_id: int, after: int, limit: int) -> Sequence[Block]:
        return [block for block in self._by(blocker_id) if block.number > after][:limit]

    def erase(self, user_id: int) -> Sequence[int]:
        self._store.locks.check_account(user_id)
        tables = self._store.writable
        blockers = sorted(blocker_id for blocker_id, blocked_id in tables.blocks if blocked_id == user_id)
        tables.blocks = {pair: block for pair, block in tables.blocks.items() if user_id not in pair}
        return blockers

    def _by(self, blocker_id: int) -> list[Block]:
        """Return the blocks by the user in the order of making."""
        return [block for block in self._store.tables.blocks.values() if block.blocker_id == blocker_id]

    def _check_change(self, blocker_id: int, blocked_id: int) -> None:
        self._store.locks.check_account(blocker_id)
        self._store.locks.check_shared_accounts([blocked_id])
        room_id = self._direct_chat_of(blocker_id, blocked_id)
        if room_id is not None:
            self._store.locks.check_room(room_id)

    def _check_read(self, user_id: int, other_id: int) -> None:
        room_id = self._direct_chat_of(user_id, other_id)
        if room_id is None or not self._store.locks.has_room(room_id):
            self._store.locks.check_shared_accounts([user_id, other_id])

    def _direct_chat_of(self, user_id: int, other_id: int) -> int | None:
        return self._store.tables.direct_chats.get((min(user_id, other_id), max(user_id, other_id)))


def _by_number(block: Block) -> Key:
    return (block.number,)
