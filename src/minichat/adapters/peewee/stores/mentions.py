"""Mentions in the database. The rows of a message go with it, by the foreign key.

Two columns keep counts of unread mentions cheap: if `participant.mentioned_seq` and `room.all_mentioned_seq` are not
above the receipt, nothing unread mentions the participant, and nothing is counted.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from peewee import SQL, Case, ModelAlias, Node, Select, fn

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Statement, param
from minichat.adapters.peewee.stores.messages import LAST_HIDDEN, MESSAGES
from minichat.adapters.peewee.tables import BlockRow, MentionRow, MessageRow, ParticipantRow, RoomRow
from minichat.domain.model import Mentioned, Message

_AFTER_EVERY_ID = 2**63 - 1

_IS_SHOWN = """
    NOT {message}.is_deleted AND {message}.user_id <> :user_id
    AND NOT EXISTS (SELECT 1 FROM block WHERE blocker_id = :user_id AND blocked_id = {message}.user_id)
"""
_LAST_BEFORE_JOINING = """
    coalesce((SELECT id FROM message WHERE room_id = room.id AND seq = participant.joined_seq), 0)
"""
# In a room, the newest messages that name the user, and those that mention everybody. With row values, PostgreSQL can
# only use the index of the user's mentions in the room: otherwise it may walk through the mentions of all users.
_TO_USER = f"""
    SELECT {{columns}} FROM mention JOIN message AS own ON own.id = mention.message_id
    WHERE (mention.user_id, mention.room_id, mention.message_id) < (:user_id, room.id, :id)
    AND (mention.user_id, mention.room_id, mention.message_id) > (:user_id, room.id, {LAST_HIDDEN})
    AND {_IS_SHOWN.format(message="own")}
    ORDER BY mention.user_id DESC, mention.room_id DESC, mention.message_id DESC LIMIT :limit
"""  # noqa: S608 - our own words
_TO_ALL = f"""
    SELECT {{columns}} FROM message AS own
    WHERE room.all_mentioned_seq > participant.joined_seq AND own.mentions_all AND own.room_id = room.id
    AND own.id < :id AND own.id > {_LAST_BEFORE_JOINING} AND {_IS_SHOWN.format(message="own")}
    AND NOT EXISTS (SELECT 1 FROM mention WHERE message_id = own.id AND user_id = :user_id)
    ORDER BY own.id DESC LIMIT :limit
"""  # noqa: S608 - the same
_OF_USER = "FROM participant JOIN room ON room.id = participant.room_id AND room.deleted_at IS NULL"
_PAGE_ON_SQLITE = f"""
    SELECT {{message}} {_OF_USER} JOIN message ON message.id IN (
        SELECT id FROM ({_TO_USER.format(columns="own.id")})
        UNION ALL SELECT id FROM ({_TO_ALL.format(columns="own.id")})
    ) WHERE participant.user_id = :user_id ORDER BY message.id DESC LIMIT :limit
"""  # noqa: S608 - our own words
_PAGE_ON_POSTGRES = f"""
    SELECT few.* {_OF_USER} JOIN LATERAL (
        ({_TO_USER.format(columns="{own}")}) UNION ALL ({_TO_ALL.format(columns="{own}")})
    ) AS few ON true WHERE participant.user_id = :user_id ORDER BY few.id DESC LIMIT :limit
"""


def unread_mentions(database: ChatDatabase) -> Any:
    """Return the number of messages above the receipt that mention the participant of the query: see `RoomView`."""
    room, mine, mention = RoomRow, ParticipantRow, MentionRow
    own, to_all, last_read = MessageRow.alias(), MessageRow.alias(), MessageRow.alias()
    newest = database.dialect.choose(sqlite=fn.MAX, postgres=fn.GREATEST)(mine.joined_seq, mine.seen_seq)
    is_last_read = (last_read.room_id == room.id) & (last_read.seq == newest)
    # Within a room, the ids have the order of `seq`.
    last_read_id = fn.COALESCE(last_read.select(last_read.id).where(is_last_read), 0)
    is_mine = (mention.user_id == mine.user_id) & (mention.room_id == room.id) & (mention.message_id > last_read_id)
    to_mine = (
        mention.select(fn.COUNT(SQL("*")))
        .join(own, on=(own.id == mention.message_id))
        .where(is_mine & ~own.mentions_all & _is_shown(own))
    )
    are_unread = (to_all.room_id == room.id) & (to_all.id > last_read_id)
    # The bare column is the condition of the partial index.
    to_everybody = to_all.select(fn.COUNT(SQL("*"))).where(are_unread & to_all.mentions_all & _is_shown(to_all))
    return _if_above_receipt(mine.mentioned_seq, to_mine) + _if_above_receipt(room.all_mentioned_seq, to_everybody)


def _is_shown(message: "ModelAlias[MessageRow]") -> Any:
    """Return whether the message mentions somebody for the participant of the query."""
    mine, block = ParticipantRow, BlockRow
    is_blocked = (block.blocker_id == mine.user_id) & (block.blocked_id == message.user_id)
    is_hidden = fn.EXISTS(block.select(SQL("1")).where(is_blocked))
    return ~message.is_deleted & (message.user_id != mine.user_id) & ~is_hidden


def _if_above_receipt(seq: Node, count: Select) -> Case:
    mine = ParticipantRow
    return Case(None, (((seq > mine.joined_seq) & (seq > mine.seen_seq), count),), 0)


class PeeweeMentionStore:
    def __init__(self, database: ChatDatabase) -> None:
        row, room, participant = MentionRow, RoomRow, ParticipantRow
        each_of = database.dialect.each_of

        def statement(query: Node) -> Statement:
            return Statement(database, query)

        self._add = Statement.of_text(
            database,
            "INSERT INTO mention (message_id, user_id, room_id, is_by_id) "  # noqa: S608 - one of two texts
            f"SELECT :message_id, id, :room_id, :is_by_id FROM {database.dialect.ids_in_order()}",
        )
        is_behind = participant.mentioned_seq < param("seq")
        are_these = (participant.room_id == param("room_id")) & participant.user_id.in_(each_of("ids"))
        self._note = statement(participant.update(mentioned_seq=param("seq")).where(are_these & is_behind))
        is_older = room.all_mentioned_seq < param("seq")
        self._note_all = statement(
            room.update(all_mentioned_seq=param("seq")).where((room.id == param("room_id")) & is_older)
        )
        of_message = row.message_id == param("message_id")
        self._remove_all = statement(row.delete().where(of_message))
        self._of = statement(
            row.select(row.message_id, row.user_id)
            .where(row.message_id.in_(each_of("ids")))
            .order_by(row.message_id, row.user_id)
        )
        self._get = statement(row.select(row.user_id, row.is_by_id).where(of_message).order_by(row.user_id))
        columns = [column.column_name for column in MESSAGES.columns]
        self._page = Statement.of_text(
            database,
            database.dialect.choose(
                sqlite=_PAGE_ON_SQLITE.format(message=", ".join(f"message.{name}" for name in columns)),
                postgres=_PAGE_ON_POSTGRES.format(own=", ".join(f"own.{name}" for name in columns)),
            ),
        )
        self._count_unread = statement(
            participant.select(unread_mentions(database))
            .join(room, on=(room.id == participant.room_id))
            .where((participant.room_id == param("room_id")) & (participant.user_id == param("user_id")))
        )
        of_user = row.user_id == param("user_id")
        self._erase = statement(row.delete().where(of_user))

    def put(self, message: Message, mentioned: Mentioned) -> None:
        for user_ids, is_by_id in ((mentioned.by_id, True), (mentioned.by_name, False)):
            if user_ids:
                ids = orjson.dumps(list(user_ids)).decode()
                self._add.run(message_id=message.id, room_id=message.room_id, ids=ids, is_by_id=is_by_id)
                self._note.run(room_id=message.room_id, ids=ids, seq=message.seq)
        if mentioned.is_everybody:
            self._note_all.run(room_id=message.room_id, seq=message.seq)

    def remove_all(self, message_id: int) -> None:
        self._remove_all.run(message_id=message_id)

    def of(self, message_ids: Collection[int]) -> Mapping[int, Sequence[int]]:
        found: dict[int, list[int]] = {}
        for message_id, user_id in self._of.rows(ids=orjson.dumps(list(message_ids)).decode()):
            found.setdefault(message_id, []).append(user_id)
        return found

    def get(self, message_id: int) -> Mentioned:
        rows = self._get.rows(message_id=message_id)
        by_name = tuple(user_id for user_id, is_by_id in rows if not is_by_id)
        return Mentioned(by_name, tuple(user_id for user_id, is_by_id in rows if is_by_id))

    def page(self, user_id: int, before: int | None, limit: int) -> Sequence[Message]:
        last = _AFTER_EVERY_ID if before is None else before
        return MESSAGES.all(self._page.rows(user_id=user_id, id=last, limit=limit))

    def count_unread(self, room_id: int, user_id: int) -> int:
        row = self._count_unread.one(room_id=room_id, user_id=user_id)
        return 0 if row is None else row[0]

    def erase(self, user_id: int) -> None:
        self._erase.run(user_id=user_id)
