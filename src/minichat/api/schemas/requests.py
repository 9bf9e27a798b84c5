"""The shapes of bodies, headers and frames. An unknown field is an error that names it."""

from collections.abc import Mapping
from itertools import chain
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from minichat.api.schemas import patterns
from minichat.api.schemas.answers import (
    EXAMPLE_JWT,
    EXAMPLE_TOKEN,
    AccountOut,
    CreatedInvitationOut,
    MessageOut,
    ParticipantOut,
    ReadOut,
    RoomOut,
)
from minichat.api.schemas.fields import Boolean, Choice, File, Id, Ids, Moment, Quotable, Text, WholeNumber
from minichat.api.schemas.forms import In, text_field
from minichat.domain import accounts, invitations, mention_rules, message_rules, reports, room_rules
from minichat.domain.model import MAX_ID, HistoryAccess, NotifyLevel, ReportReason, Role, WriteAccess
from minichat.domain.text import Fields


class NothingIn(In):
    """The body of a route that needs none: nothing, or an empty object."""


PASSWORD = "correct horse battery"  # noqa: S105 - the password of all examples
NEW_PASSWORD = "staple battery horse"  # noqa: S105


def _new_password(example: str, **kwargs: Any) -> Text:
    metadata = {"format": "password", "example": example, "pattern": patterns.SHOWN_TEXT}
    return text_field(
        accounts.MAX_PASSWORD_LENGTH, accounts.MIN_PASSWORD_LENGTH, required=True, metadata=metadata, **kwargs
    )


def _old_password() -> Text:
    return Text(required=True, metadata={"format": "password", "example": PASSWORD})


def _repeated_password(example: str) -> Text:
    description = "The password again, if you want it checked."
    return Text(metadata={"format": "password", "description": description, "example": example})


def _email() -> Text:
    # No "format", because in JSON Schema an empty text is not a valid address.
    metadata = {
        "description": 'An e-mail address, or "" for none.',
        "example": "ann@example.com",
        "pattern": patterns.OPTIONAL_EMAIL,
    }
    return text_field(accounts.MAX_EMAIL_LENGTH, metadata=metadata)


def _person_name(example: str) -> Text:
    return text_field(accounts.MAX_NAME_LENGTH, metadata={"example": example, "pattern": patterns.OPTIONAL_NAME})


class _FullAccountOut(AccountOut):
    """An account with the further fields of the Django service's profiles, which clients may send back."""

    is_online = fields.Boolean()
    last_seen = fields.DateTime()
    is_staff = fields.Boolean()
    is_superuser = fields.Boolean()


class RegisterIn(In):
    resource = _FullAccountOut
    not_in_example = frozenset({"invite"})  # an account needs none

    username = text_field(
        accounts.MAX_USERNAME_LENGTH,
        accounts.MIN_USERNAME_LENGTH,
        required=True,
        metadata={"example": "ann", "pattern": patterns.USERNAME},
    )
    password = _new_password(PASSWORD)
    password_confirm = _repeated_password(PASSWORD)
    email = _email()
    first_name = _person_name("Ann")
    last_name = _person_name("Lee")
    invite = Text(metadata={"description": "The token of an invitation to a room.", "example": EXAMPLE_TOKEN})


class LoginIn(In):
    username = Text(required=True, metadata={"example": "ann"})
    password = _old_password()


class LogoutIn(In):
    refresh = Text(metadata={"description": "A refresh token whose session ends too."})


class RefreshIn(In):
    refresh = Text(required=True, metadata={"example": EXAMPLE_JWT})


class ProfileIn(In):
    resource = _FullAccountOut

    first_name = _person_name("Ann")
    last_name = _person_name("Lee")
    email = _email()
    avatar = text_field(
        accounts.MAX_AVATAR_URL_LENGTH,
        metadata={
            "description": 'An https URL, or "" for the placeholder. The URL of your current picture changes nothing.',
            "example": "https://example.com/ann.png",
            "pattern": patterns.OPTIONAL_AVATAR,
        },
    )
    password = Text(
        metadata={
            "format": "password",
            "description": "Your password, if `email` changes and the server sends mail.",
            "example": PASSWORD,
        }
    )


class PasswordResetIn(In):
    """Exactly one of the two fields."""

    not_in_example = frozenset({"email"})

    username = Text(metadata={"example": "ann"})
    email = Text(metadata={"description": "A verified address.", "example": "ann@example.com"})

    @validates_schema(skip_on_field_errors=True)
    def _requires_one_field(self, data: Any, **kwargs: Any) -> None:
        given = {name for name, value in data.items() if value is not None}
        if len(given) != 1:
            raise ValidationError({name: ["one_of_both"] for name in ("username", "email")})


class ResetConfirmIn(In):
    token = Text(required=True, metadata={"description": "The token of the link.", "example": EXAMPLE_TOKEN})
    new_password = _new_password(NEW_PASSWORD)
    new_password_confirm = _repeated_password(NEW_PASSWORD)


class VerifyEmailIn(In):
    token = Text(required=True, metadata={"description": "The token of the link.", "example": EXAMPLE_TOKEN})


class AvatarIn(In):
    file = File(
        required=True,
        metadata={"description": "A PNG, JPEG, WebP or GIF picture of at most 2 MiB and 4096 × 4096 pixels."},
    )


class ChangePasswordIn(In):
    old_password = _old_password()
    new_password = _new_password(NEW_PASSWORD)
    new_password_confirm = _repeated_password(NEW_PASSWORD)


class EraseIn(In):
    password = _old_password()


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
