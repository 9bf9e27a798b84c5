"""The participants of rooms in memory: see `domain.ports.memberships`."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from minichat.adapters.memory.rooms import newest_receipt_of_others
from minichat.adapters.memory.store import Store, in_window
from minichat.domain.model import DirectParticipant, Membership, Receipts, Role, User
from minichat.domain.paging import Key, Window

_SUCCESSION = {Role.OWNER: 0, Role.MODERATOR: 1, Role.MEMBER: 2}


class MemoryMembershipStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, room_id: int, user_id: int, role: Role, joined_seq: int) -> Membership | None:
        self._store.locks.check_room(room_id)
        tables = self._store.writable
        if (room_id, user_id) in tables.memberships:
            return None
        membership = Membership(tables.next_id("memberships"), room_id, user_id, role, joined_seq, seen_seq=0)
        tables.memberships[room_id, user_id] = membership
        self._count(room_id, 1)
        return membership

    def add_all(self, room_id: int, user_ids: Sequence[int], role: Role, joined_seq: int) -> None:
        for user_id in user_ids:
            self.add(room_id, user_id, role, joined_seq)

    def remove(self, membership: Membership) -> None:
        self._store.locks.check_room(membership.room_id)
        memberships = self._store.writable.memberships
        if memberships.pop((membership.room_id, membership.user_id), None) is not None:
            self._count(membership.room_id, -1)

    def set_role(self, membership: Membership, role: Role) -> None:
        self._store.locks.check_room(membership.room_id)
        memberships = self._store.writable.memberships
        key = (membership.room_id, membership.user_id)
        if key in memberships:
            memberships[key] = memberships[key]._replace(role=role)

    def set_notify(self, membership: Membership) -> None:
        self._store.locks.check_room(membership.room_id)
        memberships = self._store.writable.memberships
        key = (membership.room_id, membership.user_id)
        if key in memberships:
            memberships[key] = memberships[key]._replace(
                notify=membership.notify, muted_at=membership.muted_at, muted_until=membership.muted_until
            )

    def among(self, room_id: int, user_ids: Collection[int]) -> Collection[int]:
        return {user.id for user in self._living_in(room_id) if user.id in user_ids}

    def by_names(self, room_id: int, username_keys: Collection[str]) -> Mapping[str, int]:
        people = self._living_in(room_id)
        return {user.username_key: user.id for user in people if user.username_key in username_keys}

    def owner(self, room_id: int) -> Membership | None:
        self._store.locks.check_room(room_id)
        return next((member for member in self._in(room_id) if member.role == Role.OWNER), None)

    def heir(self, room_id: int, without: int) -> Membership | None:
        self._store.locks.check_room(room_id)
        others = (member for member in self._in(room_id) if member.user_id != without)
        return min(others, key=lambda member: (_SUCCESSION[member.role], member.id), default=None)

    def pair_of(self, room_id: int) -> Sequence[DirectParticipant]:
        self._store.locks.check_room(room_id)
        tables = self._store.tables
        one, two = (member.user_id for member in self._in(room_id))
        return [
            DirectParticipant(user_id, tables.users[user_id].is_erased, (user_id, other_id) in tables.blocks)
            for user_id, other_id in ((one, two), (two, one))
        ]

    def page(self, room_id: int, window: Window) -> Sequence[Membership]:
        return in_window(self._in(room_id), window, _by_joining)

    def see(self, room_id: int, user_id: int, seq: int) -> bool:
        self._store.locks.check_room(room_id)
        memberships = self._store.writable.memberships
        membership = memberships.get((room_id, user_id))
        if membership is None or membership.seen_seq >= seq:
            return False
        memberships[room_id, user_id] = membership._replace(seen_seq=seq)
        return True

    def receipts(self, user_id: int, room_ids: Iterable[int]) -> Mapping[int, Receipts]:
        memberships = self._store.tables.memberships
        return {
            room_id: Receipts(
                memberships[room_id, user_id].last_read_seq,
                newest_receipt_of_others(self._in(room_id), user_id),
                self._store.tables.rooms[room_id].first_seq(memberships[room_id, user_id]),
            )
            for room_id in room_ids
            if (room_id, user_id) in memberships
        }

    def rooms_of(self, user_id: int) -> Collection[int]:
        tables = self._store.tables
        return {room_id for room_id, of in (*tables.memberships, *tables.lost_memberships) if of == user_id}

    def sharing(self, user_id: int, other_ids: Collection[int]) -> Collection[int]:
        return self._store.tables.companions(user_id).intersection(other_ids)

    def readers(self, user_ids_by_room: Mapping[int, Collection[int]]) -> Mapping[int, Mapping[int, tuple[int, int]]]:
        rooms = self._store.tables.rooms
        return {
            room_id: {
                member.user_id: (member.last_read_seq, rooms[room_id].first_seq(member))
                for member in self._in(room_id)
                if member.user_id in user_ids
            }
            for room_id, user_ids in user_ids_by_room.items()
        }

    def receipts_of(self, user_ids_by_room: Mapping[int, Collection[int]]) -> Mapping[tuple[int, int], Receipts]:
        return {
            (room_id, user_id): receipts
            for room_id, user_ids in user_ids_by_room.items()
            for user_id in user_ids
            for receipts in self.receipts(user_id, [room_id]).values()
        }

    def _in(self, room_id: int) -> list[Membership]:
        return [member for member in self._store.tables.memberships.values() if member.room_id == room_id]

    def _living_in(self, room_id: int) -> list[User]:
        people = [self._store.tables.users[member.user_id] for member in self._in(room_id)]
        return [user for user in people if not user.is_erased]

    def _count(self, room_id: int, more: int) -> None:
        rooms = self._store.writable.rooms
        room = rooms[room_id]
        rooms[room_id] = room._replace(participants_count=room.participants_count + more)


def _by_joining(membership: Membership) -> Key:
    return (membership.id,)
