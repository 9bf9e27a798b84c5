"""The shape of the export of a user's data. As for all answers, no code writes the export with it."""

from marshmallow import fields

from minichat.api.schemas.answers import AccountOut, ExportedMessageOut
from minichat.api.schemas.shapes import Out, choice, flag, moment, number, string
from minichat.domain.model import NotifyLevel, ReportReason, Role, RoomKind


class ExportedAccountOut(AccountOut):
    is_superuser = flag(False)


class ExportedSessionOut(Out):
    id = number(1)
    created_at = moment()
    last_used_at = moment()
    expires_at = moment()
    ended_at = moment(allow_none=True)
    user_agent = string("curl/8.5.0")
    ip = string("192.0.2.7")


class ExportedRoomOut(Out):
    id = number(1)
    name = fields.String(
        required=True,
        metadata={"example": "Kitchen", "description": "For a direct chat, the username of the other participant."},
    )
    kind = choice(RoomKind.GROUP)
    role = choice(Role.OWNER)
    joined_seq = number(0, description="The `last_seq` of the room when you joined.")
    last_read_seq = number(3)
    notify = choice(NotifyLevel.ALL)
    muted_until = moment(allow_none=True)


class ExportedMentionOut(Out):
    user = number(2)
    username = string("bob")


class OwnMessageOut(ExportedMessageOut):
    mentions = fields.List(fields.Nested(ExportedMentionOut), required=True)
    mentions_all = flag(False)


class MentionedInOut(Out):
    room = number(1)
    message = number(7)


class ExportedBanOut(Out):
    room = number(1)
    banned_at = moment()


class ExportedInvitationOut(Out):
    id = number(1)
    room = number(1)
    created_at = moment()
    expires_at = moment()
    uses = fields.Integer(required=True, allow_none=True, metadata={"example": 10})
    used = number(0)


class ExportedBlockOut(Out):
    user = number(2)
    username = string("bob")
    blocked_at = moment()


class ExportedReportOut(Out):
    message = number(7)
    room = number(1)
    reason = choice(ReportReason.SPAM)
    comment = string("The same advertisement in every room.")
    created_at = moment()


class ExportedEntryOut(Out):
    id = number(1)
    time = moment()
    event = string("session.opened")
    by_you = fields.Boolean(
        required=True, metadata={"description": "False if somebody else, or a failed log-in, caused the entry."}
    )
    session = fields.Integer(required=True, allow_none=True, metadata={"example": 1})
    user_agent = string("curl/8.5.0")
    ip = string("192.0.2.7")
    detail = fields.Dict(
        keys=fields.String(),
        values=fields.Raw(metadata={"type": ["integer", "string"]}),
        required=True,
        metadata={"example": {"room": 1, "role": "owner"}},
    )


class ExportedReactionOut(Out):
    message = number(7)
    emoji = string("👍")
    created_at = moment()


class ExportedPinOut(Out):
    room = number(1)
    message = number(7)


class ExportedMailOut(Out):
    kind = string("verify")
    created_at = moment()
    outcome = fields.String(required=True, allow_none=True, metadata={"example": "sent"})
    done_at = moment(allow_none=True)


class ExportedFactorOut(Out):
    on_since = moment()
    recovery_codes_left = number(10)


class ExportOut(Out):
    format = string("minichat-export/1")
    exported_at = moment()
    account = fields.Nested(ExportedAccountOut, required=True)
    second_factor = fields.Nested(
        ExportedFactorOut,
        required=True,
        allow_none=True,
        metadata={"description": "Your second factor for the administration; null if you have none."},
    )
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
    reports = fields.List(
        fields.Nested(ExportedReportOut),
        required=True,
        metadata={"description": "The messages that you have reported, until the reports are deleted."},
    )
    messages = fields.List(
        fields.Nested(OwnMessageOut),
        required=True,
        metadata={"description": "All messages that you sent and did not delete, also in rooms that you have left."},
    )
    mentions = fields.List(
        fields.Nested(MentionedInOut),
        required=True,
        metadata={"description": "The messages that mention you, as `mentions/` lists them."},
    )
    reactions = fields.List(fields.Nested(ExportedReactionOut), required=True)
    pins = fields.List(
        fields.Nested(ExportedPinOut), required=True, metadata={"description": "The messages that you have pinned."}
    )
    mails = fields.List(
        fields.Nested(ExportedMailOut),
        required=True,
        metadata={"description": "The mails to you of the last day, and those that wait (`outcome` is null)."},
    )
    audit = fields.List(
        fields.Nested(ExportedEntryOut),
        required=True,
        metadata={"description": "The entries of the audit log about you, the newest first."},
    )
