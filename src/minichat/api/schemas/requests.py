"""The shapes of requests: bodies, headers, queries and frames. An unknown field is an error that names it."""

from collections.abc import Mapping
from itertools import chain, islice
from typing import Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validate

from minichat.api.errors import MAX_REPORTED_FIELDS
from minichat.api.schemas.answers import AccountOut, MessageOut, ParticipantOut, ReadOut, RoomOut
from minichat.api.schemas.fields import Boolean, Cursor, File, Id, Ids, Quotable, Text, WholeNumber
from minichat.domain import accounts, directory, message_rules, room_rules
from minichat.domain.model import MAX_ID, Role
from minichat.domain.text import Fields

MAX_LIMIT = 200
DEFAULT_LIMIT = 50
MAX_SYNC_TIMEOUT_SECONDS = 30


class In(Schema):
    """A part of a request. An unknown field is an error.

    A client can GET an object, edit it and send it back: fields of `resource` that the server owns are ignored. Null in
    an optional field means the same as leaving it out, unless the field is declared with `allow_none`.
    """

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "unknown_field", "type": "not_an_object"}
    resource: ClassVar[type[Schema] | None] = None
    """The schema of the answer that shows the same object."""
    absent: ClassVar[str | None] = None
    """The value that means the same as leaving a field out."""

    def __init__(self, **kwargs: Any) -> None:
        self._may_be_absent: set[str] = set()
        super().__init__(**kwargs)
        shown = set() if self.resource is None else set(self.resource().fields)
        self._ignored = shown - self.fields.keys()

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        if self._takes_absent(field_obj):
            self._may_be_absent.add(field_obj.data_key or field_name)

    def _takes_absent(self, field: fields.Field[Any]) -> bool:
        """Return whether the absent value means that the client leaves out this field."""
        if field.required or field.allow_none:
            return False
        field.allow_none = True  # for the OpenAPI document
        return True

    @pre_load
    def _without_ignored(self, data: Any, **kwargs: Any) -> Any:
        if not isinstance(data, dict):
            return data
        own = {
            name: value
            for name, value in data.items()
            if name not in self._ignored and (value != self.absent or name not in self._may_be_absent)
        }
        return self._with_few_unknown(own) if len(own) > MAX_REPORTED_FIELDS else own

    def _with_few_unknown(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the data with no more unknown fields than an answer names, because each one costs time."""
        known = {field.data_key or name for name, field in self.load_fields.items()} & data.keys()
        unknown = islice((name for name in data if name not in known), MAX_REPORTED_FIELDS)
        return {name: data[name] for name in (*known, *unknown)}


class Query(In):
    """A query. An empty parameter means the same as leaving it out."""

    absent = ""

    def _takes_absent(self, field: fields.Field[Any]) -> bool:
        return True


class NothingIn(In):
    """The body of a route that needs none: nothing, or an empty object."""


def _text(most: int | None = None, least: int = 0, **kwargs: Any) -> Text:
    metadata: dict[str, Any] = dict(kwargs.pop("metadata", {}))
    if most is not None:
        metadata["maxLength"] = most
    if least:
        metadata["minLength"] = least
    return Text(metadata=metadata, **kwargs)


def _new_password(**kwargs: Any) -> Text:
    metadata = {"format": "password", "example": "correct horse battery"}
    return _text(accounts.MAX_PASSWORD_LENGTH, accounts.MIN_PASSWORD_LENGTH, required=True, metadata=metadata, **kwargs)


def _old_password() -> Text:
    return Text(required=True, metadata={"format": "password", "example": "correct horse battery"})


def _repeated_password() -> Text:
    return Text(metadata={"format": "password", "description": "The password again, if you want it checked."})


def _email() -> Text:
    # No "format", because in JSON Schema an empty text is not a valid address.
    metadata = {"description": 'An e-mail address, or "" for none.', "example": "ann@example.com"}
    return _text(accounts.MAX_EMAIL_LENGTH, metadata=metadata)


class _FullAccountOut(AccountOut):
    """An account with the further fields of the Django service's profiles, which clients may send back."""

    is_online = fields.Boolean()
    last_seen = fields.DateTime()
    is_staff = fields.Boolean()
    is_superuser = fields.Boolean()


class RegisterIn(In):
    resource = _FullAccountOut

    username = _text(
        accounts.MAX_USERNAME_LENGTH, accounts.MIN_USERNAME_LENGTH, required=True, metadata={"example": "ann"}
    )
    password = _new_password()
    password_confirm = _repeated_password()
    email = _email()
    first_name = _text(accounts.MAX_NAME_LENGTH, metadata={"example": "Ann"})
    last_name = _text(accounts.MAX_NAME_LENGTH, metadata={"example": "Lee"})


class LoginIn(In):
    username = Text(required=True, metadata={"example": "ann"})
    password = _old_password()


class LogoutIn(In):
    refresh = Text(metadata={"description": "A refresh token whose session ends too."})


class RefreshIn(In):
    refresh = Text(required=True)


class ProfileIn(In):
    resource = _FullAccountOut

    first_name = _text(accounts.MAX_NAME_LENGTH, metadata={"example": "Ann"})
    last_name = _text(accounts.MAX_NAME_LENGTH, metadata={"example": "Lee"})
    email = _email()
    avatar = _text(
        accounts.MAX_AVATAR_URL_LENGTH,
        metadata={
            "description": 'An https URL, or "" for the placeholder. The URL of your current picture changes nothing.',
            "example": "https://example.com/ann.png",
        },
    )


class AvatarIn(In):
    file = File(
        required=True,
        metadata={"description": "A PNG, JPEG, WebP or GIF picture of at most 2 MiB and 4096 × 4096 pixels."},
    )


class ChangePasswordIn(In):
    old_password = _old_password()
    new_password = _new_password()
    new_password_confirm = _repeated_password()


class EraseIn(In):
    password = _old_password()


class RoomIn(In):
    resource = RoomOut

    name = _text(room_rules.MAX_ROOM_NAME_LENGTH, 1, required=True, metadata={"example": "Kitchen"})
    description = _text(room_rules.MAX_DESCRIPTION_LENGTH, metadata={"example": "Who cooks tonight?"})
    is_private = Boolean(metadata={"example": False})


class NewRoomIn(RoomIn):
    participants = Ids(
        room_rules.MAX_INVITED, metadata={"description": "The ids of users who join with you.", "example": []}
    )


class RoomPatchIn(RoomIn):
    name = _text(room_rules.MAX_ROOM_NAME_LENGTH, 1, metadata={"example": "Kitchen"})


def _content() -> Text:
    return _text(message_rules.MAX_CONTENT_LENGTH, 1, required=True, metadata={"example": "hello"})


class SentFields(In):
    """The fields that a client sends with a message, over HTTP or a WebSocket."""

    content = _content()
    reply_to = Id(metadata={"description": "The id of the message to reply to, in the same room."})
    client_id = _text(
        message_rules.MAX_CLIENT_ID_LENGTH,
        1,
        metadata={
            "description": "An id that you choose. Sending it again returns the same message.",
            "example": "b7d1",
        },
    )


class MessageIn(SentFields):
    resource = MessageOut

    room = Id(required=True, metadata={"example": 1})


class MessagePatchIn(In):
    resource = MessageOut

    content = _content()


class _IdempotencyKey(Quotable):
    """A `client_id` in a header. Its rules are checked here, because errors have to name the header."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        issues = Fields()
        key = message_rules.check_client_id(issues, super()._deserialize(value, attr, data, **kwargs))
        if issues.found:
            raise ValidationError(list(chain.from_iterable(issues.found.values())))
        return key


class MessageHeaders(In):
    idempotency_key = _IdempotencyKey(
        data_key="Idempotency-Key",
        metadata={
            "description": "The same as `client_id`. Quotes around it are not part of it.",
            "minLength": 1,
            "maxLength": message_rules.MAX_CLIENT_ID_LENGTH,
        },
    )


class DirectChatIn(In):
    user_id = Id(required=True, metadata={"example": 2})


class NewParticipantIn(In):
    resource = ParticipantOut

    user_id = Id(required=True, metadata={"example": 2})


class ParticipantPatchIn(In):
    resource = ParticipantOut

    role = Text(
        required=True,
        validate=validate.OneOf([role.value for role in Role], error="not_a_choice"),
        metadata={"description": "`owner` hands over the room, and you become a moderator.", "example": "moderator"},
    )


class ReadIn(In):
    resource = ReadOut

    seq = WholeNumber(0, MAX_ID, required=True, metadata={"example": 3})


def _limit() -> WholeNumber:
    return WholeNumber(1, MAX_LIMIT, in_query=True, load_default=DEFAULT_LIMIT, metadata={"example": DEFAULT_LIMIT})


def _message_id(description: str) -> Id:
    return Id(in_query=True, metadata={"description": description})


def _page(*shape: type) -> Cursor:
    return Cursor(*shape, metadata={"description": "From a `Link` header."})


class ListQuery(Query):
    """The query of a list that is sorted by ids."""

    limit = _limit()
    cursor = _page(int)


class PeopleQuery(ListQuery):
    cursor = _page(str)


class RoomsQuery(ListQuery):
    cursor = _page(int, int)
    scope = fields.String(
        load_default="mine",
        validate=validate.OneOf(("mine", "public"), error="not_a_choice"),
        metadata={"description": "`mine`: the rooms that you are in. `public`: the rooms that you can join."},
    )
    q = _text(
        room_rules.MAX_ROOM_NAME_LENGTH,
        metadata={"description": "Any part of the name.", "example": "kit"},
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
    q = _text(
        directory.MAX_QUERY_LENGTH,
        1,
        required=True,
        metadata={"description": "Parts of a name, in any order. A leading `@` is skipped.", "example": "an"},
    )
    limit = _limit()


class MessageWindowQuery(Query):
    limit = _limit()
    before = _message_id("Messages older than this one.")
    after = _message_id("Messages newer than this one, starting with the oldest.")
    around = _message_id("This message and its neighbours.")


class HistoryQuery(MessageWindowQuery):
    mark_read = Boolean(
        load_default=True, metadata={"in_query": True, "description": "Whether the returned messages count as read."}
    )


class MessagesQuery(MessageWindowQuery):
    room = Id(in_query=True, metadata={"description": "Without it, the messages of all your rooms."})


def _cursor() -> Text:
    return Text(metadata={"description": "The cursor of the last event that you have received."})


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
            "description": "The same, appended by clients that reconnect by themselves and can't send `Last-Event-ID`."
        },
    )
    ticket = Text(
        metadata={"description": "From `POST /api/chat/events/ticket/`, for clients that can't send headers."}
    )


class MessageFrame(SentFields):
    pass


class ReadFrame(In):
    seq = WholeNumber(0, MAX_ID, required=True)


class TypingFrame(In):
    pass
