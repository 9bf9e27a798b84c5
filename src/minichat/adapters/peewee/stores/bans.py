"""Bans in the database."""

from collections.abc import Sequence

from peewee import SQL, Node

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.paging import KeysetPages
from minichat.adapters.peewee.engine.statements import Statement, param
from minichat.adapters.peewee.tables import BanRow, RoomRow
from minichat.domain.model import MAX_ID, Ban, Timestamp
from minichat.domain.paging import Window

BANS = Mapper(Ban, BanRow)


class PeeweeBanStore:
    def __init__(self, database: ChatDatabase) -> None:
        row, room = BanRow, RoomRow

        def statement(query: Node) -> Statement:
            return Statement(database, query)

        bans = row.select(*BANS.columns)
        in_room, of_user = row.room_id == param("room_id"), row.user_id == param("user_id")
        self._add = statement(
            row.insert(
                room_id=param("room_id"), user_id=param("user_id"), banned_by=param("by"), banned_at=param("at")
            ).on_conflict_ignore()
        )
        self._lift = statement(row.delete().where(in_room & of_user))
        self._holds = statement(row.select(SQL("1")).where(in_room & of_user))
        self._pages = KeysetPages(database, bans.where(in_room), (row.id,), start=(MAX_ID,), newest_first=True)
        self._all_of = statement(
            bans.join(room, on=(room.id == row.room_id))
            .where(of_user & (row.id > param("after")) & room.deleted_at.is_null())
            .order_by(row.id)
            .limit(param("limit"))
        )
        self._erase_bans_of = statement(row.delete().where(of_user))
        self._erase_author = statement(row.update(banned_by=None).where(row.banned_by == param("user_id")))

    def add(self, room_id: int, user_id: int, by: int, at: Timestamp) -> bool:
        return self._add.run(room_id=room_id, user_id=user_id, by=by, at=at) == 1

    def lift(self, room_id: int, user_id: int) -> bool:
        return self._lift.run(room_id=room_id, user_id=user_id) == 1

    def holds(self, room_id: int, user_id: int) -> bool:
        return self._holds.one(room_id=room_id, user_id=user_id) is not None

    def page(self, room_id: int, window: Window) -> Sequence[Ban]:
        return BANS.all(self._pages.rows(window, room_id=room_id))

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[Ban]:
        return BANS.all(self._all_of.rows(user_id=user_id, after=after, limit=limit))

    def erase(self, user_id: int) -> None:
        self._erase_bans_of.run(user_id=user_id)
        self._erase_author.run(user_id=user_id)
