"""Messages in the database.

Within a room the order of ids is the order of `seq`, because both are assigned while the room is locked. Across rooms,
PostgreSQL's transactions may commit in another order than that of their ids. A list across rooms therefore ends before
the first id that an open transaction may still commit, so a client that continues after its last message misses none.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

import orjson
from peewee import SQL, Case, Field, IntegrityError, Node, Select, fn

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.dialects import OLDEST_RUNNING
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.statements import Statement, param, params
from minichat.adapters.peewee.tables import MessageRow, ParticipantRow, RoomRow
from minichat.domain.model import Change, ChangeKind, Message, NewMessage, Timestamp

MESSAGES = Mapper(Message, MessageRow)

_AFTER_EVERY_ID = 2**63 - 1

# `Room.activity` is twice the id of the room's newest message. An odd number lies between two messages. SQLite assigns
# the id after the last one, because it has one writer; PostgreSQL's transactions may take ids meanwhile.
_LAST_ID_ON_SQLITE = "coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'message'), 0)"
_LAST_ID_ON_POSTGRES = "(SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM message_id_seq)"


def after_last_message(database: ChatDatabase) -> SQL:
    """Return the `activity` of a room that is created now: after the newest message of all rooms."""
    last_id = database.dialect.choose(sqlite=_LAST_ID_ON_SQLITE, postgres=_LAST_ID_ON_POSTGRES)
    return SQL(f"2 * {last_id} + 1")


# PostgreSQL may expect to find a message of the user soon among those of all, and read all if there is none. The
# comparison of rows permits the index of the user alone. SQLite uses that index anyway, but not for such a comparison.
_NEWEST_ON_SQLITE = "SELECT max(id) FROM message WHERE user_id = :user_id AND id < {before}"
_NEWEST_ON_POSTGRES = """
    SELECT id FROM message WHERE (user_id, id) < (:user_id, {before}) AND user_id >= :user_id
    ORDER BY user_id DESC, id DESC LIMIT 1
"""


def _sent_since(newest: str) -> str:
    """Return the SQL that looks at the user's messages from the newest back, until one is in the room, or is too old.

    Those are the messages of an hour at most.
    """
    return f"""
        WITH RECURSIVE walk (id, room_id, created_at) AS (
            SELECT id, room_id, created_at FROM message WHERE id = ({newest.format(before=_AFTER_EVERY_ID)})
            UNION ALL
            SELECT message.id, message.room_id, message.created_at
            FROM walk JOIN message ON message.id = ({newest.format(before="walk.id")})
            WHERE walk.room_id <> :room_id AND walk.created_at > :since
        )
        SELECT created_at FROM walk WHERE room_id = :room_id AND created_at > :since
    """  # noqa: S608 - our own words


# Two look-ups, because one index holds the messages with a `client_id`, and another one the others. The comparison of
# rows permits these indexes alone, as above.
_FIRST_BY = """
    SELECT * FROM (
        SELECT room_id, user_id FROM message
        WHERE (room_id, user_id) >= (:room_id, :user_id) AND client_id {has_client_id}
        ORDER BY room_id, user_id LIMIT 1
    ) AS nearest WHERE room_id = :room_id AND user_id = :user_id
"""
_HAS_AUTHOR = " UNION ALL ".join(_FIRST_BY.format(has_client_id=one) for one in ("IS NOT NULL", "IS NULL"))


class IndexedWords(Protocol):
    """The part of the search index that the message store keeps true, in its own transactions."""

    def words(self, room_id: int, user_id: int, content: str) -> str:
        """Return the words of a message as the index stores them."""

    def add(self, message: Message) -> None:
        """Index a new message."""

    def refresh(self, message_ids: Collection[int]) -> None:
        """Index the present content of changed messages in place of the former one."""


class ChangeRecorder(Protocol):
    """The part of the change log that the message store writes."""

    def record(self, change: Change) -> None:
        """Append the change to the log."""


def message_store(database: ChatDatabase, index: IndexedWords, changes: ChangeRecorder) -> "PeeweeMessageStore":
    """Return the message store for that database."""
    return database.dialect.choose(sqlite=PeeweeMessageStore, postgres=PostgresMessageStore)(database, index, changes)


class PeeweeMessageStore:
    """The messages on SQLite, and the base of the messages on PostgreSQL."""

    def __init__(self, database: ChatDatabase, index: IndexedWords, changes: ChangeRecorder) -> None:
        self._database = database
        self._index = index
        self._changes = changes
        message, room, each_of = MessageRow, RoomRow, database.dialect.each_of
        limit = param("limit")

        def statement(query: Node) -> Statement:
            return Statement(database, query)

        of_room = message.select(*MESSAGES.columns).where(message.room_id == param("room_id"))
        live = (
            message.select(*MESSAGES.columns)
            .join(room, on=(room.id == message.room_id))
            .where(room.deleted_at.is_null())
        )

        # One message
        self._get = statement(live.where(message.id == param("id")))
        self._sent_since = Statement.of_text(
            database, _sent_since(database.dialect.choose(sqlite=_NEWEST_ON_SQLITE, postgres=_NEWEST_ON_POSTGRES))
        )
        self._has_author = Statement.of_text(database, _HAS_AUTHOR)
        self._by_client_id = statement(
            of_room.where((message.user_id == param("user_id")) & (message.client_id == param("client_id")))
        )
        self._update = statement(
            message.update(
                first_digest=fn.COALESCE(message.first_digest, param("first_digest")),
                **params(("content", "edited_at", "is_deleted", "has_mentions", "mentions_all")),
            ).where(message.id == param("id"))
        )
        # A server of an earlier version deletes a message without its marks.
        is_pinned = message.pin.is_null(False) & ~message.is_deleted
        by_user = message.pinned_by == param("user_id")
        self._set_marks = statement(
            message.update(params(("has_reactions", "pin", "pinned_by"))).where(message.id == param("id"))
        )
        self._keep_pinner = statement(message.update(params(("has_reactions",))).where(message.id == param("id")))
        self._pinned = statement(of_room.where(is_pinned).order_by(message.pin.desc()))
        self._pinned_by = statement(
            live.where(by_user & (message.id > param("after"))).order_by(message.id).limit(param("limit"))
        )
        self._forget_pinner = statement(message.update(pinned_by=None).where(by_user))
        in_range = (message.room_id == param("room_id")) & (message.seq > param("after"))
        are_deleted = in_range & (message.seq <= param("until")) & message.is_deleted
        self._count_deleted = statement(message.select(fn.COUNT(SQL("*"))).where(are_deleted))
        self._first_digest = statement(message.select(message.first_digest).where(message.id == param("id")))
        self._forget_digests = statement(
            message.update(first_digest=None).where(
                (message.user_id == param("user_id")) & message.first_digest.is_null(False)
            )
        )

        # Lists
        self._by_ids = statement(live.where(message.id.in_(each_of("ids"))))
        self._newest = statement(of_room.order_by(message.seq.desc()).limit(limit))
        self._before = statement(of_room.where(message.seq < param("seq")).order_by(message.seq.desc()).limit(limit))
        self._after = statement(of_room.where(message.seq > param("seq")).order_by(message.seq).limit(limit))
        self._all_by = statement(
            live.where((message.user_id == param("user_id")) & (message.id > param("after")))
            .order_by(message.id)
            .limit(limit)
        )

        self._prepare_append()
        self._latest_before, self._latest_after = self._across_rooms()

    def append(self, new: NewMessage) -> Message | None:
        if new.client_id is None:
            return self._append(new)
        try:
            # The savepoint rolls back the new `last_seq` if the insert violates the unique client_id.
            with self._database.savepoint():
                return self._append(new)
        except IntegrityError:
            if self.by_client_id(new.room_id, new.user_id, new.client_id) is None:
                raise
            return None

    def get(self, message_id: int) -> Message | None:
        row = self._get.one(id=message_id)
        return None if row is None else MESSAGES.of(row)

    def by_ids(self, message_ids: Iterable[int]) -> Mapping[int, Message]:
        rows = self._by_ids.rows(ids=orjson.dumps(list(message_ids)).decode())
        return {message.id: message for message in MESSAGES.all(rows)}

    def sent_since(self, room_id: int, user_id: int, since: Timestamp) -> Timestamp | None:
        row = self._sent_since.one(room_id=room_id, user_id=user_id, since=since)
        return None if row is None else row[0]

    def has_author(self, room_id: int, user_id: int) -> bool:
        return self._has_author.one(room_id=room_id, user_id=user_id) is not None

    def by_client_id(self, room_id: int, user_id: int, client_id: str) -> Message | None:
        row = self._by_client_id.one(room_id=room_id, user_id=user_id, client_id=client_id)
        return None if row is None else MESSAGES.of(row)

    def update(self, message: Message, first_digest: str | None) -> None:
        self._update.run(
            id=message.id,
            content=message.content,
            edited_at=message.edited_at,
            is_deleted=message.is_deleted,
            has_mentions=message.has_mentions,
            mentions_all=message.mentions_all,
            first_digest=first_digest,
        )
        self._index.refresh([message.id])

    def set_marks(self, message: Message, pinned_by: int | None = None) -> None:
        if pinned_by is None and message.pin is not None:
            self._keep_pinner.run(id=message.id, has_reactions=message.has_reactions)
            return
        given = {"has_reactions": message.has_reactions, "pin": message.pin, "pinned_by": pinned_by}
        self._set_marks.run(id=message.id, **given)

    def pinned(self, room_id: int) -> Sequence[Message]:
        return MESSAGES.all(self._pinned.rows(room_id=room_id))

    def pinned_by(self, user_id: int, after: int, limit: int) -> Sequence[Message]:
        return MESSAGES.all(self._pinned_by.rows(user_id=user_id, after=after, limit=limit))

    def forget_pinner(self, user_id: int) -> None:
        self._forget_pinner.run(user_id=user_id)

    def count_deleted(self, room_id: int, after: int, until: int) -> int:
        row = self._count_deleted.one(room_id=room_id, after=after, until=until)
        assert row is not None, "an aggregate returns a row"
        count: int = row[0]
        return count

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
        return MESSAGES.all(rows[::-1])

    def after(self, room_id: int, seq: int, limit: int) -> Sequence[Message]:
        return MESSAGES.all(self._after.rows(room_id=room_id, seq=seq, limit=limit))

    def latest_before(self, user_id: int, message_id: int | None, limit: int) -> Sequence[Message]:
        before = _AFTER_EVERY_ID if message_id is None else message_id
        return MESSAGES.all(self._latest_before.rows(user_id=user_id, id=before, limit=limit)[::-1])

    def latest_after(self, user_id: int, message_id: int, limit: int) -> Sequence[Message]:
        return MESSAGES.all(self._latest_after.rows(user_id=user_id, id=message_id, limit=limit))

    def all_by(self, user_id: int, after: int, limit: int) -> Sequence[Message]:
        return MESSAGES.all(self._all_by.rows(user_id=user_id, after=after, limit=limit))

    def _prepare_append(self) -> None:
        message, room, participant = MessageRow, RoomRow, ParticipantRow
        self._next_seq = Statement(
            self._database,
            room.update(
                last_seq=room.last_seq + 1,
                active_at=param("created_at"),
                activity=SQL(f"2 * ({_LAST_ID_ON_SQLITE} + 1)"),
            )
            .where(room.id == param("room_id"))
            .returning(room.last_seq),
        )
        self._insert = Statement(
            self._database,
            message.insert(params((*NewMessage._fields, "seq"))).returning(message.id),
        )
        self._see = Statement(
            self._database,
            participant.update(seen_seq=param("seq")).where(
                (participant.room_id == param("room_id")) & (participant.user_id == param("user_id"))
            ),
        )

    def _append(self, new: NewMessage) -> Message:
        row = self._next_seq.one(room_id=new.room_id, created_at=new.created_at)
        assert row is not None, "the caller has looked the room up in this transaction"
        (seq,) = row
        inserted = self._insert.one(seq=seq, **new._asdict())
        assert inserted is not None, "an INSERT without a conflict clause returns a row or raises"
        self._see.run(room_id=new.room_id, user_id=new.user_id, seq=seq)
        message = new.stored_as(inserted[0], seq)
        self._index.add(message)
        self._changes.record(Change.of_new(message))
        return message

    def _across_rooms(self) -> tuple[Statement, Statement]:
        """Return the lists over all rooms of a user: before a message, newest first, and after it, oldest first.

        The subquery reads at most `limit` messages of each room: the others are not among the nearest.
        """
        message, room, participant, limit = MessageRow, RoomRow, ParticipantRow, param("limit")
        near = message.alias()
        near_ids = near.select(near.id).where(near.room_id == participant.room_id)
        near_ids = near_ids.where(near.id > _last_hidden())
        older = near_ids.where(near.id < param("id")).order_by(near.id.desc()).limit(limit)
        newer = near_ids.where(near.id > param("id")).order_by(near.id).limit(limit)

        def joined(ids: Select) -> Select:
            return (
                participant.select(*MESSAGES.columns)
                .join(room, on=((room.id == participant.room_id) & room.deleted_at.is_null()))
                .where(participant.user_id == param("user_id"))
                .join(message, on=message.id.in_(ids))
            )

        before = joined(older).order_by(message.id.desc()).limit(limit)
        after = joined(newer).order_by(message.id).limit(limit)
        return Statement(self._database, before), Statement(self._database, after)


def _last_hidden() -> Case:
    """Return the id of the newest message that the room hides from the participant: see `Room.first_seq`.

    In a room the ids have the order of `seq`, so the search begins there.
    """
    room, participant, hidden = RoomRow, ParticipantRow, MessageRow.alias()
    is_last = (hidden.room_id == room.id) & (hidden.seq == participant.joined_seq)
    return Case(room.history, ((SQL("'all'"), 0),), fn.COALESCE(hidden.select(hidden.id).where(is_last), 0))


class PostgresMessageStore(PeeweeMessageStore):
    """The messages on PostgreSQL, where a round trip to the server costs more than a statement."""

    def append(self, new: NewMessage) -> Message | None:
        words = self._index.words(new.room_id, new.user_id, new.content)
        row = self._append_at_once.one(words=words, **new._asdict())
        return None if row is None else new.stored_as(*row)

    def _prepare_append(self) -> None:
        self._append_at_once = Statement.of_text(self._database, APPEND)

    def _across_rooms(self) -> tuple[Statement, Statement]:
        """Return the same lists in a form that forces PostgreSQL to use the index on the messages of a room.

        Otherwise, if a few rooms hold most of the messages, the planner searches all messages for those of the other
        rooms.
        """
        return (
            self._nearest(f"(room_id, id) < (room.id, :id) AND (room_id, id) > (room.id, {LAST_HIDDEN})", "DESC"),
            self._nearest(f"(room_id, id) > (room.id, greatest(:id, {LAST_HIDDEN})) AND room_id <= room.id", "ASC"),
        )

    def _nearest(self, are_near: str, order: str) -> Statement:
        columns = ", ".join(column.column_name for column in MESSAGES.columns)
        return Statement.of_text(
            self._database,
            f"""
            SELECT few.* FROM participant JOIN room ON room.id = participant.room_id AND room.deleted_at IS NULL
            JOIN LATERAL (
                SELECT {columns} FROM message
                WHERE {are_near} AND {_IS_SETTLED}
                ORDER BY room_id {order}, id {order} LIMIT :limit
            ) AS few ON true
            WHERE participant.user_id = :user_id ORDER BY few.id {order} LIMIT :limit
            """,  # noqa: S608 - our own words
        )


def _typed(name: str) -> str:
    """Return a parameter with the type of the message's column: PostgreSQL can't infer the type of NULL."""
    field: Field = getattr(MessageRow, name)
    return f":{name}::{field.field_type}"


_IS_SETTLED = f"settled_by < {OLDEST_RUNNING}"
"""Whether no open transaction can commit a message with a smaller id: see migration 0001."""

LAST_HIDDEN = """CASE room.history WHEN 'all' THEN 0 ELSE coalesce((
    SELECT hidden.id FROM message AS hidden WHERE hidden.room_id = room.id AND hidden.seq = participant.joined_seq
), 0) END"""
"""The same as `_last_hidden`."""

INDEXED = """indexed AS (
        INSERT INTO message_word (room_id, message_id, seq, words) SELECT :room_id, id, seq, :words FROM added
    )"""
APPEND = f"""
    WITH taken AS (
        SELECT id AS message_id, settled_by FROM take_message_id() WHERE NOT EXISTS (
            SELECT 1 FROM message WHERE room_id = :room_id AND user_id = :user_id AND client_id = :client_id::text
        )
    ), numbered AS (
        UPDATE room SET last_seq = last_seq + 1, active_at = :created_at, activity = 2 * message_id
        FROM taken WHERE room.id = :room_id RETURNING message_id, settled_by, last_seq
    ), added AS (
        INSERT INTO message (id, settled_by, seq, is_indexed, {", ".join(NewMessage._fields)})
        SELECT message_id, settled_by, last_seq, true, {", ".join(_typed(name) for name in NewMessage._fields)}
        FROM numbered RETURNING id, seq
    ), {INDEXED}, seen AS (
        UPDATE participant SET seen_seq = seq FROM added WHERE room_id = :room_id AND user_id = :user_id
    ), recorded AS (
        INSERT INTO change (kind, room_id, at, user_id, message_id)
        SELECT '{ChangeKind.MESSAGE_CREATED.value}', :room_id, :created_at, :user_id, id FROM added
    )
    SELECT id, seq FROM added
"""  # noqa: S608 - our own words
"""All steps of `append` in one statement, which is one round trip. The room must be locked."""
