"""People as administrators list them, in the database."""

from collections.abc import Sequence

from peewee import SQL, fn

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.paging import KeysetPages
from minichat.adapters.peewee.engine.statements import Statement, param
from minichat.adapters.peewee.stores.users import PeeweeUserStore
from minichat.adapters.peewee.tables import ParticipantRow, RoomRow, UserRow
from minichat.domain.model import (
    MAX_ID,
    FoundPeople,
    GroupMembership,
    Membership,
    NameQuery,
    PeopleFilter,
    PeopleOrder,
    PeopleState,
    Room,
    RoomKind,
    User,
)
from minichat.domain.paging import Window

_USERS = Mapper(User, UserRow)
_ROOMS = Mapper(Room, RoomRow)
_MEMBERSHIPS = Mapper(Membership, ParticipantRow).after(_ROOMS)
_LOOKED_AT = 500


class PeeweePeopleStore:
    def __init__(self, database: ChatDatabase, user_store: PeeweeUserStore) -> None:
        self._user_store = user_store
        user, room, member = UserRow, RoomRow, ParticipantRow
        living = user.deleted_at.is_null()
        states = {
            None: living,
            PeopleState.ACTIVE: user.is_active & living,
            # The conditions of the partial indexes.
            PeopleState.DISABLED: ~user.is_active & living,
            PeopleState.SUPERUSER: user.is_superuser & living,
        }
        self._pages: dict[PeopleFilter, KeysetPages] = {}
        for state, condition in states.items():
            people = user.select(*_USERS.columns).where(condition)
            self._pages[PeopleFilter(state, PeopleOrder.NAME)] = KeysetPages(
                database, people, (user.username_key,), start=("",)
            )
            # Superusers are few: with an expression as the key, the database sorts those that their index holds.
            age = user.id + 0 if state is PeopleState.SUPERUSER else user.id
            if state is PeopleState.SUPERUSER:
                people = people.where(user.username_key > SQL("''"))
            self._pages[PeopleFilter(state, PeopleOrder.OLDEST)] = KeysetPages(database, people, (age,), start=(0,))
            self._pages[PeopleFilter(state, PeopleOrder.NEWEST)] = KeysetPages(
                database, people, (age,), start=(MAX_ID,), newest_first=True
            )

        is_theirs = (member.user_id == param("user_id")) & room.deleted_at.is_null()
        groups = (
            room.select(*_ROOMS.columns, *_MEMBERSHIPS.columns)
            .join(member, on=(member.room_id == room.id))
            .where(is_theirs & (room.kind == RoomKind.GROUP.value))
        )
        self._groups = KeysetPages(database, groups, (member.room_id,), start=(MAX_ID,), newest_first=True)
        direct = (
            member.select(member.id)
            .join(room, on=(member.room_id == room.id))
            .where(is_theirs & (room.kind == RoomKind.DIRECT.value))
            .limit(param("limit"))
            .alias("kind")
        )
        self._direct_chats = Statement(database, member.select(fn.COUNT(SQL("1"))).from_(direct))

    def page(self, people: PeopleFilter, window: Window) -> Sequence[User]:
        return _USERS.all(self._pages[people].rows(window))

    def search(self, query: NameQuery, state: PeopleState | None, limit: int) -> FoundPeople:
        looked_at = limit + 1 if state is None else _LOOKED_AT
        found = self._user_store.search(query, looked_at, without=0)
        users = [user for user in found if state is None or state.holds(user)]
        return FoundPeople(users[:limit], is_complete=len(users) <= limit and len(found) < looked_at)

    def groups_of(self, user_id: int, window: Window) -> Sequence[GroupMembership]:
        rows = self._groups.rows(window, user_id=user_id)
        return [GroupMembership(_ROOMS.of(row), _MEMBERSHIPS.of(row)) for row in rows]

    def direct_chats(self, user_id: int, most: int) -> int:
        row = self._direct_chats.one(user_id=user_id, limit=most)
        return 0 if row is None else int(row[0])
