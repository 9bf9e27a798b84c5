"""The bans of rooms in memory: see `domain.ports.bans`."""

from collections.abc import Sequence

from minichat.adapters.memory.store import Store, in_window
from minichat.domain.model import Ban, Timestamp
from minichat.domain.paging import Key, Window


class MemoryBanStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, room_id: int, user_id: int, by: int, at: Timestamp) -> bool:
        self._store.locks.check_room(room_id)
        tables = self._store.writable
        if (room_id, user_id) in tables.bans:
            return False
        tables.bans[room_id, user_id] = Ban(tables.next_id("bans"), room_id, user_id, by, at)
        return True

    def lift(self, room_id: int, user_id: int) -> bool:
        self._store.locks.check_room(room_id)
        return self._store.writable.bans.pop((room_id, user_id), None) is not None

    def holds(self, room_id: int, user_id: int) -> bool:
        self._store.locks.check_room(room_id)
        return (room_id, user_id) in self._store.tables.bans

    def page(self, room_id: int, window: Window) -> Sequence[Ban]:
        bans = (ban for ban in self._store.tables.bans.values() if ban.room_id == room_id)
        return in_window(bans, window, _by_id, newest_first=True)

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[Ban]:
        bans = self._store.tables.bans.values()
        return [ban for ban in bans if ban.user_id == user_id and ban.id > after][:limit]

    def erase(self, user_id: int) -> None:
        self._store.locks.check_account(user_id)
        tables = self._store.writable
        tables.bans = {
            key: ban._replace(banned_by=None) if ban.banned_by == user_id else ban
            for key, ban in tables.bans.items()
            if ban.user_id != user_id
        }


def _by_id(ban: Ban) -> Key:
    return (ban.id,)
