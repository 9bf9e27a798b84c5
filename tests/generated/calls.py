"""Calls every operation with the generated client, and prints which ones it has called. mypy checks each answer."""

import base64
import json
import sys
from http import HTTPStatus
from io import BytesIO
from typing import TypeVar
from urllib.parse import unquote

import httpx
from minichat_client import AuthenticatedClient, Client
from minichat_client.api.auth import (
    change_password,
    delete_me,
    export_me,
    get_me,
    list_sessions,
    log_in,
    log_out,
    refresh_tokens,
    register_account,
    revoke_other_sessions,
    revoke_session,
)
from minichat_client.api.avatars import get_picture, get_placeholder
from minichat_client.api.blocks import block_user, list_blocks, unblock_user
from minichat_client.api.events import create_ticket, stream_events
from minichat_client.api.health import check_health, check_readiness, get_metrics
from minichat_client.api.info import get_info
from minichat_client.api.invitations import accept_invite, create_invite, list_invites, preview_invite, revoke_invite
from minichat_client.api.messages import (
    delete_message,
    get_history,
    get_message,
    list_messages,
    send_message,
    update_message,
)
from minichat_client.api.moderation import (
    add_participant,
    delete_ban,
    list_bans,
    remove_participant,
    update_participant,
)
from minichat_client.api.notifications import get_unread_counts, list_mentions, update_notifications
from minichat_client.api.reactions import (
    add_reaction,
    list_pins,
    list_reactions,
    pin_message,
    remove_reaction,
    unpin_message,
)
from minichat_client.api.recovery import (
    confirm_password_reset,
    request_password_reset,
    resend_verification,
    verify_email,
)
from minichat_client.api.reports import report_message
from minichat_client.api.rooms import (
    create_direct_chat,
    create_room,
    delete_room,
    get_room,
    join_room,
    leave_room,
    list_participants,
    list_rooms,
    mark_room_read,
    put_room,
    start_typing,
    update_room,
)
from minichat_client.api.search import search_messages
from minichat_client.api.sockets import open_room_socket, open_socket
from minichat_client.api.sync import sync_events
from minichat_client.api.users import (
    delete_avatar,
    get_profile,
    get_user,
    list_online_users,
    list_users,
    put_profile,
    search_users,
    update_profile,
    upload_avatar,
)
from minichat_client.models import (
    AvatarIn,
    ChangePasswordIn,
    DirectChatIn,
    EraseIn,
    InvitationTokenIn,
    LoginIn,
    LogoutIn,
    MessageEvent,
    MessageIn,
    MessagePatchIn,
    NewInvitationIn,
    NewParticipantIn,
    NewRoomIn,
    NotifyIn,
    ParticipantPatchIn,
    PasswordResetIn,
    Problem,
    ProfileIn,
    ReadIn,
    RefreshIn,
    Registered,
    RegisterIn,
    ReportIn,
    ResetConfirmIn,
    RoomEvent,
    RoomIn,
    RoomPatchIn,
    VerifyEmailIn,
)
from minichat_client.types import UNSET, File, Response

BASE, PASSWORD = sys.argv[1:]
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)
Data = TypeVar("Data")
called: list[tuple[str, str]] = []


def record(request: httpx.Request) -> None:
    called.append((request.method, unquote(request.url.raw_path.decode().partition("?")[0])))


def chat(access: str) -> AuthenticatedClient:
    return AuthenticatedClient(BASE, access, httpx_args={"event_hooks": {"request": [record]}})


def ok(answer: Data | Problem | None) -> Data:
    assert not isinstance(answer, Problem), answer
    assert answer is not None
    return answer


def code(answer: object) -> str:
    assert isinstance(answer, Problem)
    return answer.code


def done(answer: Response[Data]) -> bool:
    """Return whether the operation was carried out. It has no content."""
    return answer.status_code == HTTPStatus.NO_CONTENT


def register(username: str) -> Registered:
    form = RegisterIn(username, PASSWORD, email=f"{username}@example.com")
    return ok(register_account.sync(client=anyone, body=form))


anyone = Client(BASE, httpx_args={"event_hooks": {"request": [record]}})
cid, dan = register("cid"), register("dan")
as_cid, as_dan = chat(cid.tokens.access), chat(dan.tokens.access)

# The server
assert ok(get_info.sync(client=anyone)).limits.content == 4_000
assert ok(check_health.sync(client=anyone)).status == "ok"
assert ok(check_readiness.sync(client=anyone)).redis is UNSET
assert "minichat_" in ok(get_metrics.sync(client=anyone))

# Accounts and sessions
other = ok(log_in.sync(client=anyone, body=LoginIn("cid", PASSWORD)))
tokens = ok(refresh_tokens.sync(client=anyone, body=RefreshIn(other.tokens.refresh)))
ok(log_out.sync(client=chat(tokens.access), body=LogoutIn(tokens.refresh)))
ok(log_in.sync(client=anyone, body=LoginIn("cid", PASSWORD)))
for session in ok(list_sessions.sync(client=as_cid, limit=2)):
    assert session.current or done(revoke_session.sync_detailed(session.id, client=as_cid))
assert done(revoke_other_sessions.sync_detailed(client=as_cid))
changed = ok(change_password.sync(client=as_dan, body=ChangePasswordIn(PASSWORD, f"{PASSWORD} again")))
as_dan = chat(changed.tokens.access)

# Recovery: this server sends no mail, so nobody has a valid link
ok(request_password_reset.sync(client=anyone, body=PasswordResetIn(username="dan")))
ok(resend_verification.sync(client=as_cid))
reset = ResetConfirmIn("a" * 32, PASSWORD)
assert code(confirm_password_reset.sync(client=anyone, body=reset)) == "token_invalid"
assert code(verify_email.sync(client=anyone, body=VerifyEmailIn("a" * 32))) == "token_invalid"

# Profiles and people
assert ok(get_me.sync(client=as_cid)).email_verified is False
assert ok(get_profile.sync(client=as_cid)).profile.is_online
ok(put_profile.sync(client=as_cid, body=ProfileIn(first_name="Cid", last_name=None)))
assert ok(update_profile.sync(client=as_cid, body=ProfileIn(last_name="Lee"))).full_name == "Cid Lee"
file = File(BytesIO(PICTURE), "me.png", "image/png")
shown = ok(upload_avatar.sync(client=as_cid, body=AvatarIn(file)))
picture = ok(get_picture.sync(shown.avatar.rpartition("/")[2].removesuffix(".webp"), client=anyone))
assert picture.payload.read(4) == b"RIFF"
assert ok(get_placeholder.sync(cid.user.id, "C", client=anyone)).startswith("<svg")
ok(delete_avatar.sync(client=as_cid))
assert ok(search_users.sync(client=as_cid, q="da")).users[0].username == "dan"
assert ok(list_users.sync(client=as_cid, limit=1))[0].id
assert ok(get_user.sync(dan.user.id, client=as_cid)).username == "dan"
assert ok(list_online_users.sync(client=as_cid, limit=1))[0].is_online

# Rooms
cursor = ok(sync_events.sync(client=as_cid)).cursor
room = ok(create_room.sync(client=as_cid, body=NewRoomIn("Garden", cooldown=0, write="all")))
ok(put_room.sync(room.id, client=as_cid, body=RoomIn("Big garden", history="all")))
ok(update_room.sync(room.id, client=as_cid, body=RoomPatchIn(description="Who waters?")))
assert ok(get_room.sync(room.id, client=as_cid)).name == "Big garden"
assert ok(list_rooms.sync(client=as_cid, scope="mine", q="gar"))[0].role == "owner"
assert ok(join_room.sync(room.id, client=as_dan)).room.role == "member"
assert ok(add_participant.sync(room.id, client=as_cid, body=NewParticipantIn(dan.user.id))).role == "member"
assert ok(list_participants.sync(room.id, client=as_cid)).participants[1].last_read_seq == 0
promoted = ok(update_participant.sync(room.id, dan.user.id, client=as_cid, body=ParticipantPatchIn("moderator")))
assert promoted.role == "moderator"
assert done(start_typing.sync_detailed(room.id, client=as_dan))

# Messages
body = MessageIn(content="Water today, @dan?", room=room.id)
sent = ok(send_message.sync(client=as_cid, body=body, idempotency_key="b7d1"))
assert ok(list_messages.sync(client=as_cid, room=room.id))[0].mentions[0].username == "dan"
assert ok(get_message.sync(sent.id, client=as_cid)).client_id == "b7d1"
assert ok(get_unread_counts.sync(client=as_dan)).rooms[0].unread_mentions == 1
assert ok(list_mentions.sync(client=as_dan))[0].id == sent.id
assert ok(search_messages.sync(client=as_dan, q="water"))[0].id == sent.id
assert ok(mark_room_read.sync(room.id, client=as_dan, body=ReadIn(1))).unread_count == 0
assert ok(get_history.sync(room.id, client=as_dan)).messages[0].is_read
muted = NotifyIn(notify="mentions", muted_until=None)
assert ok(update_notifications.sync(room.id, client=as_dan, body=muted)).notify == "mentions"
assert ok(update_message.sync(sent.id, client=as_cid, body=MessagePatchIn("Tomorrow?"))).content == "Tomorrow?"
assert ok(add_reaction.sync(sent.id, "🌧", client=as_dan)).reactions[0].mine
assert ok(list_reactions.sync(sent.id, client=as_cid))[0].user.username == "dan"
ok(remove_reaction.sync(sent.id, "🌧", client=as_dan))
assert ok(pin_message.sync(sent.id, client=as_cid)).is_pinned
assert len(ok(list_pins.sync(room.id, client=as_cid))) == 1
ok(unpin_message.sync(sent.id, client=as_cid))
assert done(report_message.sync_detailed(sent.id, client=as_dan, body=ReportIn("other")))

# Invitations and blocks
invite = ok(create_invite.sync(room.id, client=as_cid, body=NewInvitationIn(uses=2)))
token = InvitationTokenIn(invite.token)
assert ok(preview_invite.sync(client=anyone, body=token)).room.name == "Big garden"
ok(accept_invite.sync(client=as_dan, body=token))
assert ok(list_invites.sync(room.id, client=as_cid))[0].uses == 2
assert done(revoke_invite.sync_detailed(room.id, invite.id, client=as_cid))
assert done(block_user.sync_detailed(dan.user.id, client=as_cid))
assert ok(list_blocks.sync(client=as_cid))[0].username == "dan"
assert done(unblock_user.sync_detailed(dan.user.id, client=as_cid))

# Live updates
events = ok(sync_events.sync(client=as_cid, after=cursor, timeout=0)).events
assert events[0].type_ == "room.created"
assert next(event.data.content for event in events if isinstance(event, MessageEvent)) == "Tomorrow?"
ticket = ok(create_ticket.sync(client=as_cid)).ticket
# The function of this operation would wait for the end of the stream, so its request alone is used.
request = stream_events._get_kwargs(after=cursor, ticket=ticket)
with anyone.get_httpx_client().stream(**request) as stream:
    data = next(line for line in stream.iter_lines() if line.startswith("data: "))
assert RoomEvent.from_dict(json.loads(data.removeprefix("data: "))).data.id == room.id
# A request over HTTP does not become a WebSocket, so these two are refused.
assert code(open_socket.sync(client=as_cid)) == "upgrade_required"
assert code(open_room_socket.sync(room.id, client=as_cid)) == "upgrade_required"

# The end
assert done(remove_participant.sync_detailed(room.id, dan.user.id, client=as_cid, ban=True))
assert ok(list_bans.sync(room.id, client=as_cid))[0].banned_by == cid.user.id
assert done(delete_ban.sync_detailed(room.id, dan.user.id, client=as_cid))
ok(join_room.sync(room.id, client=as_dan))
ok(leave_room.sync(room.id, client=as_dan))
assert done(delete_message.sync_detailed(sent.id, client=as_cid))
ok(create_direct_chat.sync(client=as_cid, body=DirectChatIn(dan.user.id)))
assert done(delete_room.sync_detailed(room.id, client=as_cid))
assert ok(export_me.sync(client=as_cid)).audit[-1].detail.additional_properties is not None
assert done(delete_me.sync_detailed(client=as_cid, body=EraseIn(PASSWORD)))
print(json.dumps(called))  # noqa: T201 - the test reads it
