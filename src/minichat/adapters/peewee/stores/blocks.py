"""Blocks in the database."""

from collections.abc import Collection, Sequence

import orjson
from peewee import SQL, Node, fn

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.paging import KeysetPages
from minichat.adapters.peewee.engine.statements import Statement, param
from minichat.adapters.peewee.tables import BlockRow
from minichat.domain.model import MAX_ID, Block, Timestamp
from minichat.domain.paging import Window

BLOCKS = Mapper(Block, BlockRow)

_ADD = """
    INSERT INTO block (blocker_id, number, blocked_id, blocked_at)
    SELECT :user_id, coalesce(max(number), 0) + 1, :blocked_id, :at FROM block WHERE blocker_id = :user_id
    ON CONFLICT DO NOTHING
"""


class PeeweeBlockStore:
    def __init__(self, database: ChatDatabase) -> None:
        row, others = BlockRow, database.dialect.each_of("others")

        def statement(query: Node) -> Statement:
            return Statement(database, query)

        blocks = row.select(*BLOCKS.columns)
        by_user, of_user = row.blocker_id == param("user_id"), row.blocked_id == param("user_id")
        is_pair = by_user & (row.blocked_id == param("blocked_id"))
        self._add = Statement.of_text(database, _ADD)
        self._count = statement(row.select(fn.COUNT(SQL("*"))).where(by_user))
        self._remove = statement(row.delete().where(is_pair))
        own = row.select(row.blocker_id).where(by_user & row.blocked_id.in_(others))
        theirs = row.select(row.blocker_id).where(of_user & row.blocker_id.in_(others))
        self._blockers_between = statement(own.union_all(theirs))
        self._blocked_by = statement(
            row.select(row.blocker_id, row.blocked_id).where(row.blocker_id.in_(database.dialect.each_of("user_ids")))
        )
        self._blockers_of = statement(row.select(row.blocker_id).where(of_user).order_by(row.blocker_id))
        self._pages = KeysetPages(database, blocks.where(by_user), (row.number,), start=(MAX_ID,), newest_first=True)
        self._all_of = statement(
            blocks.where(by_user & (row.number > param("after"))).order_by(row.number).limit(param("limit"))
        )
        self._erase = statement(row.delete().where(by_user | of_user))

    def add(self, blocker_id: int, blocked_id: int, at: Timestamp) -> bool:
        return self._add.run(user_id=blocker_id, blocked_id=blocked_id, at=at) == 1

    def count(self, blocker_id: int) -> int:
        row = self._count.one(user_id=blocker_id)
        assert row is not None, "an aggregate returns a row"
        count: int = row[0]
        return count

    def remove(self, blocker_id: int, blocked_id: int) -> bool:
        return self._remove.run(user_id=blocker_id, blocked_id=blocked_id) == 1

    def blockers_between(self, user_id: int, other_ids: Collection[int]) -> Collection[int]:
        others = orjson.dumps(list(other_ids)).decode()
        return {blocker_id for (blocker_id,) in self._blockers_between.rows(user_id=user_id, others=others)}

    def blocked_by(self, user_ids: Collection[int]) -> Collection[tuple[int, int]]:
        return set(self._blocked_by.rows(user_ids=orjson.dumps(list(user_ids)).decode()))

    def page(self, blocker_id: int, window: Window) -> Sequence[Block]:
        return BLOCKS.all(self._pages.rows(window, user_id=blocker_id))

    def all_of(self, blocker_id: int, after: int, limit: int) -> Sequence[Block]:
        return BLOCKS.all(self._all_of.rows(user_id=blocker_id, after=after, limit=limit))

    def erase(self, user_id: int) -> Sequence[int]:
        blockers = [blocker_id for (blocker_id,) in self._blockers_of.rows(user_id=user_id)]
        self._erase.run(user_id=user_id)
        return blockers
