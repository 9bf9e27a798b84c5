"""The shapes of answers: documentation that the tests enforce. No code writes answers with these schemas."""

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from minichat.api.schemas.fields import Time

EXAMPLE_TIME = "2026-11-23T09:30:00.123Z"
EXAMPLE_TOKEN = "9bT4mKx2Qw7-VzRf0LsN8eHc1JdYpA5G"  # noqa: S105 - it opens nothing


class Out(Schema):
    """An answer with exactly these fields."""

    class Meta:
        unknown = RAISE


def _number(example: int, **kwargs: Any) -> fields.Integer:
    return fields.Integer(required=True, metadata={"example": example, **kwargs})


def _string(example: str, **kwargs: Any) -> fields.String:
    return fields.String(required=True, metadata={"example": example}, **kwargs)


def _flag(example: bool) -> fields.Boolean:
    return fields.Boolean(required=True, metadata={"example": example})


def _time(**kwargs: Any) -> Time:
    return Time(required=True, metadata={"example": EXAMPLE_TIME, **kwargs.pop("metadata", {})}, **kwargs)


class UserOut(Out):
    id = _number(1)
    username = _string("ann")
    first_name = _string("Ann")
    last_name = _string("Lee")
    full_name = _string("Ann Lee")
    avatar = _string("http://127.0.0.1:8000/avatars/1-A.svg")


class PersonOut(UserOut):
    is_online = _flag(True)
    last_seen = _time(allow_none=True)


class ProfileOut(Out):
    is_online = _flag(True)
    last_seen = _time(allow_none=True)
    avatar = _string("http://127.0.0.1:8000/avatars/1-A.svg")


class AccountOut(UserOut):
    email = _string("ann@example.com")
    date_joined = _time()
    profile = fields.Nested(ProfileOut, required=True)


class TokensOut(Out):
    access = _string("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…")
    refresh = _string("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…")


class SessionOut(Out):
    id = _number(1)
    created_at = _time()
    last_used_at = _time()
    expires_at = _time()
    user_agent = _string("curl/8.5.0")
    ip = _string("192.0.2.7")
    current = _flag(True)


class WelcomeOut(Out):
    user = fields.Nested(AccountOut, required=True)
    tokens = fields.Nested(TokensOut, required=True)
    message = _string("You are logged in.")


class ConfirmationOut(Out):
    message = _string("You are logged out.")


class NewTokensOut(ConfirmationOut):
    tokens = fields.Nested(TokensOut, required=True)


class FoundOut(Out):
    users = fields.List(fields.Nested(PersonOut), required=True)


class OnlineOut(Out):
    user = fields.Nested(UserOut, required=True)
    is_online = _flag(True)
    last_seen = _time(allow_none=True)
    avatar = _string("http://127.0.0.1:8000/avatars/1-A.svg")


class ExportedMessageOut(Out):
    """The part of a message that is the same for every reader."""

    id = _number(7)
    room = _number(1)
    seq = _number(3, description="The messages of a room are numbered 1, 2, 3, … without gaps.")
    content = _string("hello")
    timestamp = _time()
    edited_at = _time(allow_none=True)
    is_deleted = _flag(False)
    reply_to = fields.Integer(required=True, allow_none=True, metadata={"example": None})
    client_id = fields.String(required=True, allow_none=True, metadata={"example": None})


class MessageOut(ExportedMessageOut):
    """A message as one reader sees it."""

    user = fields.Nested(UserOut, required=True)
    user_username = _string("ann")
    is_read = _flag(False)
    is_blocked = fields.Boolean(
        required=True, metadata={"example": False, "description": "Whether you have blocked the author."}
    )


class RoomOut(Out):
    id = _number(1)
    name = _string("Kitchen")
    description = _string("Who cooks tonight?")
    kind = _string("group", validate=validate.OneOf(("group", "direct")))
    is_private = _flag(False)
    created_at = _time()
    participants = fields.List(fields.Nested(PersonOut), required=True, metadata={"maxItems": 20})
    participants_count = _number(2)
    role = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(("owner", "moderator", "member", None)),
        metadata={"example": "owner"},
    )
    last_message = fields.Nested(MessageOut, required=True, allow_none=True, metadata={"example": None})
    last_seq = _number(3)
    last_read_seq = _number(3)
    unread_count = _number(0, description="Number of messages above `last_read_seq` that are not deleted.")


class EventOut(Out):
    id = _string("41.c2VhbGVkIGJ5")
    type = _string("message.created")
    time = _time()
    data = fields.Dict(required=True, metadata={"description": "Depends on the type: see docs/live.md."})


class SyncOut(Out):
    events = fields.List(fields.Nested(EventOut), required=True)
    cursor = _string("41.c2VhbGVkIGJ5")
    has_more = _flag(False)


class TicketOut(Out):
    ticket = _string("3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAA")
    expires_in = _number(30)


class HistoryOut(Out):
    room = fields.Nested(RoomOut, required=True)
    messages = fields.List(fields.Nested(MessageOut), required=True)


class JoinedRoomOut(Out):
    message = _string("You have joined the room.")
    room = fields.Nested(RoomOut, required=True)


class RegisteredOut(WelcomeOut):
    room = fields.Nested(RoomOut, metadata={"description": "The room of the `invite`, if there was one."})


class DirectChatOut(Out):
    room = fields.Nested(RoomOut, required=True)
    message = _string("The chat has been created.")


class ReadOut(Out):
    last_read_seq = _number(3)
    unread_count = _number(0)


class ParticipantOut(PersonOut):
    role = _string("owner", validate=validate.OneOf(("owner", "moderator", "member")))
    last_read_seq = _number(3)


class ParticipantsOut(Out):
    room_id = _number(1)
    participants = fields.List(fields.Nested(ParticipantOut), required=True)


class BanOut(UserOut):
    banned_at = _time()
    banned_by = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"example": 1, "description": "The id of a user, or null if that account has been deleted."},
    )


class InvitationOut(Out):
    id = _number(1)
    created_by = fields.Nested(UserOut, required=True)
    expires_at = _time()
    uses = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"example": 10, "description": "How many people can join with it, or null for any number."},
    )
    used = _number(0, description="How many people have joined with it.")


class NewInvitationOut(InvitationOut):
    token = _string(EXAMPLE_TOKEN)
    url = _string(f"http://127.0.0.1:8000/#invite={EXAMPLE_TOKEN}")


class InvitedRoomOut(Out):
    name = _string("Kitchen")
    description = _string("Who cooks tonight?")
    participants_count = _number(2)


class PreviewOut(Out):
    room = fields.Nested(InvitedRoomOut, required=True)
    invited_by = fields.Nested(UserOut, required=True)
    expires_at = _time()


class BlockOut(UserOut):
    blocked_at = _time()


class ExportedAccountOut(AccountOut):
    is_superuser = _flag(False)


class ExportedSessionOut(Out):
    id = _number(1)
    created_at = _time()
    last_used_at = _time()
    expires_at = _time()
    ended_at = _time(allow_none=True)
    user_agent = _string("curl/8.5.0")
    ip = _string("192.0.2.7")


class ExportedRoomOut(Out):
    id = _number(1)
    name = fields.String(
        required=True,
        metadata={"example": "Kitchen", "description": "For a direct chat, the username of the other participant."},
    )
    kind = _string("group", validate=validate.OneOf(("group", "direct")))
    role = _string("owner", validate=validate.OneOf(("owner", "moderator", "member")))
    joined_seq = _number(0, description="The `last_seq` of the room when you joined.")
    last_read_seq = _number(3)


class ExportedBanOut(Out):
    room = _number(1)
    banned_at = _time()


class ExportedInvitationOut(Out):
    id = _number(1)
    room = _number(1)
    created_at = _time()
    expires_at = _time()
    uses = fields.Integer(required=True, allow_none=True, metadata={"example": 10})
    used = _number(0)


class ExportedBlockOut(Out):
    user = _number(2)
    username = _string("bob")
    blocked_at = _time()


class ExportedEntryOut(Out):
    id = _number(1)
    time = _time()
    event = _string("session.opened")
    by_you = fields.Boolean(
        required=True, metadata={"description": "False if somebody else, or a failed log-in, caused the entry."}
    )
    session = fields.Integer(required=True, allow_none=True, metadata={"example": 1})
    user_agent = _string("curl/8.5.0")
    ip = _string("192.0.2.7")
    detail = fields.Dict(required=True, keys=fields.String(), metadata={"example": {"room": 1, "role": "owner"}})


class ExportOut(Out):
    format = _string("minichat-export/1")
    exported_at = _time()
    account = fields.Nested(ExportedAccountOut, required=True)
    sessions = fields.List(fields.Nested(ExportedSessionOut), required=True)
    rooms = fields.List(
        fields.Nested(ExportedRoomOut), required=True, metadata={"description": "The rooms that you are in now."}
    )
    bans = fields.List(
        fields.Nested(ExportedBanOut), required=True, metadata={"description": "The rooms that you are banned from."}
    )
    invitations = fields.List(
        fields.Nested(ExportedInvitationOut),
        required=True,
        metadata={"description": "The invitations that you created, until a day after they expire."},
    )
    blocks = fields.List(
        fields.Nested(ExportedBlockOut), required=True, metadata={"description": "The people whom you have blocked."}
    )
    messages = fields.List(
        fields.Nested(ExportedMessageOut),
        required=True,
        metadata={"description": "All messages that you sent and did not delete, also in rooms that you have left."},
    )
    audit = fields.List(
        fields.Nested(ExportedEntryOut),
        required=True,
        metadata={"description": "The entries of the audit log about you, the newest first."},
    )


def _range(least: int, most: int) -> fields.Field[Any]:
    return fields.List(
        fields.Integer(),
        required=True,
        metadata={"minItems": 2, "maxItems": 2, "example": [least, most], "description": "The least and the most."},
    )


class InputLimitsOut(Out):
    """The limits of what people enter: text in characters, files in bytes."""

    content = _number(4_000)
    username = _range(3, 32)
    password = _range(8, 1_024)
    room_name = _number(100)
    description = _number(1_000)
    participants = _number(200)
    avatar_bytes = _number(2_097_152)


class InfoOut(Out):
    registration = _string("open", validate=validate.OneOf(("open", "invite", "closed")))
    directory = _string("everyone", validate=validate.OneOf(("everyone", "shared")))
    password_reset = _flag(False)
    languages = fields.List(fields.String(), required=True, metadata={"example": ["en", "ru"]})
    limits = fields.Nested(InputLimitsOut, required=True)


class HealthOut(Out):
    status = _string("ok")


class ReadyOut(HealthOut):
    redis = fields.String(validate=validate.OneOf(["ok", "away"]), metadata={"example": "ok"})


class ProblemOut(Schema):
    """A problem document (RFC 9457): a stable `code` for programs, `detail` in English or Russian for people."""

    type = _string("about:blank")
    title = _string("Bad Request")
    status = _number(400)
    detail = _string("Some fields are not valid.")
    code = _string("validation_failed")
    request_id = _string("8f4e2c7a91b04d1e9c3a5f60")
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"example": {"name": ["This field is required."]}},
    )
