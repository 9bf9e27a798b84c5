"""Memberships in the database: the participants of each room, their roles and their receipts."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import orjson
from peewee import JOIN, Node, Select, fn

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.paging import KeysetPages
from minichat.adapters.peewee.engine.statements import Statement, param, params
from minichat.adapters.peewee.stores.companions import companions_among
from minichat.adapters.peewee.tables import BlockRow, ParticipantRow, RoomRow, UserRow
from minichat.domain.model import DirectParticipant, HistoryAccess, Membership, Receipts, Role
from minichat.domain.paging import Window

_JOINED = HistoryAccess.JOINED.value

MEMBERSHIPS = Mapper(Membership, ParticipantRow)


def others_seen_seq(than: Node = param("user_id")) -> Select:
    """Return the newest receipt among the other participants of the query's room: one step in an index."""
    other = ParticipantRow.alias()
    return (
        other.select(other.seen_seq)
        .where((other.room_id == RoomRow.id) & (other.user_id != than))
        .order_by(other.seen_seq.desc())
        .limit(1)
    )


class PeeweeMembershipStore:
    def __init__(self, database: ChatDatabase) -> None:
        row, room, each_of = ParticipantRow, RoomRow, database.dialect.each_of

        def statement(query: Node) -> Statement:
            return Statement(database, query)

        in_room = row.room_id == param("room_id")
        of_user = row.user_id == param("user_id")
        participants = row.select(*MEMBERSHIPS.columns).where(in_room)

        # Changes
        self._add = statement(
            row.insert(
                room_id=param("room_id"), user_id=param("user_id"), role=param("role"), joined_seq=param("joined_seq")
            )
            .on_conflict_ignore()
            .returning(*MEMBERSHIPS.columns)
        )
        self._add_all = Statement.of_text(
            database,
            "INSERT INTO participant (room_id, user_id, role, joined_seq) "  # noqa: S608 - one of two texts
            f"SELECT :room_id, id, :role, :joined_seq FROM {database.dialect.ids_in_order()}",
        )
        self._count = statement(
            room.update(participants_count=room.participants_count + param("step")).where(room.id == param("room_id"))
        )
        self._remove = statement(row.delete().where(row.id == param("id")))
        self._set_role = statement(row.update(role=param("role")).where(row.id == param("id")))
        notice = params(("notify", "muted_at", "muted_until"))
        self._set_notify = statement(row.update(notice).where(row.id == param("id")))
        is_behind = row.seen_seq < param("seq")
        self._see = statement(row.update(seen_seq=param("seq")).where(in_room & of_user & is_behind))

        # The participants of a room
        user = UserRow
        # A look-up for each user instead of a join, which PostgreSQL may begin with all participants of the room.
        own_id = row.select(row.id).where(in_room & (row.user_id == user.id))
        is_in = (fn.COALESCE(own_id, 0) > 0) & user.deleted_at.is_null()
        self._among = statement(user.select(user.id).where(user.id.in_(each_of("ids")) & is_in))
        self._by_names = statement(
            user.select(user.username_key, user.id).where(user.username_key.in_(each_of("keys", "text")) & is_in)
        )
        self._pages = KeysetPages(database, participants, (row.id,), start=(0,))
        self._first_with_role = statement(
            participants.where((row.role == param("role")) & (row.user_id != param("without")))
            .order_by(row.id)
            .limit(1)
        )
        other, block = row.alias(), BlockRow
        is_block = (block.blocker_id == row.user_id) & (block.blocked_id == other.user_id)
        self._pair_of = statement(
            row.select(row.user_id, UserRow.deleted_at, block.number)
            .join(UserRow, on=(UserRow.id == row.user_id))
            .join(other, on=((other.room_id == row.room_id) & (other.user_id != row.user_id)))
            .join(block, JOIN.LEFT_OUTER, on=is_block)
            .where(in_room)
            .order_by(row.id)
        )
        given = database.dialect.pairs("user_ids_by_room")
        # CROSS JOIN keeps SQLite in this order: for each pair, look up its row.
        of_pairs = (
            f"FROM {given} CROSS JOIN participant AS t1 CROSS JOIN room "
            "WHERE t1.room_id = first AND t1.user_id = second AND room.id = first"
        )
        self._readers = Statement.of_text(
            database,
            f"SELECT t1.room_id, t1.user_id, t1.joined_seq, t1.seen_seq, room.history {of_pairs}",
        )
        self._receipts_of = Statement.of_text(
            database,
            "SELECT t1.room_id, t1.user_id, t1.joined_seq, t1.seen_seq, room.history, "  # noqa: S608
            "(SELECT other.seen_seq FROM participant AS other WHERE other.room_id = t1.room_id "
            "AND other.user_id <> t1.user_id ORDER BY other.seen_seq DESC LIMIT 1) "
            f"{of_pairs} AND room.deleted_at IS NULL",
        )

        # The rooms of a user
        self._rooms_of = statement(row.select(row.room_id).where(of_user))
        self._sharing = companions_among(database)
        self._receipts = statement(
            row.select(row.room_id, row.joined_seq, row.seen_seq, others_seen_seq(), room.history)
            .join(room, JOIN.INNER, on=(room.id == row.room_id))
            .where(of_user & row.room_id.in_(each_of("room_ids")) & room.deleted_at.is_null())
        )

    def add(self, room_id: int, user_id: int, role: Role, joined_seq: int) -> Membership | None:
        row = self._add.one(room_id=room_id, user_id=user_id, role=role.value, joined_seq=joined_seq)
        if row is None:
            return None
        self._count.run(room_id=room_id, step=1)
        return MEMBERSHIPS.of(row)

    def add_all(self, room_id: int, user_ids: Sequence[int], role: Role, joined_seq: int) -> None:
        ids = orjson.dumps(list(user_ids)).decode()
        added = self._add_all.run(room_id=room_id, ids=ids, role=role.value, joined_seq=joined_seq)
        self._count.run(room_id=room_id, step=added)

    def remove(self, membership: Membership) -> None:
        if self._remove.run(id=membership.id):
            self._count.run(room_id=membership.room_id, step=-1)

    def set_role(self, membership: Membership, role: Role) -> None:
        self._set_role.run(id=membership.id, role=role.value)

    def set_notify(self, membership: Membership) -> None:
        self._set_notify.run(
            id=membership.id,
            notify=membership.notify.value,
            muted_at=membership.muted_at,
            muted_until=membership.muted_until,
        )

    def see(self, room_id: int, user_id: int, seq: int) -> bool:
        return self._see.run(room_id=room_id, user_id=user_id, seq=seq) == 1

    def among(self, room_id: int, user_ids: Collection[int]) -> Collection[int]:
        rows = self._among.rows(room_id=room_id, ids=orjson.dumps(list(user_ids)).decode())
        return {user_id for (user_id,) in rows}

    def by_names(self, room_id: int, username_keys: Collection[str]) -> Mapping[str, int]:
        return dict(self._by_names.rows(room_id=room_id, keys=orjson.dumps(list(username_keys)).decode()))

    def owner(self, room_id: int) -> Membership | None:
        row = self._first_with_role.one(room_id=room_id, role=Role.OWNER.value, without=0)
        return None if row is None else MEMBERSHIPS.of(row)

    def heir(self, room_id: int, without: int) -> Membership | None:
        for role in (Role.OWNER, Role.MODERATOR, Role.MEMBER):
            row = self._first_with_role.one(room_id=room_id, role=role.value, without=without)
            if row is not None:
                return MEMBERSHIPS.of(row)
        return None

    def pair_of(self, room_id: int) -> Sequence[DirectParticipant]:
        return [
            DirectParticipant(user_id, is_erased=deleted_at is not None, is_blocking=number is not None)
            for user_id, deleted_at, number in self._pair_of.rows(room_id=room_id)
        ]

    def page(self, room_id: int, window: Window) -> Sequence[Membership]:
        return MEMBERSHIPS.all(self._pages.rows(window, room_id=room_id))

    def rooms_of(self, user_id: int) -> Collection[int]:
        return {room_id for (room_id,) in self._rooms_of.rows(user_id=user_id)}

    def sharing(self, user_id: int, other_ids: Collection[int]) -> Collection[int]:
        ids = orjson.dumps(list(other_ids)).decode()
        return {other_id for (other_id,) in self._sharing.rows(ids=ids, viewer_id=user_id)}

    def readers(self, user_ids_by_room: Mapping[int, Collection[int]]) -> Mapping[int, Mapping[int, tuple[int, int]]]:
        found: defaultdict[int, dict[int, tuple[int, int]]] = defaultdict(dict)
        # A room can have thousands of readers, so there is no call for each of them.
        for room_id, user_id, joined_seq, seen_seq, history in self._readers.rows(
            user_ids_by_room=_json_of(user_ids_by_room)
        ):
            found[room_id][user_id] = (
                max(joined_seq, seen_seq),
                joined_seq + 1 if history == _JOINED else 1,
            )
        return found

    def receipts_of(self, user_ids_by_room: Mapping[int, Collection[int]]) -> Mapping[tuple[int, int], Receipts]:
        rows = self._receipts_of.rows(user_ids_by_room=_json_of(user_ids_by_room))
        return {
            (room_id, user_id): Receipts(max(joined_seq, seen_seq), others or 0, _first_seq(joined_seq, history))
            for room_id, user_id, joined_seq, seen_seq, history, others in rows
        }

    def receipts(self, user_id: int, room_ids: Iterable[int]) -> Mapping[int, Receipts]:
        ids = orjson.dumps(list(room_ids)).decode()
        return {
            room_id: Receipts(max(joined_seq, seen_seq), others or 0, _first_seq(joined_seq, history))
            for room_id, joined_seq, seen_seq, others, history in self._receipts.rows(user_id=user_id, room_ids=ids)
        }


def _json_of(ids: Mapping[int, Collection[int]]) -> str:
    return orjson.dumps({key: list(values) for key, values in ids.items()}, option=orjson.OPT_NON_STR_KEYS).decode()


def _first_seq(joined_seq: int, history: str) -> int:
    """Return the first readable `seq`: see `Room.first_seq`."""
    return joined_seq + 1 if history == HistoryAccess.JOINED else 1
