"""Rooms in memory: see `domain.ports.rooms`."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from minichat.adapters.memory.mentions import count_unread_mentions
from minichat.adapters.memory.store import Store, Tables, in_window
from minichat.domain.model import (
    ROOM_HEAD,
    GroupFilter,
    JoinedRoom,
    Membership,
    NewRoom,
    Room,
    RoomKind,
    RoomView,
    Timestamp,
    UnreadRoom,
)
from minichat.domain.paging import Key, Window
from minichat.domain.ports import Characters
from minichat.domain.search import room_name, searchable_names


class MemoryRoomStore:
    def __init__(self, store: Store, characters: Characters) -> None:
        self._store = store
        self._characters = characters

    def add(self, new: NewRoom) -> Room | None:
        tables = self._store.writable
        if new.pair is not None and new.pair in tables.direct_chats:
            return None
        room = Room(
            id=tables.next_id("rooms"),
            name=new.name,
            description=new.description,
            kind=new.kind,
            is_private=new.is_private,
            created_at=new.created_at,
            active_at=new.created_at,
            activity=2 * tables.last_ids["messages"] + 1,
            last_seq=0,
            deleted_seq=0,
            participants_count=0,
            write=new.write,
            cooldown=new.cooldown,
            history=new.history,
        )
        tables.rooms[room.id] = room
        self._store.locks.added_room(room.id)
        if new.pair is not None:
            tables.direct_chats[new.pair] = room.id
        return room

    def direct_of(self, pair: tuple[int, int]) -> int | None:
        return self._store.tables.direct_chats.get(pair)

    def access(self, room_id: int, user_id: int) -> tuple[Room, Membership | None] | None:
        self._store.locks.check_room(room_id)
        tables = self._store.tables
        room = tables.rooms.get(room_id)
        return None if room is None else (room, tables.memberships.get((room_id, user_id)))

    def view(self, room_id: int, user_id: int) -> RoomView | None:
        self._store.locks.check_room(room_id)
        tables = self._store.tables
        room = tables.rooms.get(room_id)
        return None if room is None else _view(tables, room, user_id)

    def views(self, room_id: int, user_ids: Collection[int]) -> Mapping[int, RoomView]:
        tables = self._store.tables
        are_in = [user_id for user_id in user_ids if (room_id, user_id) in tables.memberships]
        return {user_id: _view(tables, tables.rooms[room_id], user_id) for user_id in are_in}

    def page_of(self, user_id: int, window: Window, part: str = "") -> Sequence[RoomView]:
        tables = self._store.tables
        rooms = [
            room
            for room in tables.rooms.values()
            if (room.id, user_id) in tables.memberships and part in self._name(room, user_id)
        ]
        return _views(tables, rooms, user_id, window)

    def public_page(self, user_id: int, window: Window, part: str = "") -> Sequence[RoomView]:
        tables = self._store.tables
        rooms = [
            room
            for room in tables.rooms.values()
            if room.is_public
            and (room.id, user_id) not in tables.memberships
            and (room.id, user_id) not in tables.bans
            and part in self._name(room, user_id)
        ]
        return _views(tables, rooms, user_id, window)

    def _name(self, room: Room, user_id: int) -> str:
        """Return the folded name of the room, as the user sees it."""
        tables = self._store.tables
        for pair, room_id in tables.direct_chats.items() if room.kind == RoomKind.DIRECT else ():
            if room_id == room.id:
                return searchable_names(tables.users[pair[user_id == pair[0]]], self._characters)[0]
        return room_name(room.name, self._characters)

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[JoinedRoom]:
        tables = self._store.tables
        partners = {room_id: high if low == user_id else low for (low, high), room_id in tables.direct_chats.items()}
        joined = [
            JoinedRoom(room, tables.memberships[room.id, user_id], partners.get(room.id))
            for room in tables.rooms.values()
            if room.id > after and (room.id, user_id) in tables.memberships
        ]
        return joined[:limit]

    def unread(self, user_id: int) -> Sequence[UnreadRoom]:
        tables = self._store.tables
        rooms = [room for room in tables.rooms.values() if (room.id, user_id) in tables.memberships]
        views = [_view(tables, room, user_id) for room in sorted(rooms, key=_by_activity, reverse=True)]
        return [
            UnreadRoom(view.membership, view.unread_count, view.unread_mentions)
            for view in views
            if view.membership and view.unread_count
        ]

    def groups(self, window: Window, groups: GroupFilter = GroupFilter()) -> Sequence[Room]:
        found = (
            room
            for room in self._store.tables.rooms.values()
            if room.kind == RoomKind.GROUP
            and groups.is_private in {None, room.is_private}
            and groups.part in room_name(room.name, self._characters)
        )
        return in_window(found, window, groups.key, newest_first=True)

    def update(self, room: Room) -> None:
        self._store.locks.check_room(room.id)
        rooms = self._store.writable.rooms
        if room.id in rooms:
            names = ("name", "description", "is_private", "write", "cooldown", "history")
            rooms[room.id] = rooms[room.id]._replace(**{name: getattr(room, name) for name in names})

    def remove(self, room_id: int, at: Timestamp) -> None:
        self._store.locks.check_room(room_id)
        tables = self._store.writable
        tables.rooms.pop(room_id, None)
        tables.direct_chats = {pair: id_ for pair, id_ in tables.direct_chats.items() if id_ != room_id}
        tables.lost_memberships |= {key for key in tables.memberships if key[0] == room_id}
        tables.memberships = {key: member for key, member in tables.memberships.items() if member.room_id != room_id}
        tables.room_openings = {key: one for key, one in tables.room_openings.items() if one.room_id != room_id}
        tables.bans = {key: ban for key, ban in tables.bans.items() if ban.room_id != room_id}
        tables.invitations = {key: one for key, one in tables.invitations.items() if one.room_id != room_id}
        tables.messages = {id_: message for id_, message in tables.messages.items() if message.room_id != room_id}
        tables.reactions = {key: one for key, one in tables.reactions.items() if key[0] in tables.messages}
        tables.mentions = {key: by_id for key, by_id in tables.mentions.items() if key[0] in tables.messages}
        tables.pinned_by = {id_: by for id_, by in tables.pinned_by.items() if id_ in tables.messages}
        tables.first_digests = {id_: one for id_, one in tables.first_digests.items() if id_ in tables.messages}

    def sweep(self, before: Timestamp, limit: int) -> int:
        return 0  # `remove` has left nothing


def _views(tables: Tables, rooms: Iterable[Room], user_id: int, window: Window) -> Sequence[RoomView]:
    return [_view(tables, room, user_id) for room in in_window(rooms, window, _by_activity, newest_first=True)]


def _by_activity(room: Room) -> Key:
    return (room.activity, room.id)


def _view(tables: Tables, room: Room, user_id: int) -> RoomView:
    membership = tables.memberships.get((room.id, user_id))
    if membership is None:
        return RoomView(
            room, None, head=(), newest_message=None, others_seen_seq=0, deleted_unread=0, unread_mentions=0
        )
    participants = sorted(member for member in tables.memberships.values() if member.room_id == room.id)
    messages = [message for message in tables.messages.values() if message.room_id == room.id]
    return RoomView(
        room=room,
        membership=membership,
        head=tuple(member.user_id for member in participants[:ROOM_HEAD]),
        newest_message=max(messages, key=lambda message: message.seq, default=None),
        others_seen_seq=newest_receipt_of_others(participants, user_id),
        deleted_unread=sum(message.is_deleted and message.seq > membership.last_read_seq for message in messages),
        unread_mentions=count_unread_mentions(tables, membership),
    )


def newest_receipt_of_others(participants: Iterable[Membership], user_id: int) -> int:
    """The newest receipt among the participants of a room other than the user, 0 if there is none."""
    return max((member.seen_seq for member in participants if member.user_id != user_id), default=0)
