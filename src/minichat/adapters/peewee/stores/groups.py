"""The groups as administrators list them: public and private ones, by creation or activity, and by a part of the name.

Public and private groups are two lists, each with its own indexes, and a page of all groups is merged from both. So
writing in a public group maintains no further index.
"""

from collections.abc import Callable, Sequence

import orjson
from peewee import SQL, Expression, Node, Select, fn
from peewee import ColumnBase as Column

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.paging import KeysetPages, merged
from minichat.adapters.peewee.engine.statements import Row, Statement, param
from minichat.adapters.peewee.stores.room_names import FEW, RoomNames
from minichat.adapters.peewee.tables import RoomRow
from minichat.domain.model import GroupFilter, Room, RoomOrder
from minichat.domain.paging import Key, Window

_ROOMS = Mapper(Room, RoomRow)

FewWith = Callable[[str], list[int] | None]
"""Returns the ids of the groups with a part in their name; None if there are `FEW` matches or more."""


class GroupPages:
    def __init__(self, database: ChatDatabase, names: RoomNames) -> None:
        room = RoomRow
        self._private_names = Statement(
            database,
            room.select(room.id)
            .where(_are_groups(room.is_private) & (room.created_at > 0) & _contains(database))
            .order_by(room.created_at.desc(), room.id.desc())
            .limit(FEW),
        )
        self._public = _Groups(database, _are_groups(~room.is_private), names.few_with)
        self._private = _Groups(database, _are_groups(room.is_private), self._few_private)

    def page(self, window: Window, groups: GroupFilter) -> Sequence[Room]:
        """Return the groups in the window, in the order of the filter, and one more if the list continues."""
        parts = [self._public, self._private]
        if groups.is_private is not None:
            parts = [self._private if groups.is_private else self._public]
        return merged([_ROOMS.all(part.rows(window, groups)) for part in parts], window, groups.key)

    def _few_private(self, part: str) -> list[int] | None:
        # The private groups have no index of the parts of their names. Their names are read from a covering index.
        rows = self._private_names.rows(part=part)
        return [room_id for (room_id,) in rows] if len(rows) < FEW else None


class _Groups:
    """The public or the private groups."""

    def __init__(self, database: ChatDatabase, condition: Expression, few_with: FewWith) -> None:
        self._few_with = few_with
        room = RoomRow
        query = room.select(*_ROOMS.columns).where(condition)
        self._newest, self._active = _pages(database, query)
        self._newest_sought, self._active_sought = _pages(database, query.where(_contains(database)))
        few = query.where(room.id.in_(database.dialect.each_of("ids")))
        # With an expression as the key, the databases look up the given rooms and sort them.
        self._newest_few, self._active_few = _pages(database, few, step=0)

    def rows(self, window: Window, groups: GroupFilter) -> list[Row]:
        is_newest = groups.order == RoomOrder.NEWEST
        if not groups.part:
            return (self._newest if is_newest else self._active).rows(window)
        few = self._few_with(groups.part)
        if few is None:
            return (self._newest_sought if is_newest else self._active_sought).rows(window, part=groups.part)
        ids = orjson.dumps(few).decode()
        return (self._newest_few if is_newest else self._active_few).rows(window, ids=ids)


def _pages(database: ChatDatabase, query: Select, step: int | None = None) -> tuple[KeysetPages, KeysetPages]:
    """Return the pages by creation and by activity. With a step, the keys are expressions."""
    room = RoomRow
    newest: Column = room.created_at if step is None else room.created_at + step
    active: Column = room.activity if step is None else room.activity + step
    start: Key = (2**63 - 1, 0)
    return (
        KeysetPages(database, query, (newest, room.id), start=start, newest_first=True),
        KeysetPages(database, query, (active, room.id), start=start, newest_first=True),
    )


def _are_groups(is_of_kind: Node) -> Expression:
    """Return the condition of the partial indexes. The constant is in its text: a parameter would not match."""
    condition: Expression = (RoomRow.kind == SQL("'group'")) & is_of_kind & RoomRow.deleted_at.is_null()
    return condition


def _contains(database: ChatDatabase) -> Expression:
    place = database.dialect.choose(sqlite=fn.INSTR, postgres=fn.STRPOS)
    condition: Expression = place(RoomRow.search_name, param("part")) > 0
    return condition
