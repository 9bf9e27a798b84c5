"""The search index of the names of rooms.

`room_name_part` holds the endings of the folded names of public rooms. So the public rooms with a part in their name
are a prefix look-up in an index, however many private rooms have it too. `room.search_name` holds the name itself, for
the rooms of one user. `room.is_indexed` is false for a name that an earlier version wrote: see `operations.reindex`.
"""

from collections.abc import Collection

import orjson

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Statement, param
from minichat.adapters.peewee.tables import RoomNamePartRow, RoomRow
from minichat.domain.model import Room, RoomKind
from minichat.domain.ports import Characters
from minichat.domain.search import MAX_SEARCHED_LENGTH, room_name

FEW = 500
"""Fewer matches than this are looked up one by one. Otherwise every list by activity soon meets some of them."""

_AFTER_EVERY_CHARACTER = "\U0010ffff"
_ADD_SQLITE = "INSERT INTO room_name_part (part, room_id) SELECT value, :id FROM json_each(:parts)"
_ADD_POSTGRES = """
    INSERT INTO room_name_part (part, room_id) SELECT value, :id FROM json_array_elements_text(:parts::json)
"""


class RoomNames:
    def __init__(self, database: ChatDatabase, characters: Characters) -> None:
        self._characters = characters
        room, part = RoomRow, RoomNamePartRow
        dialect = database.dialect
        self._add = Statement.of_text(database, dialect.choose(sqlite=_ADD_SQLITE, postgres=_ADD_POSTGRES))
        of_room = part.room_id == param("id")
        self._drop = Statement(database, part.delete().where(of_room))
        some = part.select(part.part).where(of_room).limit(param("limit"))
        self.drop_some = Statement(database, part.delete().where(of_room & part.part.in_(some)))
        """Delete up to `limit` entries of the room `id`."""
        self._keep = Statement(
            database, room.update(search_name=param("name"), is_indexed=True).where(room.id == param("id"))
        )
        self._names = Statement(
            database,
            room.select(room.id, room.name, room.kind, room.is_private)
            .where(room.id.in_(dialect.each_of("ids")))
            .order_by(room.id),
        )
        begins = (part.part >= param("part")) & (part.part < param("end"))
        self._matches = Statement(database, part.select(part.room_id).where(begins).limit(FEW))

    def add(self, room: Room) -> None:
        """Index the name of a room that has none in the index."""
        self._index(room.id, room.name, is_public=room.is_public)

    def replace(self, room: Room) -> None:
        """Index the name of a room in place of its former name."""
        self._drop.run(id=room.id)
        self.add(room)

    def replace_all(self, room_ids: Collection[int]) -> None:
        """Index the names of these rooms by the rules of this version."""
        for room_id, name, kind, is_private in self._names.rows(ids=orjson.dumps(list(room_ids)).decode()):
            self._drop.run(id=room_id)
            self._index(room_id, name, is_public=kind == RoomKind.GROUP and not is_private)

    def _index(self, room_id: int, name: str, *, is_public: bool) -> None:
        folded = room_name(name, self._characters)
        if is_public:
            self._add.run(parts=orjson.dumps(room_name_parts(folded)).decode(), id=room_id)
        self._keep.run(name=folded, id=room_id)

    def few_with(self, part: str) -> list[int] | None:
        """Return the ids of the public rooms with the part in their name; None if there are `FEW` matches or more."""
        rows = self._matches.rows(part=part, end=part + _AFTER_EVERY_CHARACTER)
        return [room_id for (room_id,) in rows] if len(rows) < FEW else None


def room_name_parts(folded: str) -> list[str]:
    """Return the endings of a folded name."""
    return sorted({folded[start : start + MAX_SEARCHED_LENGTH] for start in range(len(folded))})
