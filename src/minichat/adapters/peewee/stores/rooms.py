"""Rooms in the database, each from the view of one user.

A list of rooms takes one statement, however many rooms and participants there are: it returns the rooms with the
viewer's membership, the last message and the ids of the first participants.
"""

from collections.abc import Collection, Mapping, Sequence

import orjson
from peewee import JOIN, SQL, Case, Delete, Expression, Field, Node, Select, fn

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.paging import KeysetPages
from minichat.adapters.peewee.engine.statements import Row, Statement, param, params
from minichat.adapters.peewee.stores.groups import GroupPages
from minichat.adapters.peewee.stores.memberships import MEMBERSHIPS, others_seen_seq
from minichat.adapters.peewee.stores.mentions import unread_mentions
from minichat.adapters.peewee.stores.message_index import StoredIndex, message_index
from minichat.adapters.peewee.stores.messages import MESSAGES, after_last_message
from minichat.adapters.peewee.stores.room_names import RoomNames
from minichat.adapters.peewee.tables import BanRow, InvitationRow, MessageRow, ParticipantRow, RoomRow, UserRow
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

ROOMS = Mapper(Room, RoomRow)
RowOfRoom = type[MessageRow] | type[ParticipantRow] | type[BanRow] | type[InvitationRow]

# Joined rows: the columns of the room, then those of the viewer's membership, then those of the last message.
_MEMBERSHIP = MEMBERSHIPS.after(ROOMS)
_MESSAGE = MESSAGES.after(_MEMBERSHIP)
_OTHERS_SEEN_SEQ, _DELETED_UNREAD, _UNREAD_MENTIONS, _HEAD = range(_MESSAGE.end, _MESSAGE.end + 4)
_PAIR_LOW, _PAIR_HIGH = _MEMBERSHIP.end, _MEMBERSHIP.end + 1
_WITH_MEMBERSHIP = (*ROOMS.columns, *MEMBERSHIPS.columns)
_VIEW = (*_WITH_MEMBERSHIP, *MESSAGES.columns)

_POLICY = ("write", "cooldown", "history")
SWEPT_MESSAGES = 20
"""Maximum number of the last messages of a room that one transaction deletes. Each takes about 2 ms: see
`SqliteMessageIndex.drop`."""
_AFTER_EVERY_ACTIVITY: Key = (2**63 - 1, 0)


class PeeweeRoomStore:
    def __init__(self, database: ChatDatabase, characters: Characters, index: StoredIndex | None = None) -> None:
        self._database = database
        self._index = index or message_index(database, characters)
        self._names = RoomNames(database, characters)
        self._prepare_changes()
        self._prepare_views()
        self._prepare_lists()
        self._prepare_sweep()

    def _statement(self, query: Node) -> Statement:
        return Statement(self._database, query)

    # Changes

    def _prepare_changes(self) -> None:
        room, this_one = RoomRow, RoomRow.id == param("id")
        given = params(("name", "description", "kind", "is_private", "created_at", "pair_low", "pair_high", *_POLICY))
        self._add = self._statement(
            room.insert(
                active_at=param("created_at"), activity=after_last_message(self._database), is_indexed=True, **given
            )
            .on_conflict_ignore()
            .returning(*ROOMS.columns)
        )
        self._direct_of = self._statement(
            room.select(room.id).where((room.pair_low == param("low")) & (room.pair_high == param("high")))
        )
        self._update = self._statement(
            room.update(params(("name", "description", "is_private", *_POLICY))).where(this_one)
        )
        self._remove = self._statement(room.update(deleted_at=param("at")).where(this_one))

    def add(self, new: NewRoom) -> Room | None:
        pair_low, pair_high = new.pair or (None, None)
        row = self._add.one(
            name=new.name,
            description=new.description,
            kind=new.kind.value,
            is_private=new.is_private,
            created_at=new.created_at,
            pair_low=pair_low,
            pair_high=pair_high,
            write=new.write.value,
            cooldown=new.cooldown,
            history=new.history.value,
        )
        if row is None:
            return None
        room = ROOMS.of(row)
        if room.kind == RoomKind.GROUP:
            self._names.add(room)
        return room

    def direct_of(self, pair: tuple[int, int]) -> int | None:
        row = self._direct_of.one(low=pair[0], high=pair[1])
        return None if row is None else row[0]

    def update(self, room: Room) -> None:
        names = {"name": room.name, "description": room.description, "is_private": room.is_private}
        policy = {"write": room.write.value, "cooldown": room.cooldown, "history": room.history.value}
        if self._update.run(id=room.id, **names, **policy):
            self._names.replace(room)

    def index(self, room_ids: Collection[int]) -> None:
        """Index the names of these rooms by the rules of this version, in the caller's transaction."""
        self._names.replace_all(room_ids)

    def remove(self, room_id: int, at: Timestamp) -> None:
        self._remove.run(id=room_id, at=at)

    # One room, as users see it

    def _prepare_views(self) -> None:
        room, mine, head = RoomRow, ParticipantRow, _head(self._database)
        this_one = (room.id == param("id")) & _exists()
        is_mine = (mine.room_id == room.id) & (mine.user_id == param("user_id"))
        self._access = self._statement(
            room.select(*_WITH_MEMBERSHIP).join(mine, JOIN.LEFT_OUTER, on=is_mine).where(this_one)
        )
        self._view = self._statement(
            room.select(*_VIEW, others_seen_seq(), _deleted_unread(), unread_mentions(self._database), head)
            .join(mine, JOIN.LEFT_OUTER, on=is_mine)
            .join(MessageRow, JOIN.LEFT_OUTER, on=_is_last())
            .where(this_one)
        )
        are_these = (mine.room_id == param("id")) & mine.user_id.in_(self._database.dialect.each_of("user_ids"))
        self._views_of = self._statement(_of_members(self._database).where(are_these & _exists()))
        self._head = self._statement(room.select(head).where(room.id == param("id")))

    def access(self, room_id: int, user_id: int) -> tuple[Room, Membership | None] | None:
        row = self._access.one(id=room_id, user_id=user_id)
        return None if row is None else (ROOMS.of(row), _MEMBERSHIP.optional(row))

    def view(self, room_id: int, user_id: int) -> RoomView | None:
        row = self._view.one(id=room_id, user_id=user_id)
        return None if row is None else self._views([row])[0]

    def views(self, room_id: int, user_ids: Collection[int]) -> Mapping[int, RoomView]:
        rows = self._views_of.rows(id=room_id, user_ids=orjson.dumps(list(user_ids)).decode())
        head = self._head.one(id=room_id) if rows else None  # once, for all viewers
        rows = [] if head is None else [row + head for row in rows]
        return {view.membership.user_id: view for view in self._views(rows) if view.membership is not None}

    def _views(self, rows: Sequence[Row]) -> list[RoomView]:
        """Return the views of joined rows; a row without a membership becomes a card."""
        joined = [(ROOMS.of(row), _MEMBERSHIP.optional(row), row) for row in rows]
        return [
            _card(room)
            if membership is None
            else RoomView(
                room,
                membership,
                tuple(orjson.loads(row[_HEAD])),
                _MESSAGE.optional(row),
                row[_OTHERS_SEEN_SEQ] or 0,
                row[_DELETED_UNREAD],
                row[_UNREAD_MENTIONS],
            )
            for room, membership, row in joined
        ]

    # Lists of rooms

    def _prepare_lists(self) -> None:
        room, mine, ban = RoomRow, ParticipantRow, BanRow
        exists = _exists()
        joined = _of_members(self._database).select_extend(_head(self._database))
        mine_of = joined.where((mine.user_id == param("user_id")) & exists)
        self._mine = self._pages_by_activity(mine_of)
        partner = UserRow.alias()
        partner_id = Case(room.pair_low, ((param("user_id"), room.pair_high),), room.pair_low)
        is_sought = self._contains(room.search_name) | self._contains(self._first_line(partner.search_names))
        self._mine_sought = self._pages_by_activity(
            mine_of.join(partner, JOIN.LEFT_OUTER, on=(partner.id == partner_id)).where(is_sought)
        )

        own = ParticipantRow.alias()
        is_in = own.select(SQL("1")).where((own.room_id == room.id) & (own.user_id == param("user_id")))
        is_banned = ban.select(SQL("1")).where((ban.room_id == room.id) & (ban.user_id == param("user_id")))
        # The constant is in the text, as in the partial index on public rooms: a parameter would not match the index.
        is_public = (room.kind == SQL("'group'")) & ~room.is_private & exists
        public = room.select(*ROOMS.columns).where(is_public & ~fn.EXISTS(is_in) & ~fn.EXISTS(is_banned))
        self._public = self._pages_by_activity(public)
        self._public_sought = self._pages_by_activity(public.where(self._contains(room.search_name)))
        # With an expression as the key, the databases look up the given rooms and sort them.
        few = public.where(room.id.in_(self._database.dialect.each_of("ids")))
        self._public_few = KeysetPages(
            self._database, few, (room.activity + 0, room.id), start=_AFTER_EVERY_ACTIVITY, newest_first=True
        )

        self._groups = GroupPages(self._database, self._names)
        self._all_of = self._statement(
            mine.select(*_WITH_MEMBERSHIP, room.pair_low, room.pair_high)
            .join(room, on=(room.id == mine.room_id))
            .where((mine.user_id == param("user_id")) & (mine.room_id > param("after")) & exists)
            .order_by(mine.room_id)
            .limit(param("limit"))
        )

        newest_of = self._database.dialect.choose(sqlite=fn.MAX, postgres=fn.GREATEST)
        last_read_seq = newest_of(mine.joined_seq, mine.seen_seq)
        has_unread = (room.last_seq > mine.joined_seq) & (room.last_seq > mine.seen_seq)
        unread_count = room.last_seq - last_read_seq - _deleted_unread()
        self._unread = self._statement(
            mine.select(*MEMBERSHIPS.columns, unread_count, unread_mentions(self._database))
            .join(room, on=(room.id == mine.room_id))
            .where((mine.user_id == param("user_id")) & exists & has_unread)
            .order_by(room.activity.desc())
        )

    def _pages_by_activity(self, query: Select) -> KeysetPages:
        key = (RoomRow.activity, RoomRow.id)
        return KeysetPages(self._database, query, key, start=_AFTER_EVERY_ACTIVITY, newest_first=True)

    def _contains(self, column: Node) -> Expression:
        """Return the condition that the text of the column contains the parameter `part`."""
        place = self._database.dialect.choose(sqlite=fn.INSTR, postgres=fn.STRPOS)
        return place(column, param("part")) > 0

    def _first_line(self, column: Field) -> Node:
        return self._database.dialect.choose(
            sqlite=fn.SUBSTR(column, 1, fn.INSTR(column, "\n")), postgres=fn.SPLIT_PART(column, "\n", SQL("1"))
        )

    def page_of(self, user_id: int, window: Window, part: str = "") -> Sequence[RoomView]:
        if part:
            return self._views(self._mine_sought.rows(window, user_id=user_id, part=part))
        return self._views(self._mine.rows(window, user_id=user_id))

    def public_page(self, user_id: int, window: Window, part: str = "") -> Sequence[RoomView]:
        return [_card(room) for room in ROOMS.all(self._public_rows(user_id, window, part))]

    def _public_rows(self, user_id: int, window: Window, part: str) -> list[Row]:
        if not part:
            return self._public.rows(window, user_id=user_id)
        few = self._names.few_with(part)
        if few is None:
            return self._public_sought.rows(window, user_id=user_id, part=part)
        return self._public_few.rows(window, user_id=user_id, ids=orjson.dumps(few).decode())

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[JoinedRoom]:
        rows = self._all_of.rows(user_id=user_id, after=after, limit=limit)
        return [JoinedRoom(ROOMS.of(row), _MEMBERSHIP.of(row), _partner_id(row, user_id)) for row in rows]

    def unread(self, user_id: int) -> Sequence[UnreadRoom]:
        found = [UnreadRoom(MEMBERSHIPS.of(row), *row[-2:]) for row in self._unread.rows(user_id=user_id)]
        return [one for one in found if one.unread_count]

    def groups(self, window: Window, groups: GroupFilter = GroupFilter()) -> Sequence[Room]:
        return self._groups.page(window, groups)

    # Removed rooms

    def _prepare_sweep(self) -> None:
        room = RoomRow
        self._removed = self._statement(
            room.select(room.id).where(room.deleted_at <= param("before")).order_by(room.deleted_at).limit(1)
        )
        # In the order of the references between them.
        self._sweep_parts: tuple[Statement | _Messages, ...] = (
            _Messages(self._database, self._index),
            self._statement(_delete_newest(ParticipantRow)),
            self._statement(_delete_newest(BanRow)),
            self._statement(_delete_newest(InvitationRow)),
            self._names.drop_some,
            self._statement(room.delete().where(room.id == param("id"))),
        )

    def sweep(self, before: Timestamp, limit: int) -> int:
        left = limit
        while left and (found := self._removed.one(before=before)):
            for part in self._sweep_parts:
                swept = part.run(id=found[0], limit=left)
                left -= swept
                if not left or (swept and isinstance(part, _Messages)):  # the part may still have rows
                    return limit - left
        return limit - left


class _Messages:
    """The messages of a removed room and their words in the search index."""

    def __init__(self, database: ChatDatabase, index: StoredIndex) -> None:
        self._index = index
        self._newest = Statement(database, _newest(MessageRow))
        self._drop = Statement(database, MessageRow.delete().where(MessageRow.id.in_(database.dialect.each_of("ids"))))

    def run(self, *, id: int, limit: int) -> int:  # noqa: A002 - as the statements of the other parts
        """Delete some messages, at most `limit`; return how many, 0 if there are none."""
        ids = [message_id for (message_id,) in self._newest.rows(id=id, limit=limit)]
        is_large = len(ids) == limit
        if not is_large:
            ids = ids[:SWEPT_MESSAGES]
        if ids:
            self._drop.run(ids=orjson.dumps(ids).decode())
            (self._index.drop if is_large else self._index.refresh)(ids)
        return len(ids)


def _exists() -> Expression:
    return RoomRow.deleted_at.is_null()


def _is_last() -> Expression:
    return (MessageRow.room_id == RoomRow.id) & (MessageRow.seq == RoomRow.last_seq)


def _of_members(database: ChatDatabase) -> Select:
    """Return the views of rooms without their heads, one for each participant."""
    others = others_seen_seq(than=ParticipantRow.user_id)
    return (
        ParticipantRow.select(*_VIEW, others, _deleted_unread(), unread_mentions(database))
        .join(RoomRow, on=(RoomRow.id == ParticipantRow.room_id))
        .join(MessageRow, JOIN.LEFT_OUTER, on=_is_last())
    )


def _head(database: ChatDatabase) -> Select:
    """Return the ids of the first participants of the query's room, as a JSON list.

    A row for each participant would take twice as long. SQLite aggregates the rows of an ordered subquery in its order;
    to sort them again would take three times as long.
    """
    row = ParticipantRow.alias()
    first = row.select(row.id, row.user_id).where(row.room_id == RoomRow.id).order_by(row.id)
    first = first.limit(SQL(str(ROOM_HEAD))).alias("head")
    ids = database.dialect.choose(
        sqlite="json_group_array(user_id)", postgres="COALESCE(json_agg(user_id ORDER BY id)::text, '[]')"
    )
    return Select([first], [SQL(ids)])


def _deleted_unread() -> Case:
    """Return the number of deleted messages above the receipt. Count only in rooms with a deletion above it."""
    room, mine, deleted = RoomRow, ParticipantRow, MessageRow.alias()
    are_unread = (deleted.room_id == room.id) & (deleted.seq > mine.joined_seq) & (deleted.seq > mine.seen_seq)
    # The bare column is the condition of the partial index.
    count = deleted.select(fn.COUNT(SQL("*"))).where(are_unread & deleted.is_deleted)
    has_any = (room.deleted_seq > mine.joined_seq) & (room.deleted_seq > mine.seen_seq)
    return Case(None, ((has_any, count),), 0)


def _newest(row: RowOfRoom) -> Select:
    """Return the ids of the newest `limit` rows of the room `id`: a reply goes before the message that it refers to."""
    return row.select(row.id).where(row.room_id == param("id")).order_by(row.id.desc()).limit(param("limit"))


def _delete_newest(row: RowOfRoom) -> Delete:
    return row.delete().where(row.id.in_(_newest(row)))


def _partner_id(row: Row, user_id: int) -> int | None:
    """Return the other user of a direct chat, or None for a group."""
    low: int | None = row[_PAIR_LOW]
    high: int | None = row[_PAIR_HIGH]
    return high if low == user_id else low


def _card(room: Room) -> RoomView:
    """Return the room as a user sees it from outside."""
    return RoomView(room, None, (), None, 0, 0, 0)
