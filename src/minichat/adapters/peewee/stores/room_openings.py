"""Rooms that administrators have opened, in the database."""

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.statements import Statement, param, params
from minichat.adapters.peewee.tables import RoomOpeningRow
from minichat.domain.model import RoomOpening

OPENINGS = Mapper(RoomOpening, RoomOpeningRow)


class PeeweeRoomOpeningStore:
    def __init__(self, database: ChatDatabase) -> None:
        row = RoomOpeningRow
        this_one = (row.session_id == param("session_id")) & (row.room_id == param("room_id"))
        self._put = Statement(
            database,
            row.insert(params(RoomOpening._fields)).on_conflict(
                conflict_target=(row.session_id, row.room_id), update={row.opened_at: param("opened_at")}
            ),
        )
        self._get = Statement(database, row.select(*OPENINGS.columns).where(this_one))
        self._remove = Statement(database, row.delete().where(this_one))

    def put(self, opening: RoomOpening) -> None:
        self._put.run(**opening._asdict())

    def get(self, session_id: int, room_id: int) -> RoomOpening | None:
        row = self._get.one(session_id=session_id, room_id=room_id)
        return None if row is None else OPENINGS.of(row)

    def remove(self, session_id: int, room_id: int) -> bool:
        return self._remove.run(session_id=session_id, room_id=room_id) == 1
