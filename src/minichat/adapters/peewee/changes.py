"""The change log in the database.

A place is the id of the change before it: SQLite has one writer, so changes are committed in the order of their ids.
"""

from collections.abc import Collection, Sequence

import orjson
from peewee import SQL, Node, fn

from minichat.adapters.peewee.database import Sqlite
from minichat.adapters.peewee.logs import drop_until, last_before, oldest_of
from minichat.adapters.peewee.statements import Row, Statement, each_of, param
from minichat.adapters.peewee.tables import ChangeRow
from minichat.domain.model import MOVES, Change, ChangeKind, LogEnds, LoggedChange, Place, Role, Timestamp

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


class PeeweeChanges:
    def __init__(self, database: Sqlite) -> None:
        def statement(query: Node) -> Statement:
            return Statement(database, query)

        row, place, limit = ChangeRow, param("place"), param("limit")
        self._record = statement(row.insert({name: param(name) for name in Change._fields}))
        # What was the last id is known though the log may be empty.
        last_id = fn.IFNULL(SQL("(SELECT seq FROM sqlite_sequence WHERE name = 'change')"), 0)
        self._ends = statement(row.select(fn.MIN(row.id), last_id))
        in_order = row.select(*_COLUMNS).order_by(row.id)
        self._after = statement(in_order.where(row.id > place).limit(limit))
        # Of each room only as many as are asked for are looked at: the rest can't be among the next.
        one = row.alias()
        next_of_room = one.select(one.id).where((one.room_id == SQL("room.value")) & (one.id > place))
        rooms = each_of("room_ids").alias("room")
        self._of_rooms = statement(
            row.select(*_COLUMNS)
            .from_(rooms)
            .join(row, on=row.id.in_(next_of_room.order_by(one.id).limit(limit)))
            .order_by(row.id)
            .limit(limit)
        )
        self._moves = statement(
            in_order.where(
                (row.user_id == param("user_id")) & (row.id > place) & row.kind.in_([kind.value for kind in MOVES])
            )
        )
        self._oldest, self._drop_until = oldest_of(database, ChangeRow), drop_until(database, ChangeRow)

    def record(self, change: Change) -> None:
        self._record.run(**change._asdict())

    def ends(self) -> LogEnds:
        found = self._ends.one()
        assert found is not None, "an aggregate has a row"
        first, last = found
        return LogEnds((last if first is None else first - 1,), (last,))

    def after(self, place: Place, limit: int) -> Sequence[LoggedChange]:
        return [_logged(row) for row in self._after.rows(place=place[0], limit=limit)]

    def of_rooms(self, room_ids: Collection[int], place: Place, limit: int) -> Sequence[LoggedChange]:
        ids = orjson.dumps(list(room_ids)).decode()
        return [_logged(row) for row in self._of_rooms.rows(room_ids=ids, place=place[0], limit=limit)]

    def moves(self, user_id: int, place: Place) -> Sequence[LoggedChange]:
        return [_logged(row) for row in self._moves.rows(user_id=user_id, place=place[0])]

    def sweep(self, before: Timestamp, limit: int) -> int:
        last = last_before(self._oldest.rows(limit=limit), before)
        return self._drop_until.run(id=last)


def _logged(row: Row) -> LoggedChange:
    id_, kind, room_id, at, user_id, message_id, seq, role = row
    return LoggedChange(
        (id_,), Change(ChangeKind(kind), room_id, at, user_id, message_id, seq, None if role is None else Role(role))
    )
