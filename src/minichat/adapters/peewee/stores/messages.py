"""Messages in the database.

Of a room, the order of ids is that of `seq`: both are given while nobody else writes in the room. Across rooms
PostgreSQL's transactions may end in another order than they took their ids, so what is listed across rooms ends before
the first id that may still come: who goes on from the last one that they have got misses none.
"""

from collections.abc import Iterable, Mapping, Sequence

import orjson
from peewee import IntegrityError, Node, fn

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.dialects import OLDEST_RUNNING
from minichat.adapters.peewee.engine.locks import Locks
from minichat.adapters.peewee.engine.statements import Row, Statement, param
from minichat.adapters.peewee.tables import MessageRow, ParticipantRow, RoomRow
from minichat.domain.model import Message
from minichat.domain.ports import NewMessage

COLUMNS = (
    MessageRow.id,
    MessageRow.room_id,
    MessageRow.seq,
    MessageRow.user_id,
    MessageRow.content,
    MessageRow.created_at,
    MessageRow.edited_at,
    MessageRow.is_deleted,
    MessageRow.reply_to,
    MessageRow.client_id,
)


_END = 2**63 - 1
"""Beyond every id."""


_APPEND = """
    WITH numbered AS (
        UPDATE room SET last_seq = last_seq + 1, active_at = :at
        WHERE id = :room_id AND NOT EXISTS (
            SELECT 1 FROM message WHERE room_id = :room_id AND user_id = :user_id AND client_id = :client_id::text
        )
        RETURNING last_seq
    ), added AS (
        INSERT INTO message (id, settled_by, room_id, seq, user_id, content, created_at, client_id, reply_to)
        SELECT id, settled_by, :room_id, last_seq, :user_id, :content, :at, :client_id::text, :reply_to::bigint
        FROM numbered, take_message_id() RETURNING id, seq
    ), seen AS (
        UPDATE participant SET seen_seq = seq FROM added WHERE room_id = :room_id AND user_id = :user_id
    )
    SELECT id, seq FROM added
"""
"""All of an `append` in one statement, because each is a way to the server and back. The room must be locked."""
_IS_SETTLED = f"settled_by < {OLDEST_RUNNING}"
"""Whether no message with a smaller id can still come: see the migration, which has made `take_message_id`, too."""


def message_of(row: Row) -> Message:
    """Make the entity of a row of `COLUMNS`."""
    return Message(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7] == 1, row[8], row[9])


def _across(database: ChatDatabase) -> tuple[Statement, Statement]:
    """What was said in all rooms of a user before a message, the newest first; and after it, the oldest first.

    Of each room only as many as are asked for are looked at: the rest can't be among the nearest.
    """
    message, room, participant, limit = MessageRow, RoomRow, ParticipantRow, param("limit")
    other = message.alias()
    near = other.select(other.id).where(other.room_id == participant.room_id)
    older = near.where(other.id < param("id")).order_by(other.id.desc()).limit(limit)
    newer = near.where(other.id > param("id")).order_by(other.id).limit(limit)
    theirs = (
        participant.select(*COLUMNS)
        .join(room, on=((room.id == participant.room_id) & room.deleted_at.is_null()))
        .where(participant.user_id == param("user_id"))
    )
    before = theirs.join(message, on=message.id.in_(older)).order_by(message.id.desc()).limit(limit)
    after = theirs.join(message, on=message.id.in_(newer)).order_by(message.id).limit(limit)
    return Statement(database, before), Statement(database, after)


def _across_on_postgres(database: ChatDatabase) -> tuple[Statement, Statement]:
    """The same, so that there is one way alone to the messages of a room: where most of all are in a few rooms, the
    planner would look for those of the others among all there are.
    """

    def statement(than: str, not_than: str, order: str) -> Statement:
        return Statement.of_text(
            database,
            f"""
            SELECT few.* FROM participant JOIN room ON room.id = participant.room_id AND room.deleted_at IS NULL
            JOIN LATERAL (
                SELECT {", ".join(column.column_name for column in COLUMNS)} FROM message
                WHERE (room_id, id) {than} (participant.room_id, :id) AND room_id {not_than}= participant.room_id
                AND {_IS_SETTLED}
                ORDER BY room_id {order}, id {order} LIMIT :limit
            ) AS few ON true
            WHERE participant.user_id = :user_id ORDER BY few.id {order} LIMIT :limit
            """,  # noqa: S608 - our own words
        )

    return statement("<", ">", "DESC"), statement(">", "<", "ASC")


class PeeweeMessageStore:
    def __init__(self, database: ChatDatabase) -> None:
        def statement(query: Node) -> Statement:
            return Statement(database, query)

        self._database = database
        message, room, participant = MessageRow, RoomRow, ParticipantRow
        limit = param("limit")
        self._next_seq = statement(
            room.update(last_seq=room.last_seq + 1, active_at=param("at"))
            .where(room.id == param("room_id"))
            .returning(room.last_seq)
        )
        self._insert = statement(
            message.insert(
                room_id=param("room_id"),
                seq=param("seq"),
                user_id=param("user_id"),
                content=param("content"),
                created_at=param("at"),
                client_id=param("client_id"),
                reply_to=param("reply_to"),
            ).returning(message.id)
        )
        self._see = statement(
            participant.update(seen_seq=param("seq")).where(
                (participant.room_id == param("room_id")) & (participant.user_id == param("user_id"))
            )
        )
        self._locks = Locks(database)
        self._append_at_once = database.dialect.choose(sqlite=None, postgres=Statement.of_text(database, _APPEND))
        self._get = statement(
            message.select(*COLUMNS)
            .join(room, on=(room.id == message.room_id))
            .where((message.id == param("id")) & room.deleted_at.is_null())
        )
        self._by_ids = statement(
            message.select(*COLUMNS)
            .join(room, on=(room.id == message.room_id))
            .where(message.id.in_(database.dialect.each_of("ids")) & room.deleted_at.is_null())
        )
        of_room = message.select(*COLUMNS).where(message.room_id == param("room_id"))
        self._by_client_id = statement(
            of_room.where((message.user_id == param("user_id")) & (message.client_id == param("client_id")))
        )
        self._update = statement(
            message.update(
                content=param("content"),
                edited_at=param("edited_at"),
                is_deleted=param("is_deleted"),
                first_digest=fn.COALESCE(message.first_digest, param("first_digest")),
            ).where(message.id == param("id"))
        )
        self._first_digest = statement(message.select(message.first_digest).where(message.id == param("id")))
        self._forget_digests = statement(
            message.update(first_digest=None).where(
                (message.user_id == param("user_id")) & message.first_digest.is_null(False)
            )
        )
        newest_first = message.seq.desc()
        self._newest = statement(of_room.order_by(newest_first).limit(limit))
        self._before = statement(of_room.where(message.seq < param("seq")).order_by(newest_first).limit(limit))
        self._after = statement(of_room.where(message.seq > param("seq")).order_by(message.seq).limit(limit))

        self._all_by = statement(
            message.select(*COLUMNS)
            .join(room, on=(room.id == message.room_id))
            .where((message.user_id == param("user_id")) & (message.id > param("after")) & room.deleted_at.is_null())
            .order_by(message.id)
            .limit(limit)
        )

        across = database.dialect.choose(sqlite=_across, postgres=_across_on_postgres)
        self._latest_before, self._latest_after = across(database)

    def append(self, new: NewMessage) -> Message | None:
        if self._append_at_once is not None:
            self._locks.room(new.room_id)
            row = self._append_at_once.one(**_values(new))
            return None if row is None else _appended(new, *row)
        if new.client_id is None:
            return self._append(new)
        try:
            # The savepoint takes back the seq when the insert clashes.
            with self._database.atomic():
                return self._append(new)
        except IntegrityError:
            if self.by_client_id(new.room_id, new.user_id, new.client_id) is None:
                raise
            return None

    def _append(self, new: NewMessage) -> Message:
        row = self._next_seq.one(room_id=new.room_id, at=new.created_at)
        assert row is not None, "the caller has looked the room up in this transaction"
        (seq,) = row
        inserted = self._insert.one(seq=seq, **_values(new))
        assert inserted is not None
        self._see.run(room_id=new.room_id, user_id=new.user_id, seq=seq)
        return _appended(new, inserted[0], seq)

    def get(self, message_id: int) -> Message | None:
        row = self._get.one(id=message_id)
        return None if row is None else message_of(row)

    def by_ids(self, message_ids: Iterable[int]) -> Mapping[int, Message]:
        rows = self._by_ids.rows(ids=orjson.dumps(list(message_ids)).decode())
        return {row[0]: message_of(row) for row in rows}

    def by_client_id(self, room_id: int, user_id: int, client_id: str) -> Message | None:
        row = self._by_client_id.one(room_id=room_id, user_id=user_id, client_id=client_id)
        return None if row is None else message_of(row)

    def update(self, message: Message, first_digest: str | None) -> None:
        self._update.run(
            id=message.id,
            content=message.content,
            edited_at=message.edited_at,
            is_deleted=message.is_deleted,
            first_digest=first_digest,
        )

    def first_digest(self, message_id: int) -> str | None:
        row = self._first_digest.one(id=message_id)
        return None if row is None else row[0]

    def forget_digests(self, user_id: int) -> None:
        self._forget_digests.run(user_id=user_id)

    def before(self, room_id: int, seq: int | None, limit: int) -> Sequence[Message]:
        if seq is None:
            rows = self._newest.rows(room_id=room_id, limit=limit)
        else:
            rows = self._before.rows(room_id=room_id, seq=seq, limit=limit)
        return [message_of(row) for row in reversed(rows)]

    def after(self, room_id: int, seq: int, limit: int) -> Sequence[Message]:
        return [message_of(row) for row in self._after.rows(room_id=room_id, seq=seq, limit=limit)]

    def latest_before(self, user_id: int, message_id: int | None, limit: int) -> Sequence[Message]:
        rows = self._latest_before.rows(user_id=user_id, id=_END if message_id is None else message_id, limit=limit)
        return [message_of(row) for row in reversed(rows)]

    def latest_after(self, user_id: int, message_id: int, limit: int) -> Sequence[Message]:
        return [message_of(row) for row in self._latest_after.rows(user_id=user_id, id=message_id, limit=limit)]

    def all_by(self, user_id: int, after: int, limit: int) -> Sequence[Message]:
        return [message_of(row) for row in self._all_by.rows(user_id=user_id, after=after, limit=limit)]


def _values(new: NewMessage) -> dict[str, int | str | None]:
    return {
        "room_id": new.room_id,
        "user_id": new.user_id,
        "content": new.content,
        "at": new.created_at,
        "client_id": new.client_id,
        "reply_to": new.reply_to,
    }


def _appended(new: NewMessage, message_id: int, seq: int) -> Message:
    return Message(
        message_id,
        new.room_id,
        seq,
        new.user_id,
        new.content,
        new.created_at,
        edited_at=None,
        is_deleted=False,
        reply_to=new.reply_to,
        client_id=new.client_id,
    )
