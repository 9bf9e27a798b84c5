"""Rooms in the database, each as one user sees it.

A list of rooms takes two statements however many rooms it has and however many people are in them: one for the rooms
with the viewer's membership and the last message, one for who joined first.
"""

from collections.abc import Collection, Mapping, Sequence

import orjson
from peewee import JOIN, SQL, Delete, Node, Select, Tuple, fn

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.locks import Locks
from minichat.adapters.peewee.engine.statements import Row, Statement, param
from minichat.adapters.peewee.stores.memberships import COLUMNS as MEMBERSHIP_COLUMNS
from minichat.adapters.peewee.stores.memberships import membership_of, others_seen_seq
from minichat.adapters.peewee.stores.messages import COLUMNS as MESSAGE_COLUMNS
from minichat.adapters.peewee.stores.messages import message_of
from minichat.adapters.peewee.tables import BanRow, MessageRow, ParticipantRow, RoomRow
from minichat.domain.model import MAX_ID, ROOM_HEAD, JoinedRoom, Membership, Room, RoomKind, RoomView, Timestamp
from minichat.domain.paging import Key, Window
from minichat.domain.ports import NewRoom

COLUMNS = (
    RoomRow.id,
    RoomRow.name,
    RoomRow.description,
    RoomRow.kind,
    RoomRow.is_private,
    RoomRow.created_at,
    RoomRow.active_at,
    RoomRow.last_seq,
    RoomRow.participants_count,
)
_MEMBERSHIP = len(COLUMNS)
_MESSAGE = _MEMBERSHIP + len(MEMBERSHIP_COLUMNS)
_OTHERS = _MESSAGE + len(MESSAGE_COLUMNS)
_VIEW = (*COLUMNS, *MEMBERSHIP_COLUMNS, *MESSAGE_COLUMNS)

_NEWEST: Key = (2**63 - 1, 0)
"""After every activity: where a walk by latest activity begins."""


_HEADS = f"""
    SELECT number::bigint, user_id FROM json_array_elements_text(:ids::json) AS given (number) JOIN LATERAL (
        SELECT id, user_id FROM participant WHERE room_id = number::bigint ORDER BY id LIMIT {ROOM_HEAD}
    ) AS head ON true
    ORDER BY number, id
"""  # noqa: S608 - a constant
"""PostgreSQL looks rows up one by one only where it is told to begin with what they are looked up for."""


class PeeweeRoomStore:
    def __init__(self, database: ChatDatabase) -> None:
        def statement(query: Node) -> Statement:
            return Statement(database, query)

        room, mine = RoomRow, ParticipantRow
        self._add = statement(
            room.insert(
                name=param("name"),
                description=param("description"),
                kind=param("kind"),
                is_private=param("is_private"),
                created_at=param("at"),
                active_at=param("at"),
                pair_low=param("low"),
                pair_high=param("high"),
            )
            .on_conflict_ignore()
            .returning(*COLUMNS)
        )
        self._locks = Locks(database)
        self._direct_of = statement(
            room.select(room.id).where((room.pair_low == param("low")) & (room.pair_high == param("high")))
        )
        exists = room.deleted_at.is_null()
        is_group = (room.kind == RoomKind.GROUP.value) & exists & (room.id < param("before"))
        self._groups = statement(room.select(*COLUMNS).where(is_group).order_by(room.id.desc()).limit(param("limit")))
        this_one = (room.id == param("id")) & exists
        is_mine = (mine.room_id == room.id) & (mine.user_id == param("user_id"))
        is_last = (MessageRow.room_id == room.id) & (MessageRow.seq == room.last_seq)
        self._access = statement(
            room.select(*COLUMNS, *MEMBERSHIP_COLUMNS).join(mine, JOIN.LEFT_OUTER, on=is_mine).where(this_one)
        )
        self._view = statement(
            room.select(*_VIEW, others_seen_seq())
            .join(mine, JOIN.LEFT_OUTER, on=is_mine)
            .join(MessageRow, JOIN.LEFT_OUTER, on=is_last)
            .where(this_one)
        )
        of_members = (
            mine.select(*_VIEW, others_seen_seq(than=mine.user_id))
            .join(room, on=(room.id == mine.room_id))
            .join(MessageRow, JOIN.LEFT_OUTER, on=is_last)
        )
        are_these = (mine.room_id == param("id")) & mine.user_id.in_(database.dialect.each_of("user_ids"))
        self._views_of = statement(of_members.where(are_these & exists))
        mine_of = of_members.where((mine.user_id == param("user_id")) & exists)
        own = ParticipantRow.alias()
        is_in = own.select(SQL("1")).where((own.room_id == room.id) & (own.user_id == param("user_id")))
        is_banned = BanRow.select(SQL("1")).where((BanRow.room_id == room.id) & (BanRow.user_id == param("user_id")))
        # The constant stands in the text, as in the partial index on public rooms: only so can it serve.
        is_public = (room.kind == SQL("'group'")) & ~room.is_private & exists
        cards = room.select(*COLUMNS).where(is_public & ~fn.EXISTS(is_in) & ~fn.EXISTS(is_banned))
        self._mine_after, self._mine_before = (statement(query) for query in _by_activity(mine_of))
        self._public_after, self._public_before = (statement(query) for query in _by_activity(cards))

        head = ParticipantRow.alias()
        first = head.select(head.id).where(head.room_id == room.id).order_by(head.id).limit(ROOM_HEAD)
        heads = (
            room.select(room.id, mine.user_id)
            .join(mine, on=mine.id.in_(first))
            .where(room.id.in_(database.dialect.each_of("ids")))
            .order_by(room.id, mine.id)
        )
        self._heads = database.dialect.choose(sqlite=statement(heads), postgres=Statement.of_text(database, _HEADS))
        self._all_of = statement(
            mine.select(*COLUMNS, *MEMBERSHIP_COLUMNS, room.pair_low, room.pair_high)
            .join(room, on=(room.id == mine.room_id))
            .where(
                (mine.user_id == param("user_id"))
                & (mine.room_id > param("after"))
                & (mine.room_id <= param("last"))
                & exists
            )
            .order_by(mine.room_id)
            .limit(param("limit"))
        )
        self._update = statement(
            room.update(name=param("name"), description=param("description"), is_private=param("is_private")).where(
                room.id == param("id")
            )
        )
        self._remove = statement(room.update(deleted_at=param("at")).where(room.id == param("id")))
        self._removed = statement(
            room.select(room.id).where(room.deleted_at <= param("before")).order_by(room.deleted_at).limit(1)
        )
        # The newest first: a reply goes before what it answers.
        self._sweep_messages = statement(_delete_some(MessageRow))
        self._sweep_participants = statement(_delete_some(ParticipantRow))
        self._sweep_bans = statement(_delete_some(BanRow))
        self._sweep_room = statement(room.delete().where(room.id == param("id")))

    def add(self, new: NewRoom) -> Room | None:
        low, high = new.pair or (None, None)
        row = self._add.one(
            name=new.name,
            description=new.description,
            kind=new.kind.value,
            is_private=new.is_private,
            at=new.created_at,
            low=low,
            high=high,
        )
        return None if row is None else _room_of(row)

    def direct_of(self, pair: tuple[int, int]) -> int | None:
        row = self._direct_of.one(low=pair[0], high=pair[1])
        return None if row is None else row[0]

    def access(self, room_id: int, user_id: int) -> tuple[Room, Membership | None] | None:
        self._locks.room(room_id)
        row = self._access.one(id=room_id, user_id=user_id)
        return None if row is None else (_room_of(row), _membership_of(row[_MEMBERSHIP:]))

    def view(self, room_id: int, user_id: int) -> RoomView | None:
        self._locks.room(room_id)
        row = self._view.one(id=room_id, user_id=user_id)
        return None if row is None else self._views([row])[0]

    def views(self, room_id: int, user_ids: Collection[int]) -> Mapping[int, RoomView]:
        rows = self._views_of.rows(id=room_id, user_ids=orjson.dumps(list(user_ids)).decode())
        return {view.membership.user_id: view for view in self._views(rows) if view.membership is not None}

    def page_of(self, user_id: int, window: Window) -> Sequence[RoomView]:
        return self._views(_page(self._mine_after, self._mine_before, user_id, window))

    def public_page(self, user_id: int, window: Window) -> Sequence[RoomView]:
        return [_card(row) for row in _page(self._public_after, self._public_before, user_id, window)]

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[JoinedRoom]:
        last: int | None = MAX_ID
        if self._locks.are_taken:
            last = self._locks.rooms_of(user_id, after, limit)
        return [
            JoinedRoom(
                _room_of(row),
                membership_of(row[_MEMBERSHIP:_MESSAGE]),
                None if row[_MESSAGE] is None else sum(row[_MESSAGE:]) - user_id,
            )
            for row in self._all_of.rows(user_id=user_id, after=after, last=last, limit=limit)
        ]

    def groups(self, limit: int, *, before: int | None = None) -> Sequence[Room]:
        rows = self._groups.rows(limit=limit, before=MAX_ID if before is None else before)
        return [_room_of(row) for row in rows]

    def update(self, room: Room) -> None:
        self._update.run(id=room.id, name=room.name, description=room.description, is_private=room.is_private)

    def remove(self, room_id: int, at: Timestamp) -> None:
        self._remove.run(id=room_id, at=at)

    def sweep(self, before: Timestamp, limit: int) -> int:
        left = limit
        while left and (found := self._removed.one(before=before)):
            for part in (self._sweep_messages, self._sweep_participants, self._sweep_bans, self._sweep_room):
                if left:  # otherwise there may be more of the part before
                    left -= part.run(id=found[0], limit=left)
        return limit - left

    def _views(self, rows: Sequence[Row]) -> list[RoomView]:
        heads: dict[int, list[int]] = {row[0]: [] for row in rows if row[_MEMBERSHIP] is not None}
        if heads:
            for room_id, user_id in self._heads.rows(ids=orjson.dumps(list(heads)).decode()):
                heads[room_id].append(user_id)
        return [_view_of(row, heads[row[0]]) if row[0] in heads else _card(row) for row in rows]


def _by_activity(query: Select) -> tuple[Select, Select]:
    """The query as a walk by latest activity: from a key on, and back before it (then oldest first)."""
    room = RoomRow
    order, key = Tuple(room.active_at, room.id), Tuple(param("active_at"), param("key"))
    onward = query.where(order < key).order_by(room.active_at.desc(), room.id.desc())
    back = query.where(order > key).order_by(room.active_at, room.id)
    return onward.limit(param("limit")), back.limit(param("limit"))


def _page(after: Statement, before: Statement, user_id: int, window: Window) -> Sequence[Row]:
    limit = window.limit + 1
    if window.before is not None:
        active_at, room_id = window.before
        return before.rows(user_id=user_id, active_at=active_at, key=room_id, limit=limit)[::-1]
    active_at, room_id = window.after or _NEWEST
    return after.rows(user_id=user_id, active_at=active_at, key=room_id, limit=limit)


def _delete_some(row: type[MessageRow] | type[ParticipantRow] | type[BanRow]) -> Delete:
    """Delete the newest `limit` rows of the room `id`."""
    newest = row.select(row.id).where(row.room_id == param("id")).order_by(row.id.desc()).limit(param("limit"))
    return row.delete().where(row.id.in_(newest))


def _room_of(row: Row) -> Room:
    return Room(row[0], row[1], row[2], RoomKind(row[3]), row[4] == 1, row[5], row[6], row[7], row[8])


def _membership_of(row: Row) -> Membership | None:
    """None where the outer join found no participant."""
    return None if row[0] is None else membership_of(row)


def _view_of(row: Row, head: Sequence[int]) -> RoomView:
    message = row[_MESSAGE:_OTHERS]
    return RoomView(
        _room_of(row),
        _membership_of(row[_MEMBERSHIP:_MESSAGE]),
        tuple(head),
        None if message[0] is None else message_of(message),
        row[_OTHERS] or 0,
    )


def _card(row: Row) -> RoomView:
    return RoomView(_room_of(row), None, (), None, 0)
