"""Reactions in the database. The rows of a message go with it, by the foreign key."""

from collections.abc import Collection, Mapping, Sequence

import orjson
from peewee import Node

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.paging import KeysetPages
from minichat.adapters.peewee.engine.statements import Statement, param, params
from minichat.adapters.peewee.tables import MessageRow, ReactionRow, RoomRow
from minichat.domain.model import SHOWN_USERS, Reaction, ReactionCount, Timestamp
from minichat.domain.paging import Window

REACTIONS = Mapper(Reaction, ReactionRow)

# A message can have a hundred thousand reactions, so the counts come from the index alone, and the first users and the
# viewers are looked up for each emoji.
_COUNTS = """
    SELECT message_id, emoji, total, (
        SELECT {first_users} FROM (
            SELECT id, user_id FROM reaction
            WHERE message_id = kind.message_id AND emoji = kind.emoji ORDER BY id LIMIT {shown_users}
        ) AS first
    ), (
        SELECT {viewers} FROM reaction
        WHERE message_id = kind.message_id AND emoji = kind.emoji AND user_id IN {viewer_ids}
    )
    FROM (
        SELECT message_id, emoji, count(*) AS total, min(id) AS first_id
        FROM reaction WHERE message_id IN {message_ids} GROUP BY message_id, emoji
    ) AS kind
    ORDER BY message_id, first_id
"""
_SQLITE = {
    "message_ids": "(SELECT value FROM json_each(:message_ids))",
    "first_users": "json_group_array(user_id ORDER BY id)",
    "viewers": "json_group_array(user_id)",
    "viewer_ids": "(SELECT value FROM json_each(:viewer_ids))",
}
_POSTGRES = {
    "message_ids": "(SELECT item::bigint FROM json_array_elements_text(:message_ids::json) AS item)",
    "first_users": "json_agg(user_id ORDER BY id)::text",
    "viewers": "json_agg(user_id)::text",
    "viewer_ids": "(SELECT item::bigint FROM json_array_elements_text(:viewer_ids::json) AS item)",
}


class PeeweeReactionStore:
    def __init__(self, database: ChatDatabase) -> None:
        row, message, room = ReactionRow, MessageRow, RoomRow

        def statement(query: Node) -> Statement:
            return Statement(database, query)

        of_message, of_user = row.message_id == param("message_id"), row.user_id == param("user_id")
        has_emoji = row.emoji == param("emoji")
        reactions = row.select(*REACTIONS.columns)
        self._add = statement(row.insert(params(("message_id", "emoji", "user_id", "created_at"))).on_conflict_ignore())
        self._remove = statement(row.delete().where(of_message & has_emoji & of_user))
        self._remove_all = statement(row.delete().where(of_message))
        words = database.dialect.choose(sqlite=_SQLITE, postgres=_POSTGRES)
        self._counts = Statement.of_text(database, _COUNTS.format(shown_users=SHOWN_USERS, **words))
        self._pages = KeysetPages(database, reactions.where(of_message), (row.id,), start=(0,))
        self._pages_of_emoji = KeysetPages(database, reactions.where(of_message & has_emoji), (row.id,), start=(0,))
        self._all_of = statement(
            reactions.join(message, on=(message.id == row.message_id))
            .join(room, on=(room.id == message.room_id))
            .where(of_user & (row.id > param("after")) & room.deleted_at.is_null())
            .order_by(row.id)
            .limit(param("limit"))
        )
        self._erase = statement(row.delete().where(of_user))

    def add(self, message_id: int, emoji: str, user_id: int, at: Timestamp) -> bool:
        return self._add.run(message_id=message_id, emoji=emoji, user_id=user_id, created_at=at) == 1

    def remove(self, message_id: int, emoji: str, user_id: int) -> bool:
        return self._remove.run(message_id=message_id, emoji=emoji, user_id=user_id) == 1

    def remove_all(self, message_id: int) -> None:
        self._remove_all.run(message_id=message_id)

    def counts(
        self, message_ids: Collection[int], viewer_ids: Collection[int]
    ) -> Mapping[int, Sequence[ReactionCount]]:
        rows = self._counts.rows(
            message_ids=orjson.dumps(list(message_ids)).decode(), viewer_ids=orjson.dumps(list(viewer_ids)).decode()
        )
        counts: dict[int, list[ReactionCount]] = {}
        for message_id, emoji, count, first_users, viewers in rows:
            shown = ReactionCount(emoji, count, tuple(orjson.loads(first_users)), set(orjson.loads(viewers or "[]")))
            counts.setdefault(message_id, []).append(shown)
        return counts

    def page(self, message_id: int, emoji: str | None, window: Window) -> Sequence[Reaction]:
        if emoji is None:
            return REACTIONS.all(self._pages.rows(window, message_id=message_id))
        return REACTIONS.all(self._pages_of_emoji.rows(window, message_id=message_id, emoji=emoji))

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[Reaction]:
        return REACTIONS.all(self._all_of.rows(user_id=user_id, after=after, limit=limit))

    def erase(self, user_id: int) -> None:
        self._erase.run(user_id=user_id)
