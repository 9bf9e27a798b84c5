"""The shapes of bodies, headers and frames. An unknown field is an error that names it.

`account_requests` has those of accounts and sessions.
"""

from collections.abc import Mapping
from itertools import chain
from typing import Any

from marshmallow import ValidationError, validates_schema

from minichat.api.schemas import patterns
from minichat.api.schemas.answers import (
    EXAMPLE_TOKEN,
    CreatedInvitationOut,
    MessageOut,
    ParticipantOut,
    ReadOut,
    RoomOut,
)
from minichat.api.schemas.fields import Boolean, Choice, Id, Ids, Moment, Quotable, Text, WholeNumber
from minichat.api.schemas.forms import In, text_field
from minichat.domain import invitations, mention_rules, message_rules, reports, room_rules
from minichat.domain.model import MAX_ID, HistoryAccess, NotifyLevel, ReportReason, Role, WriteAccess
from minichat.domain.text import Fields


class NothingIn(In):
    """The body of a route that needs none: nothing, or an empty object."""


def _room_name(**kwargs: Any) -> Text:
    metadata = {"example": "Kitchen", "pattern": patterns.NAME}
    return text_field(room_rules.MAX_ROOM_NAME_LENGTH, 1, metadata=metadata, **kwargs)


class RoomIn(In):
    resource = RoomOut

    name = _room_name(required=True)
    description = text_field(
        room_rules.MAX_DESCRIPTION_LENGTH, metadata={"example": "Who cooks tonight?", "pattern": patterns.TEXT}
    )
    is_private = Boolean(metadata={"example": False})
    write = Choice(
        WriteAccess,
        metadata={"description": "`moderators`: only the owner and moderators send messages.", "example": "all"},
    )
    cooldown = WholeNumber(
        0,
        room_rules.MAX_COOLDOWN,
        metadata={"description": "How many seconds a member waits between two messages.", "example": 0},
    )
    history = Choice(
        HistoryAccess,
        metadata={
            "description": "`joined`: everybody reads from their latest joining on. Only the owner changes it.",
            "example": "all",
        },
    )


class NewRoomIn(RoomIn):
    participants = Ids(
        room_rules.MAX_INVITED, metadata={"description": "The ids of users who join with you.", "example": []}
    )


class RoomPatchIn(RoomIn):
    name = _room_name()


def _content(*, required: bool = True) -> Text:
    metadata = {"example": "hello", "pattern": patterns.SHOWN_TEXT}
    return text_field(message_rules.MAX_CONTENT_LENGTH, 1, required=required, metadata=metadata)


def _mention_ids() -> Ids:
    return Ids(
        mention_rules.MAX_MENTIONS,
        metadata={
            "description": "The ids of participants to mention, beside those that the content names with `@`.",
            "example": [],
        },
    )


class SentFields(In):
    """The fields that a client sends with a message, over HTTP or a WebSocket."""

    not_in_example = frozenset({"client_id"})  # the second message of the example would be a repetition

    content = _content()
    reply_to = Id(metadata={"description": "The id of the message to reply to, in the same room."})
    mention_ids = _mention_ids()
    client_id = text_field(
        message_rules.MAX_CLIENT_ID_LENGTH,
        1,
        metadata={
            "description": "An id that you choose. Sending it again returns the same message.",
            "example": "b7d1",
            "pattern": patterns.SHOWN_LINE,
        },
    )


class MessageIn(SentFields):
    resource = MessageOut

    room = Id(required=True, metadata={"example": 1})


class MessagePatchIn(In):
    resource = MessageOut

    content = _content(required=False)
    mention_ids = _mention_ids()

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _requires_a_field(self, _data: Any, original: Any, **kwargs: Any) -> None:
        if isinstance(original, dict) and original.get("content") is original.get("mention_ids") is None:
            raise ValidationError("required", "content")


class NotifyIn(In):
    resource = RoomOut

    notify = Choice(
        NotifyLevel,
        metadata={"description": "The messages to notify you about.", "example": "mentions"},
    )
    muted_until = Moment(
        allow_none=True,
        metadata={
            "description": "Null unmutes the room, and so does a time in the past.",
            "example": "2030-01-07T09:00:00+01:00",
        },
    )


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
            "pattern": patterns.QUOTABLE,
        },
    )


class ReportIn(In):
    reason = Choice(
        ReportReason,
        required=True,
        metadata={"example": "spam"},
    )
    comment = text_field(
        reports.MAX_COMMENT_LENGTH,
        load_default=str,
        metadata={
            "description": "For the administrators.",
            "example": "The same advertisement in every room.",
            "pattern": patterns.TEXT,
        },
    )


class DirectChatIn(In):
    user_id = Id(required=True, metadata={"example": 2})


class NewInvitationIn(In):
    resource = CreatedInvitationOut

    expires_in = WholeNumber(
        1,
        invitations.MAX_LIFETIME_SECONDS,
        load_default=lambda: invitations.DEFAULT_LIFETIME_SECONDS,
        metadata={"description": "In seconds. Without it, 604800: seven days.", "example": 86_400},
    )
    uses = WholeNumber(
        1,
        invitations.MAX_USES,
        allow_none=True,
        metadata={
            "description": "How many people can join with it. Without it, or with null, any number.",
            "example": 10,
        },
    )


class InvitationTokenIn(In):
    token = Text(required=True, metadata={"description": "The token of an invitation.", "example": EXAMPLE_TOKEN})


class NewParticipantIn(In):
    resource = ParticipantOut

    user_id = Id(required=True, metadata={"example": 2})


class ParticipantPatchIn(In):
    resource = ParticipantOut

    role = Choice(
        Role,
        required=True,
        metadata={"description": "`owner` hands over the room, and you become a moderator.", "example": "moderator"},
    )


class ReadIn(In):
    resource = ReadOut

    seq = WholeNumber(0, MAX_ID, required=True, metadata={"example": 3})


class Frame(In):
    """A frame without its type. On the socket of one room, it does not name the room."""

    room = Id(required=True)


class MessageFrame(SentFields, Frame):
    pass


class ReadFrame(Frame):
    seq = WholeNumber(0, MAX_ID, required=True)


class TypingFrame(Frame):
    pass
