"""The shapes of queries. An unknown parameter is an error that names it; an empty one counts as absent."""

from marshmallow import fields, validate

from minichat.api.schemas import patterns
from minichat.api.schemas.fields import Boolean, Cursor, Id, Text, WholeNumber
from minichat.api.schemas.forms import Query, text_field
from minichat.domain import directory, message_search, room_rules
from minichat.domain.model import MAX_ID

MAX_LIMIT = 200
DEFAULT_LIMIT = 50
MAX_SYNC_TIMEOUT_SECONDS = 30


def _limit() -> WholeNumber:
    return WholeNumber(1, MAX_LIMIT, in_query=True, load_default=DEFAULT_LIMIT, metadata={"example": DEFAULT_LIMIT})


def _message_id(description: str) -> Id:
    return Id(in_query=True, metadata={"description": description})


def _page(*shape: type) -> Cursor:
    return Cursor(*shape, metadata={"description": "From a `Link` header.", "pattern": patterns.LIST_CURSOR})


class ListQuery(Query):
    """The query of a list that is sorted by ids."""

    limit = _limit()
    cursor = _page(int)


class ReactionsQuery(ListQuery):
    emoji = Text(metadata={"description": "Only the reactions with this emoji.", "example": "👍"})


class PeopleQuery(ListQuery):
    cursor = _page(str)


class RoomsQuery(ListQuery):
    cursor = _page(int, int)
    scope = fields.String(
        load_default="mine",
        validate=validate.OneOf(("mine", "public"), error="not_a_choice"),
        metadata={"description": "`mine`: the rooms that you are in. `public`: the rooms that you can join."},
    )
    q = text_field(
        room_rules.MAX_ROOM_NAME_LENGTH,
        metadata={"description": "Any part of the name.", "example": "kit", "pattern": patterns.TRIMMED_LINE},
    )


class RemovalQuery(Query):
    ban = Boolean(
        load_default=False,
        metadata={
            "in_query": True,
            "description": "Whether to ban the person. This works for people outside the room too.",
        },
    )


class PeopleSearchQuery(Query):
    q = text_field(
        directory.MAX_QUERY_LENGTH,
        1,
        required=True,
        metadata={
            "description": "Parts of a name, in any order. A leading `@` is skipped.",
            "example": "an",
            "pattern": patterns.TRIMMED_LINE,
        },
    )
    limit = _limit()


class MessageWindowQuery(Query):
    limit = _limit()
    before = _message_id("Messages older than this one.")
    after = _message_id("Messages newer than this one, starting with the oldest.")
    around = _message_id("This message and its neighbours.")


class HistoryQuery(MessageWindowQuery):
    around_seq = WholeNumber(
        0,
        MAX_ID,
        in_query=True,
        metadata={
            "description": "The message with this `seq` and its neighbours, such as the `last_read_seq` of the room. "
            "Beyond an end of the room, it means that end."
        },
    )
    mark_read = Boolean(
        load_default=True, metadata={"in_query": True, "description": "Whether the returned messages count as read."}
    )


class MessagesQuery(MessageWindowQuery):
    room = Id(in_query=True, metadata={"description": "Without it, the messages of all your rooms."})


class MentionsQuery(Query):
    before = _message_id("Only messages older than this one; any message id is a position.")
    limit = _limit()


class MessageSearchQuery(Query):
    q = text_field(
        message_search.MAX_QUERY_LENGTH,
        1,
        required=True,
        metadata={
            "description": "The words to find, in any order.",
            "example": "lunch",
            "pattern": patterns.TEXT,
        },
    )
    room = Id(in_query=True, metadata={"description": "Without it, the messages of all your rooms."})
    user = Id(in_query=True, metadata={"description": "Only messages of this author."})
    before = _message_id("Only messages older than this one; any message id is a position.")
    limit = _limit()


def _cursor() -> Text:
    description = "The cursor of the last event that you have received."
    return Text(metadata={"description": description, "pattern": patterns.LOG_CURSOR})


class SyncQuery(Query):
    after = _cursor()
    timeout = WholeNumber(
        0,
        MAX_SYNC_TIMEOUT_SECONDS,
        in_query=True,
        load_default=0,
        metadata={"description": "How many seconds to wait if there are no events."},
    )
    limit = _limit()


class EventsQuery(Query):
    after = _cursor()
    last_event_id = Text(
        data_key="lastEventId",
        metadata={
            "description": "The same, appended by clients that reconnect by themselves and can't send `Last-Event-ID`.",
            "pattern": patterns.LOG_CURSOR,
        },
    )
    ticket = Text(
        metadata={"description": "From `POST /api/chat/events/ticket/`, for clients that can't send headers."}
    )
