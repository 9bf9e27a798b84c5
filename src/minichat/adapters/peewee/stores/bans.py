"""Who is kept out of which room, in the database."""

from collections.abc import Sequence

from peewee import SQL, Node

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Statement, param
from minichat.adapters.peewee.tables import BanRow, RoomRow
from minichat.domain.model import MAX_ID, Ban, Timestamp
from minichat.domain.paging import Window


class PeeweeBanStore:
    def __init__(self, database: ChatDatabase) -> None:
        def statement(query: Node) -> Statement:
            return Statement(database, query)

        row, room, limit = BanRow, RoomRow, param("limit")
        bans = row.select(row.id, row.room_id, row.user_id, row.banned_by, row.banned_at)
        of_room = bans.where(row.room_id == param("room_id"))
        theirs = (row.room_id == param("room_id")) & (row.user_id == param("user_id"))
        self._add = statement(
            row.insert(
                room_id=param("room_id"), user_id=param("user_id"), banned_by=param("by"), banned_at=param("at")
            ).on_conflict_ignore()
        )
        self._lift = statement(row.delete().where(theirs))
        self._holds = statement(row.select(SQL("1")).where(theirs))
        self._page_after = statement(of_room.where(row.id < param("key")).order_by(row.id.desc()).limit(limit))
        self._page_before = statement(of_room.where(row.id > param("key")).order_by(row.id).limit(limit))
        self._all_of = statement(
            bans.join(room, on=(room.id == row.room_id))
            .where((row.user_id == param("user_id")) & (row.id > param("after")) & room.deleted_at.is_null())
            .order_by(row.id)
            .limit(limit)
        )
        self._forget_banned = statement(row.delete().where(row.user_id == param("user_id")))
        self._forget_banning = statement(row.update(banned_by=None).where(row.banned_by == param("user_id")))

    def add(self, room_id: int, user_id: int, by: int, at: Timestamp) -> bool:
        return self._add.run(room_id=room_id, user_id=user_id, by=by, at=at) == 1

    def lift(self, room_id: int, user_id: int) -> bool:
        return self._lift.run(room_id=room_id, user_id=user_id) == 1

    def holds(self, room_id: int, user_id: int) -> bool:
        return self._holds.one(room_id=room_id, user_id=user_id) is not None

    def page(self, room_id: int, window: Window) -> Sequence[Ban]:
        limit = window.limit + 1
        if window.before is not None:
            rows = self._page_before.rows(room_id=room_id, key=window.before[0], limit=limit)[::-1]
        else:
            key = window.after[0] if window.after else MAX_ID
            rows = self._page_after.rows(room_id=room_id, key=key, limit=limit)
        return [Ban(*row) for row in rows]

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[Ban]:
        return [Ban(*row) for row in self._all_of.rows(user_id=user_id, after=after, limit=limit)]

    def erase(self, user_id: int) -> None:
        self._forget_banned.run(user_id=user_id)
        self._forget_banning.run(user_id=user_id)
