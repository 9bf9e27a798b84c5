"""The change log in the database.

A position begins with the epoch: see `epochs`. On SQLite the id of the change before it follows: there is one writer,
so changes are committed in the order of ids.

On PostgreSQL an id is taken before the commit, so who goes by ids alone skips those that are committed late. There a
follow the id of the transaction and that of the change. The log is read up to the oldest transaction that
still runs (`pg_snapshot_xmin`): whatever comes later has a higher position.
"""

from collections.abc import Collection, Sequence
from itertools import takewhile

import orjson
from peewee import SQL, Node, fn

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.dialects import OLDEST_RUNNING
from minichat.adapters.peewee.engine.statements import Row, Statement, param
from minichat.adapters.peewee.stores.epochs import EPOCH
from minichat.adapters.peewee.stores.logs import drop_until, last_before, oldest_of
from minichat.adapters.peewee.tables import ChangeRow
from minichat.domain.model import MOVES, Change, ChangeKind, LogEnds, LoggedChange, LogPosition, Role, Timestamp
from minichat.domain.ports import ChangeStore

_COLUMNS = (
    ChangeRow.id,
    ChangeRow.kind,
    ChangeRow.room_id,
    ChangeRow.at,
    ChangeRow.user_id,
    ChangeRow.message_id,
    ChangeRow.seq,
    ChangeRow.role,
)


def change_store(database: ChatDatabase) -> ChangeStore:
    """The change log of that kind of database."""
    return database.dialect.choose(sqlite=SqliteChangeStore, postgres=PostgresChangeStore)(database)


class _Recorder(ChangeStore):
    """The part that is equal on both databases: append to the log."""

    def __init__(self, database: ChatDatabase) -> None:
        self._record = Statement(database, ChangeRow.insert({name: param(name) for name in Change._fields}))
        self._record_all = Statement.of_text(
            database,
            "INSERT INTO change (kind, room_id, at, user_id, message_id, seq, role) "  # noqa: S608 - one of two texts
            f"SELECT :kind, :room_id, :at, id, :message_id, :seq, :role FROM {database.dialect.ids_in_order()}",
        )

    def record(self, change: Change) -> None:
        self._record.run(**change._asdict())

    def record_all(self, change: Change, user_ids: Sequence[int]) -> None:
        ids = orjson.dumps(list(user_ids)).decode()
        self._record_all.run(ids=ids, **change._asdict())


class SqliteChangeStore(_Recorder):
    def __init__(self, database: ChatDatabase) -> None:
        def statement(query: Node) -> Statement:
            return Statement(database, query)

        row, position, limit = ChangeRow, param("position"), param("limit")
        super().__init__(database)
        # What was the last id is known though the log may be empty.
        last_id = fn.IFNULL(SQL("(SELECT seq FROM sqlite_sequence WHERE name = 'change')"), 0)
        self._ends = statement(row.select(SQL(EPOCH), fn.MIN(row.id), last_id))
        in_order = row.select(*_COLUMNS).order_by(row.id)
        self._after = statement(in_order.where(row.id > position).limit(limit))
        # Of each room only as many as are asked for are looked at: the rest can't be among the next.
        one = row.alias()
        next_of_room = one.select(one.id).where((one.room_id == SQL("room.value")) & (one.id > position))
        rooms = database.dialect.each_of("room_ids").alias("room")
        self._of_rooms = statement(
            row.select(*_COLUMNS)
            .from_(rooms)
            .join(row, on=row.id.in_(next_of_room.order_by(one.id).limit(limit)))
            .order_by(row.id)
            .limit(limit)
        )
        self._moves = statement(
            in_order.where(
                (row.user_id == param("user_id")) & (row.id > position) & row.kind.in_([kind.value for kind in MOVES])
            )
        )
        self._oldest, self._drop_until = oldest_of(database, ChangeRow), drop_until(database, ChangeRow)

    def ends(self) -> LogEnds:
        found = self._ends.one()
        assert found is not None, "an aggregate has a row"
        epoch, first, last = found
        return LogEnds((epoch, last if first is None else first - 1), (epoch, last))

    def after(self, position: LogPosition, limit: int) -> Sequence[LoggedChange]:
        epoch, id_ = position
        return [_logged(epoch, row) for row in self._after.rows(position=id_, limit=limit)]

    def of_rooms(self, room_ids: Collection[int], position: LogPosition, limit: int) -> Sequence[LoggedChange]:
        epoch, id_ = position
        ids = orjson.dumps(list(room_ids)).decode()
        return [_logged(epoch, row) for row in self._of_rooms.rows(room_ids=ids, position=id_, limit=limit)]

    def moves(self, user_id: int, position: LogPosition) -> Sequence[LoggedChange]:
        epoch, id_ = position
        return [_logged(epoch, row) for row in self._moves.rows(user_id=user_id, position=id_)]

    def sweep(self, before: Timestamp, limit: int) -> int:
        last = last_before(self._oldest.rows(limit=limit), before)
        return self._drop_until.run(id=last)


_PLACED = "xid, id, kind, room_id, at, user_id, message_id, seq, role"


class PostgresChangeStore(_Recorder):
    def __init__(self, database: ChatDatabase) -> None:
        def statement(text: str) -> Statement:
            for name, meant in {"{columns}": _PLACED, "{end}": OLDEST_RUNNING, "{epoch}": EPOCH}.items():
                text = text.replace(name, meant)
            return Statement.of_text(database, text)

        super().__init__(database)
        self._ends = statement("SELECT {epoch}, xid, id, {end} FROM change_horizon")
        self._after = statement("""
            SELECT {columns} FROM change WHERE (xid, id) > (:xid, :id) AND xid < {end} ORDER BY xid, id LIMIT :limit
        """)
        # Of each room only as many as are asked for are looked at: the rest can't be among the next.
        self._of_rooms = statement("""
            SELECT next.* FROM json_array_elements_text(:room_ids::json) AS room (number) JOIN LATERAL (
                SELECT {columns} FROM change
                WHERE room_id = number::bigint AND (xid, id) > (:xid, :id) AND xid < {end}
                ORDER BY xid, id LIMIT :limit
            ) AS next ON true
            ORDER BY next.xid, next.id LIMIT :limit
        """)
        # Up to what can be seen, not to what can be read: it goes with the memberships, which can be seen.
        self._moves = statement("""
            SELECT {columns} FROM change
            WHERE user_id = :user_id AND (xid, id) > (:xid, :id) AND kind IN ('participant.joined', 'participant.left')
            ORDER BY xid, id
        """)
        self._oldest = statement("SELECT xid, id, at FROM change WHERE xid < {end} ORDER BY xid, id LIMIT :limit")
        self._drop_until = statement("DELETE FROM change WHERE (xid, id) <= (:xid, :id)")
        self._move_horizon = statement("UPDATE change_horizon SET xid = :xid, id = :id WHERE (xid, id) < (:xid, :id)")

    def ends(self) -> LogEnds:
        found = self._ends.one()
        assert found is not None, "the migration has made it"
        epoch, xid, id_, end = found
        return LogEnds((epoch, xid, id_), (epoch, end, 0))

    def after(self, position: LogPosition, limit: int) -> Sequence[LoggedChange]:
        epoch, xid, id_ = position
        return [_placed(epoch, row) for row in self._after.rows(xid=xid, id=id_, limit=limit)]

    def of_rooms(self, room_ids: Collection[int], position: LogPosition, limit: int) -> Sequence[LoggedChange]:
        epoch, xid, id_ = position
        ids = orjson.dumps(list(room_ids)).decode()
        rows = self._of_rooms.rows(room_ids=ids, xid=xid, id=id_, limit=limit)
        return [_placed(epoch, row) for row in rows]

    def moves(self, user_id: int, position: LogPosition) -> Sequence[LoggedChange]:
        epoch, xid, id_ = position
        return [_placed(epoch, row) for row in self._moves.rows(user_id=user_id, xid=xid, id=id_)]

    def sweep(self, before: Timestamp, limit: int) -> int:
        old = list(takewhile(lambda line: line[2] <= before, self._oldest.rows(limit=limit)))
        if not old:
            return 0
        xid, id_, _ = old[-1]
        self._move_horizon.run(xid=xid, id=id_)
        return self._drop_until.run(xid=xid, id=id_)


def _logged(epoch: int, row: Row) -> LoggedChange:
    return LoggedChange((epoch, row[0]), _change(row[1:]))


def _placed(epoch: int, row: Row) -> LoggedChange:
    return LoggedChange((epoch, row[0], row[1]), _change(row[2:]))


def _change(row: Row) -> Change:
    kind, room_id, at, user_id, message_id, seq, role = row
    return Change(ChangeKind(kind), room_id, at, user_id, message_id, seq, None if role is None else Role(role))
