"""The export of a user's data as one JSON document, written piece by piece, because it can be larger than memory."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import orjson

from minichat.api import presenting
from minichat.api.times import optional_rfc3339, rfc3339
from minichat.domain.export import DataExport
from minichat.domain.model import (
    AuditEntry,
    Ban,
    Block,
    FactorState,
    Invitation,
    MailRecord,
    Membership,
    Message,
    Reaction,
    Report,
    Room,
    Session,
    Timestamp,
    User,
)

FORMAT = "minichat-export/1"


def export_document(export: DataExport, base: str) -> Iterator[bytes]:
    """Yield the pieces of the document. It is not well-formed without the last one, so clients notice a broken export.

    The server iterates while it sends the answer, after the view has returned.
    """
    account = presenting.account(export.account, base, export.at)
    head = {
        "format": FORMAT,
        "exported_at": rfc3339(export.at),
        "account": {**account, "is_superuser": export.account.is_superuser},
        "second_factor": _second_factor(export.second_factor),
    }
    yield orjson.dumps(head)[:-1]
    yield from _list("sessions", export.sessions, _session)
    yield from _list("rooms", export.rooms, lambda joined: _room(joined[0], joined[1], export.at))
    yield from _list("bans", export.bans, _ban)
    yield from _list("invitations", export.invitations, _invitation)
    yield from _list("blocks", export.blocks, lambda blocked: _block(*blocked))
    yield from _list("reports", export.reports, _report)
    yield from _list("messages", export.messages, lambda written: _message(*written))
    yield from _list("mentions", export.mentions, _place)
    yield from _list("reactions", export.reactions, _reaction)
    yield from _list("pins", export.pins, _place)
    yield from _list("mails", export.mails, _mail)
    yield from _list("audit", export.audit, lambda entry: _entry(entry, export.account.id))
    yield b"}"


def _second_factor(state: FactorState) -> presenting.Json | None:
    if state.on_since is None:
        return None
    return {"on_since": rfc3339(state.on_since), "recovery_codes_left": state.recovery_codes_left}


def _list(name: str, pages: Iterable[Sequence[Any]], present: Callable[[Any], presenting.Json]) -> Iterator[bytes]:
    yield f',"{name}":['.encode()
    comma = b""
    for page in pages:
        yield comma + orjson.dumps([present(item) for item in page])[1:-1]
        comma = b","
        time.sleep(0)  # yields to the worker's other requests
    yield b"]"


def _session(session: Session) -> presenting.Json:
    return {
        "id": session.id,
        "created_at": rfc3339(session.created_at),
        "last_used_at": rfc3339(session.last_used_at),
        "expires_at": rfc3339(session.expires_at),
        "ended_at": optional_rfc3339(session.ended_at),
        "user_agent": session.user_agent,
        "ip": session.ip,
    }


def _room(room: Room, membership: Membership, now: Timestamp) -> presenting.Json:
    return {
        "id": room.id,
        "name": room.name,
        "kind": room.kind,
        "role": membership.role,
        "joined_seq": membership.joined_seq,
        "last_read_seq": membership.last_read_seq,
        "notify": membership.notify,
        "muted_until": optional_rfc3339(membership.muted(now)),
    }


def _message(message: Message, mentioned: Sequence[User]) -> presenting.Json:
    return {
        **presenting.shared_message_fields(message),
        "mentions": [{"user": user.id, "username": user.username} for user in mentioned],
        "mentions_all": message.mentions_all,
    }


def _mail(mail: MailRecord) -> presenting.Json:
    return {
        "kind": mail.kind,
        "created_at": rfc3339(mail.created_at),
        "outcome": mail.outcome,
        "done_at": optional_rfc3339(mail.done_at),
    }


def _reaction(reaction: Reaction) -> presenting.Json:
    return {"message": reaction.message_id, "emoji": reaction.emoji, "created_at": rfc3339(reaction.created_at)}


def _place(message: Message) -> presenting.Json:
    return {"room": message.room_id, "message": message.id}


def _ban(ban: Ban) -> presenting.Json:
    return {"room": ban.room_id, "banned_at": rfc3339(ban.banned_at)}


def _invitation(invitation: Invitation) -> presenting.Json:
    return {
        "id": invitation.id,
        "room": invitation.room_id,
        "created_at": rfc3339(invitation.created_at),
        "expires_at": rfc3339(invitation.expires_at),
        "uses": invitation.uses,
        "used": invitation.used,
    }


def _block(block: Block, blocked: User) -> presenting.Json:
    return {"user": blocked.id, "username": blocked.username, "blocked_at": rfc3339(block.blocked_at)}


def _report(report: Report) -> presenting.Json:
    head = report.head
    return {
        "message": head.message_id,
        "room": head.room_id,
        "reason": head.reason,
        "comment": report.comment,
        "created_at": rfc3339(head.created_at),
    }


def _entry(entry: AuditEntry, user_id: int) -> presenting.Json:
    return {
        "id": entry.id,
        "time": rfc3339(entry.at),
        "event": entry.event,
        "by_you": entry.actor_id == user_id,
        "session": entry.session_id,
        "user_agent": entry.device.user_agent,
        "ip": entry.device.ip,
        "detail": dict(entry.detail),
    }
