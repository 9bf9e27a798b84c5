"""Who is in which room, in the database."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import orjson
from peewee import JOIN, Node, Select

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Row, Statement, param
from minichat.adapters.peewee.tables import ParticipantRow, RoomRow, UserRow
from minichat.domain.model import Membership, Receipts, Role
from minichat.domain.paging import Window

COLUMNS = (
    ParticipantRow.id,
    ParticipantRow.room_id,
    ParticipantRow.user_id,
    ParticipantRow.role,
    ParticipantRow.joined_seq,
    ParticipantRow.seen_seq,
)


def membership_of(row: Row) -> Membership:
    """Make the entity of a row of `COLUMNS`."""
    return Membership(row[0], row[1], row[2], Role(row[3]), row[4], row[5])


def others_seen_seq(than: Node = param("user_id")) -> Select:
    """The newest receipt among the other participants of the query's room: one step in an index."""
    other = ParticipantRow.alias()
    return (
        other.select(other.seen_seq)
        .where((other.room_id == RoomRow.id) & (other.user_id != than))
        .order_by(other.seen_seq.desc())
        .limit(1)
    )


class PeeweeMembershipStore:
    def __init__(self, database: ChatDatabase) -> None:
        def statement(query: Node) -> Statement:
            return Statement(database, query)

        row, room = ParticipantRow, RoomRow
        participants = row.select(*COLUMNS).where(row.room_id == param("room_id"))
        theirs = (row.room_id == param("room_id")) & (row.user_id == param("user_id"))
        limit = param("limit")
        self._add = statement(
            row.insert(
                room_id=param("room_id"), user_id=param("user_id"), role=param("role"), joined_seq=param("joined_seq")
            )
            .on_conflict_ignore()
            .returning(*COLUMNS)
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
        self._first_with_role = statement(
            participants.where((row.role == param("role")) & (row.user_id != param("without")))
            .order_by(row.id)
            .limit(1)
        )
        self._erased_in = statement(
            row.select(row.user_id)
            .join(UserRow, on=(UserRow.id == row.user_id))
            .where((row.room_id == param("room_id")) & UserRow.deleted_at.is_null(False))
        )
        self._page_after = statement(participants.where(row.id > param("key")).order_by(row.id).limit(limit))
        self._page_before = statement(participants.where(row.id < param("key")).order_by(row.id.desc()).limit(limit))
        self._see = statement(row.update(seen_seq=param("seq")).where(theirs & (row.seen_seq < param("seq"))))
        self._rooms_of = statement(row.select(row.room_id).where(row.user_id == param("user_id")))
        self._read_by = statement(
            row.select(row.user_id, row.joined_seq, row.seen_seq).where(
                (row.room_id == param("room_id")) & row.user_id.in_(database.dialect.each_of("ids"))
            )
        )
        self._receipts = statement(
            row.select(row.room_id, row.joined_seq, row.seen_seq, others_seen_seq())
            .join(room, JOIN.INNER, on=(room.id == row.room_id))
            .where(
                (row.user_id == param("user_id"))
                & row.room_id.in_(database.dialect.each_of("room_ids"))
                & room.deleted_at.is_null()
            )
        )

    def rooms_of(self, user_id: int) -> Collection[int]:
        return {room_id for (room_id,) in self._rooms_of.rows(user_id=user_id)}

    def read_by(self, room_id: int, user_ids: Collection[int]) -> Mapping[int, int]:
        ids = orjson.dumps(list(user_ids)).decode()
        return {
            user_id: max(joined_seq, seen_seq)
            for user_id, joined_seq, seen_seq in self._read_by.rows(room_id=room_id, ids=ids)
        }

    def add(self, room_id: int, user_id: int, role: Role, joined_seq: int) -> Membership | None:
        row = self._add.one(room_id=room_id, user_id=user_id, role=role.value, joined_seq=joined_seq)
        if row is None:
            return None
        self._count.run(room_id=room_id, step=1)
        return membership_of(row)

    def add_all(self, room_id: int, user_ids: Sequence[int], role: Role, joined_seq: int) -> None:
        ids = orjson.dumps(list(user_ids)).decode()
        added = self._add_all.run(room_id=room_id, ids=ids, role=role.value, joined_seq=joined_seq)
        self._count.run(room_id=room_id, step=added)

    def remove(self, membership: Membership) -> None:
        if self._remove.run(id=membership.id):
            self._count.run(room_id=membership.room_id, step=-1)

    def set_role(self, membership: Membership, role: Role) -> None:
        self._set_role.run(id=membership.id, role=role.value)

    def heir(self, room_id: int, without: int) -> Membership | None:
        for role in (Role.OWNER, Role.MODERATOR, Role.MEMBER):
            row = self._first_with_role.one(room_id=room_id, role=role.value, without=without)
            if row is not None:
                return membership_of(row)
        return None

    def erased_in(self, room_id: int) -> Collection[int]:
        return [user_id for (user_id,) in self._erased_in.rows(room_id=room_id)]

    def page(self, room_id: int, window: Window) -> Sequence[Membership]:
        limit = window.limit + 1
        if window.before is not None:
            rows = self._page_before.rows(room_id=room_id, key=window.before[0], limit=limit)[::-1]
        else:
            rows = self._page_after.rows(room_id=room_id, key=window.after[0] if window.after else 0, limit=limit)
        return [membership_of(row) for row in rows]

    def see(self, room_id: int, user_id: int, seq: int) -> bool:
        return self._see.run(room_id=room_id, user_id=user_id, seq=seq) == 1

    def receipts(self, user_id: int, room_ids: Iterable[int]) -> Mapping[int, Receipts]:
        ids = orjson.dumps(list(room_ids)).decode()
        return {
            room_id: Receipts(max(joined_seq, seen_seq), others or 0)
            for room_id, joined_seq, seen_seq, others in self._receipts.rows(user_id=user_id, room_ids=ids)
        }
