"""People as administrators list them, in memory: see `domain.ports.people`."""

from collections.abc import Sequence

from minichat.adapters.memory.store import Store, in_window
from minichat.adapters.memory.users import MemoryUserStore
from minichat.domain.model import (
    FoundPeople,
    GroupMembership,
    NameQuery,
    PeopleFilter,
    PeopleOrder,
    PeopleState,
    RoomKind,
    User,
)
from minichat.domain.paging import Window

_LOOKED_AT = 500


class MemoryPeopleStore:
    def __init__(self, store: Store, user_store: MemoryUserStore) -> None:
        self._store = store
        self._user_store = user_store

    def page(self, people: PeopleFilter, window: Window) -> Sequence[User]:
        shown = (
            user
            for user in self._store.tables.users.values()
            if not user.is_erased and (people.state is None or people.state.holds(user))
        )
        return in_window(shown, window, people.key, newest_first=people.order == PeopleOrder.NEWEST)

    def search(self, query: NameQuery, state: PeopleState | None, limit: int) -> FoundPeople:
        looked_at = limit + 1 if state is None else _LOOKED_AT
        found = self._user_store.search(query, looked_at, without=0)
        users = [user for user in found if state is None or state.holds(user)]
        return FoundPeople(users[:limit], is_complete=len(users) <= limit and len(found) < looked_at)

    def groups_of(self, user_id: int, window: Window) -> Sequence[GroupMembership]:
        found = [one for one in self._rooms_of(user_id) if one.room.kind == RoomKind.GROUP]
        return in_window(found, window, lambda one: (one.room.id,), newest_first=True)

    def direct_chats(self, user_id: int, most: int) -> int:
        return min(most, sum(one.room.kind == RoomKind.DIRECT for one in self._rooms_of(user_id)))

    def _rooms_of(self, user_id: int) -> list[GroupMembership]:
        tables = self._store.tables
        return [
            GroupMembership(room, tables.memberships[room.id, user_id])
            for room in tables.rooms.values()
            if (room.id, user_id) in tables.memberships
        ]
