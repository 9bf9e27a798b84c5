"""The shapes of answers: documentation that the tests enforce. No code writes answers with these schemas."""

from typing import Any

from marshmallow import Schema, fields, validate

from minichat.api.schemas.shapes import Out, choice, flag, moment, number, string
from minichat.domain.model import (
    DirectoryMode,
    HistoryAccess,
    NotifyLevel,
    RegistrationMode,
    Role,
    RoomKind,
    WriteAccess,
)

EXAMPLE_TOKEN = "9bT4mKx2Qw7-VzRf0LsN8eHc1JdYpA5G"  # noqa: S105 - it opens nothing
EXAMPLE_JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…"


class UserOut(Out):
    id = number(1)
    username = string("ann")
    first_name = string("Ann")
    last_name = string("Lee")
    full_name = string("Ann Lee", description="First and last name; empty if both are.")
    avatar = string("http://127.0.0.1:8000/avatars/1-A.svg", description="The URL of a picture. There is always one.")


class PersonOut(UserOut):
    is_online = flag(True, description="Whether there was a request in the last minute, or a live connection is open.")
    last_seen = moment(allow_none=True, metadata={"description": "Null for a user who was never seen."})


class ProfileOut(Out):
    is_online = flag(True)
    last_seen = moment(allow_none=True)
    avatar = string("http://127.0.0.1:8000/avatars/1-A.svg")


class AccountOut(UserOut):
    email = string("ann@example.com")
    email_verified = flag(True)
    date_joined = moment()
    profile = fields.Nested(ProfileOut, required=True)


class TokensOut(Out):
    access = string(EXAMPLE_JWT)
    refresh = string(EXAMPLE_JWT)


class SessionOut(Out):
    id = number(1)
    created_at = moment()
    last_used_at = moment()
    expires_at = moment()
    user_agent = string("curl/8.5.0")
    ip = string("192.0.2.7")
    current = flag(True)


class WelcomeOut(Out):
    user = fields.Nested(AccountOut, required=True)
    tokens = fields.Nested(TokensOut, required=True)
    message = string("You are logged in.")


class ConfirmationOut(Out):
    message = string("You are logged out.")


class NewTokensOut(ConfirmationOut):
    tokens = fields.Nested(TokensOut, required=True)


class FoundOut(Out):
    users = fields.List(fields.Nested(PersonOut), required=True)


class OnlineOut(Out):
    user = fields.Nested(UserOut, required=True)
    is_online = flag(True)
    last_seen = moment(allow_none=True)
    avatar = string("http://127.0.0.1:8000/avatars/1-A.svg")


class ExportedMessageOut(Out):
    """The part of a message that is the same for every reader."""

    id = number(7)
    room = number(1)
    seq = number(3, description="The messages of a room are numbered 1, 2, 3, … without gaps.")
    content = string("hello")
    timestamp = moment()
    edited_at = moment(allow_none=True, metadata={"description": "Null if it was never edited."})
    is_deleted = flag(False, description="A deleted message keeps its `seq`, without content, reactions and pin.")
    reply_to = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"example": None, "description": "The id of the message that it answers."},
    )
    client_id = fields.String(
        required=True, allow_none=True, metadata={"example": None, "description": "The id that its sender chose."}
    )


class ReactionCountOut(Out):
    emoji = string("👍")
    count = number(2)
    mine = flag(True, description="Whether you reacted with this emoji.")
    users = fields.List(
        fields.Integer(),
        required=True,
        metadata={"maxItems": 10, "example": [1, 2], "description": "The ids of the first ten users."},
    )


class ReactionOut(Out):
    emoji = string("👍")
    user = fields.Nested(UserOut, required=True)
    created_at = moment()


class MessageOut(ExportedMessageOut):
    """A message as one reader sees it."""

    user = fields.Nested(UserOut, required=True)
    user_username = string("ann")
    is_read = flag(False, description="Your message: another participant has read it. Another's: you have.")
    is_blocked = flag(False, description="Whether you have blocked the author.")
    reactions = fields.List(
        fields.Nested(ReactionCountOut),
        required=True,
        metadata={"maxItems": 20, "description": "In the order of the first use of each emoji."},
    )
    mentions = fields.List(
        fields.Nested(UserOut),
        required=True,
        metadata={"maxItems": 50, "example": [], "description": "The people whom it mentions."},
    )
    mentions_all = flag(False, description="Whether it mentions all participants.")
    is_pinned = flag(False, description="Whether it is among the pins of its room.")


class RoomOut(Out):
    """A room as one user sees it."""

    id = number(1)
    name = string("Kitchen", description="Of a direct chat: the name of the other person.")
    description = string("Who cooks tonight?")
    kind = choice(RoomKind.GROUP)
    is_private = flag(False, description="A private room is hidden from everybody who is not in it.")
    created_at = moment()
    participants = fields.List(
        fields.Nested(PersonOut),
        required=True,
        metadata={"maxItems": 20, "description": "Those who joined first; none if you are not in the room."},
    )
    participants_count = number(2)
    role = choice(Role.OWNER, allow_none=True, description="Null if you are not in the room.")
    last_message = fields.Nested(
        MessageOut,
        required=True,
        allow_none=True,
        metadata={"example": None, "description": "The newest message that you may read, or its tombstone."},
    )
    last_seq = number(3, description="The `seq` of the newest message, or 0.")
    last_read_seq = number(3, description="The `seq` up to which you have read.")
    unread_count = number(0, description="Number of messages above `last_read_seq` that are not deleted.")
    write = choice(
        WriteAccess.ALL,
        description="The participants who can send messages: `moderators` means the owner and the moderators.",
    )
    unread_mentions = number(0, description="Number of unread messages that mention you or everybody.")
    notify = choice(NotifyLevel.ALL, description="The messages that you want to be notified about.")
    muted_until = moment(allow_none=True, metadata={"example": None, "description": "Null if the room is not muted."})
    cooldown = number(0, description="How many seconds a member waits between two messages.")
    history = choice(
        HistoryAccess.ALL,
        description="The messages that a participant can read: `joined` means those sent after joining.",
    )


class TicketOut(Out):
    ticket = string("3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAA")
    expires_in = number(30)


class HistoryOut(Out):
    room = fields.Nested(RoomOut, required=True)
    messages = fields.List(fields.Nested(MessageOut), required=True)


class JoinedRoomOut(Out):
    message = string("You have joined the room.")
    room = fields.Nested(RoomOut, required=True)


class RegisteredOut(WelcomeOut):
    room = fields.Nested(RoomOut, metadata={"description": "The room of the `invite`, if there was one."})


class DirectChatOut(Out):
    room = fields.Nested(RoomOut, required=True)
    message = string("The chat has been created.")


class ReadOut(Out):
    last_read_seq = number(3)
    unread_count = number(0)


class UnreadRoomOut(Out):
    room = number(1)
    unread_count = number(3)
    unread_mentions = number(1)
    last_read_seq = number(3)


class UnreadOut(Out):
    total = number(3, description="Without muted rooms and those with `notify: none`.")
    mentions = number(1, description="Without rooms with `notify: none`.")
    rooms = fields.List(fields.Nested(UnreadRoomOut), required=True)


class ParticipantOut(PersonOut):
    role = choice(Role.OWNER)
    last_read_seq = number(3)


class RoomParticipantsOut(Out):
    room_id = number(1)
    participants = fields.List(fields.Nested(ParticipantOut), required=True)


class BanOut(UserOut):
    banned_at = moment()
    banned_by = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"example": 1, "description": "The id of a user, or null if that account has been deleted."},
    )


class InvitationOut(Out):
    id = number(1)
    created_by = fields.Nested(UserOut, required=True)
    expires_at = moment()
    uses = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"example": 10, "description": "How many people can join with it, or null for any number."},
    )
    used = number(0, description="How many people have joined with it.")


class CreatedInvitationOut(InvitationOut):
    token = string(EXAMPLE_TOKEN)
    url = string(f"http://127.0.0.1:8000/#invite={EXAMPLE_TOKEN}")


class InvitedRoomOut(Out):
    name = string("Kitchen")
    description = string("Who cooks tonight?")
    participants_count = number(2)


class InvitationPreviewOut(Out):
    room = fields.Nested(InvitedRoomOut, required=True)
    invited_by = fields.Nested(UserOut, required=True)
    expires_at = moment()


class BlockOut(UserOut):
    blocked_at = moment()


def _range(least: int, most: int) -> fields.Field[Any]:
    return fields.List(
        fields.Integer(),
        required=True,
        metadata={"minItems": 2, "maxItems": 2, "example": [least, most], "description": "The least and the most."},
    )


class InputLimitsOut(Out):
    """The limits of the fields of forms: text in characters, files in bytes."""

    content = number(4_000)
    username = _range(3, 32)
    password = _range(8, 1_024)
    room_name = number(100)
    description = number(1_000)
    participants = number(200)
    avatar_bytes = number(2_097_152)


class InfoOut(Out):
    registration = choice(RegistrationMode.OPEN)
    directory = choice(DirectoryMode.EVERYONE)
    password_reset = flag(False)
    languages = fields.List(fields.String(), required=True, metadata={"example": ["en", "ru"]})
    limits = fields.Nested(InputLimitsOut, required=True)


class HealthOut(Out):
    status = string("ok")


class ReadyOut(HealthOut):
    redis = fields.String(validate=validate.OneOf(["ok", "away"]), metadata={"example": "ok"})


class ProblemOut(Schema):
    """A problem document (RFC 9457): a stable `code` for programs, `detail` in English or Russian for people."""

    type = string("about:blank")
    title = string("Bad Request")
    status = number(400)
    detail = string("Some fields are not valid.")
    code = string("validation_failed")
    request_id = string("8f4e2c7a91b04d1e9c3a5f60")
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"example": {"name": ["This field is required."]}},
    )
