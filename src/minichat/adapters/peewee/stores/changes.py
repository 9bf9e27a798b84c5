"""The change log in the database.

A position begins with the epoch (see `log_epoch`). On SQLite the id of the change follows: there is one writer, so the
order of ids is the order of commits.

A transaction on PostgreSQL gets ids before it commits, so a reader that follows ids alone would skip the changes of a
late commit. Therefore the number of the transaction and the id of the change follow the epoch. Readers see the log up
to the oldest running transaction (`pg_snapshot_xmin`): every later commit has a higher position.
"""

from collections.abc import Collection, Sequence
from itertools import takewhile
from pathlib import Path

import orjson
from peewee import SQL, Node, fn

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.dialects import OLDEST_RUNNING
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.statements import Row, Statement, param, params
from minichat.adapters.peewee.stores.append_only import LogBeginning
from minichat.adapters.peewee.stores.log_epoch import EPOCH
from minichat.adapters.peewee.stores.log_mark import LogMark
from minichat.adapters.peewee.tables import ChangeRow
from minichat.domain.model import MOVES, NO_ROOM, Change, ChangeKind, LogEnds, LoggedChange, LogPosition, Timestamp
from minichat.domain.ports import ChangeStore

# A row begins with its position: the id on SQLite, the transaction and the id on PostgreSQL.
_AFTER_ID = Mapper(Change, ChangeRow, start=1)
_AFTER_XID_AND_ID = Mapper(Change, ChangeRow, start=2)
_FIELDS = ", ".join(Change._fields)
_MOVES = [kind.value for kind in MOVES]


def change_store(database: ChatDatabase) -> ChangeStore:
    """Return the change log for that database."""
    return database.dialect.choose(sqlite=SqliteChangeStore, postgres=PostgresChangeStore)(database)


def _to_row(change: Change) -> Change:
    """Return the change as its row holds it.

    The row of a private change is in no room, and a column of another change holds its room. So the other readers of
    the room do not find it, and do not notice that they have read past it.
    """
    if change.kind is ChangeKind.ROOM_NOTIFY:
        return change._replace(room_id=NO_ROOM, other_id=change.room_id)
    return change


def from_row(row: Change) -> Change:
    """Return the change of a row."""
    if row.kind is ChangeKind.ROOM_NOTIFY:
        assert row.other_id is not None
        return row._replace(room_id=row.other_id, other_id=None)
    return row


class _Recorder(ChangeStore):
    """The part that both databases share: append to the log."""

    def __init__(self, database: ChatDatabase) -> None:
        self._record = Statement(database, ChangeRow.insert(params(Change._fields)))
        values = ", ".join("id" if name == "user_id" else f":{name}" for name in Change._fields)
        self._record_all = Statement.of_text(
            database,
            f"INSERT INTO change ({_FIELDS}) SELECT {values} FROM {database.dialect.ids_in_order()}",  # noqa: S608 - our own words
        )

    def record(self, change: Change) -> None:
        self._record.run(**_to_row(change)._asdict())

    def record_all(self, change: Change, user_ids: Sequence[int]) -> None:
        ids = orjson.dumps(list(user_ids)).decode()
        self._record_all.run(ids=ids, **_to_row(change)._asdict())


class SqliteChangeStore(_Recorder):
    def __init__(self, database: ChatDatabase) -> None:
        super().__init__(database)
        self._database = database
        self._mark = LogMark(Path(database.database))
        row, position, limit = ChangeRow, param("position"), param("limit")
        columns = (row.id, *_AFTER_ID.columns)
        in_order = row.select(*columns).order_by(row.id)

        def statement(query: Node) -> Statement:
            return Statement(database, query)

        # SQLite keeps the last id although the log may be empty.
        last_id = fn.IFNULL(SQL("(SELECT seq FROM sqlite_sequence WHERE name = 'change')"), 0)
        self._ends = statement(row.select(SQL(EPOCH), fn.MIN(row.id), last_id))
        self._after = statement(in_order.where(row.id > position).limit(limit))
        # The subquery reads at most `limit` changes of each room: the others are not among the next.
        one, own = row.alias(), row.alias()
        next_of_room = one.select(one.id).where((one.room_id == SQL("room.value")) & (one.id > position))
        of_rooms = (
            row.select(*columns)
            .from_(database.dialect.each_of("room_ids").alias("room"))
            .join(row, on=row.id.in_(next_of_room.order_by(one.id).limit(limit)))
        )
        # The constant is in the text, as in the partial index: a parameter would not match the index.
        is_own = (own.room_id == SQL(str(NO_ROOM))) & (own.user_id == param("user_id")) & (own.id > position)
        next_own = own.select(own.id).where(is_own).order_by(own.id).limit(limit)
        without_room = row.select(*columns).where(row.id.in_(next_own))
        self._of_user = statement(of_rooms.union_all(without_room).order_by(SQL("1")).limit(limit))
        self._moves = statement(
            in_order.where(
                row.user_id.in_(database.dialect.each_of("user_ids")) & (row.id > position) & row.kind.in_(_MOVES)
            )
        )
        self._beginning = LogBeginning(database, row)

    def ends(self) -> LogEnds:
        found = self._ends.one()
        assert found is not None, "an aggregate returns a row"
        epoch, first, last = found
        self._raise_mark(last)
        return LogEnds((epoch, last if first is None else first - 1), (epoch, last))

    def after(self, position: LogPosition, limit: int) -> Sequence[LoggedChange]:
        epoch, id_ = position
        return self._logged(epoch, self._after.rows(position=id_, limit=limit))

    def of_user(
        self, user_id: int, room_ids: Collection[int], position: LogPosition, limit: int
    ) -> Sequence[LoggedChange]:
        epoch, id_ = position
        ids = orjson.dumps(list(room_ids)).decode()
        return self._logged(epoch, self._of_user.rows(user_id=user_id, room_ids=ids, position=id_, limit=limit))

    def moves(self, user_ids: Collection[int], position: LogPosition) -> Sequence[LoggedChange]:
        epoch, id_ = position
        ids = orjson.dumps(list(user_ids)).decode()
        return self._logged(epoch, self._moves.rows(user_ids=ids, position=id_))

    def sweep(self, before: Timestamp, limit: int) -> int:
        return self._beginning.sweep(before, limit)

    def _logged(self, epoch: int, rows: Sequence[Row]) -> list[LoggedChange]:
        if rows:
            self._raise_mark(rows[-1][0])
        return [LoggedChange((epoch, row[0]), from_row(_AFTER_ID.of(row))) for row in rows]

    def _raise_mark(self, id_: int) -> None:
        if not self._database.in_transaction():  # whose own changes may still be undone
            self._mark.raise_to(id_)


class PostgresChangeStore(_Recorder):
    def __init__(self, database: ChatDatabase) -> None:
        super().__init__(database)
        words = {
            "{columns}": f"xid, id, {_FIELDS}",
            "{end}": OLDEST_RUNNING,
            "{epoch}": EPOCH,
            "{no_room}": str(NO_ROOM),
        }

        def statement(text: str) -> Statement:
            for name, meaning in words.items():
                text = text.replace(name, meaning)
            return Statement.of_text(database, text)

        # The last position is that of a committed change. The number of the oldest running transaction is unsuitable:
        # after a crash the server assigns the numbers of unsuccessful transactions again.
        self._ends = statement("""
            SELECT {epoch}, dropped.xid, dropped.id, coalesce(newest.xid, dropped.xid), coalesce(newest.id, dropped.id)
            FROM change_horizon AS dropped LEFT JOIN LATERAL (
                SELECT xid, id FROM change WHERE xid < {end} ORDER BY xid DESC, id DESC LIMIT 1
            ) AS newest ON true
        """)
        self._after = statement("""
            SELECT {columns} FROM change WHERE (xid, id) > (:xid, :id) AND xid < {end} ORDER BY xid, id LIMIT :limit
        """)
        # The subquery reads at most `limit` changes of each room: the others are not among the next.
        self._of_user = statement("""
            SELECT next.* FROM json_array_elements_text(:room_ids::json) AS room (number) JOIN LATERAL (
                SELECT {columns} FROM change
                WHERE room_id = number::bigint AND (xid, id) > (:xid, :id) AND xid < {end}
                ORDER BY xid, id LIMIT :limit
            ) AS next ON true
            UNION ALL (
                SELECT {columns} FROM change
                WHERE room_id = {no_room} AND user_id = :user_id AND (xid, id) > (:xid, :id) AND xid < {end}
                ORDER BY xid, id LIMIT :limit
            )
            ORDER BY xid, id LIMIT :limit
        """)
        # Up to the newest visible change and not to the newest readable one: the caller compares the moves with the
        # memberships, which are visible as soon as they are committed.
        self._moves = statement("""
            SELECT {columns} FROM change
            WHERE user_id IN (SELECT item::bigint FROM json_array_elements_text(:user_ids::json) AS item)
            AND (xid, id) > (:xid, :id) AND kind IN ('participant.joined', 'participant.left')
            ORDER BY xid, id
        """)
        self._oldest = statement("SELECT xid, id, at FROM change WHERE xid < {end} ORDER BY xid, id LIMIT :limit")
        self._delete_until = statement("DELETE FROM change WHERE (xid, id) <= (:xid, :id)")
        self._move_horizon = statement("UPDATE change_horizon SET xid = :xid, id = :id WHERE (xid, id) < (:xid, :id)")

    def ends(self) -> LogEnds:
        found = self._ends.one()
        assert found is not None, "the migration has inserted the row"
        epoch, first_xid, first_id, last_xid, last_id = found
        return LogEnds((epoch, first_xid, first_id), (epoch, last_xid, last_id))

    def after(self, position: LogPosition, limit: int) -> Sequence[LoggedChange]:
        epoch, xid, id_ = position
        return _logged_by_transaction(epoch, self._after.rows(xid=xid, id=id_, limit=limit))

    def of_user(
        self, user_id: int, room_ids: Collection[int], position: LogPosition, limit: int
    ) -> Sequence[LoggedChange]:
        epoch, xid, id_ = position
        ids = orjson.dumps(list(room_ids)).decode()
        rows = self._of_user.rows(user_id=user_id, room_ids=ids, xid=xid, id=id_, limit=limit)
        return _logged_by_transaction(epoch, rows)

    def moves(self, user_ids: Collection[int], position: LogPosition) -> Sequence[LoggedChange]:
        epoch, xid, id_ = position
        ids = orjson.dumps(list(user_ids)).decode()
        return _logged_by_transaction(epoch, self._moves.rows(user_ids=ids, xid=xid, id=id_))

    def sweep(self, before: Timestamp, limit: int) -> int:
        old = list(takewhile(lambda entry: entry[2] <= before, self._oldest.rows(limit=limit)))
        if not old:
            return 0
        xid, id_, _ = old[-1]
        self._move_horizon.run(xid=xid, id=id_)
        return self._delete_until.run(xid=xid, id=id_)


def _logged_by_transaction(epoch: int, rows: Sequence[Row]) -> list[LoggedChange]:
    return [LoggedChange((epoch, row[0], row[1]), from_row(_AFTER_XID_AND_ID.of(row))) for row in rows]
