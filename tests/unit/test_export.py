"""The export of a user's data: complete, without data of other users, in pages."""

import pytest

from builders import PASSWORD
from minichat.domain.errors import InvalidCredentials
from minichat.domain.model import AuditEvent, Device, HistoryAccess, ReportReason, Role
from minichat.domain.room_rules import RoomPolicy

PHONE = Device("Phone/1.0", "192.0.2.7")
TABLET = Device("Tablet/1.0", "192.0.2.8")


def takes(person, device=PHONE):
    return person.chat.services.export.begin(person.caller, device)


def own(export):
    """All messages of an export, without the people whom they mention."""
    return [message for message, _ in all_of(export.messages)]


def all_of(pages):
    return [record for page in pages for record in page]


def test_an_export_begins_with_the_account_and_the_time(chat, ann):
    export = takes(ann)
    assert (export.at, export.account) == (chat.clock.now, ann.user)


def test_an_export_has_all_sessions(chat, ann, bob):
    phone = ann.logs_in(device=PHONE)
    chat.services.sessions.log_out(ann.id, phone.grant.session.id)
    found = all_of(takes(ann).sessions)
    assert [one.id for one in found] == [ann.grant.session.id, phone.grant.session.id]
    assert (found[1].user_agent, found[1].ip, found[1].ended_at) == ("Phone/1.0", "192.0.2.7", chat.clock.now)


def test_an_export_contains_the_current_rooms_of_the_user(ann, bob, carl):
    tea, left = ann.makes_room("Tea", with_=[bob]), ann.makes_room("Left", with_=[bob])
    bob.makes_room("Another")
    chat_room = ann.chats_with(carl)
    ann.leaves(left)
    found = [(room.id, room.name, membership.role) for room, membership in all_of(takes(ann).rooms)]
    assert found == [(tea.id, "Tea", Role.OWNER), (chat_room.id, "carl", Role.MEMBER)]


def test_a_direct_chat_with_an_erased_account_has_its_anonymous_name(chat, ann, bob):
    ann.chats_with(bob)
    chat.services.erasure.erase(bob.caller, PASSWORD)
    [(room, _)] = all_of(takes(ann).rooms)
    assert room.name == f"deleted-user-{bob.id}"


def test_an_export_contains_exactly_the_messages_of_the_user(ann, bob):
    room, left = ann.makes_room(with_=[bob]), ann.makes_room(with_=[bob])
    for where in (room, left, room):
        ann.says("mine", in_=where)
        bob.says("theirs", in_=where)
    ann.leaves(left)
    found = own(takes(ann))
    assert [(one.room_id, one.seq) for one in found] == [(room.id, 1), (left.id, 1), (room.id, 3)]
    assert {one.user_id for one in found} == {ann.id}


def test_a_deleted_message_is_exported_without_content(ann, bob):
    room = ann.makes_room(with_=[bob])
    edited, deleted = (ann.says(content, in_=room, client_id=content).message for content in ("frist", "secret"))
    ann.rewrites(edited, "first")
    ann.takes_back(deleted)
    export = takes(ann)
    found = own(export)
    assert [(one.content, one.is_deleted) for one in found] == [("first", False), ("", True)]


def test_an_export_contains_the_bans_of_the_user(chat, ann, bob, carl):
    room, gone = bob.makes_room(with_=[ann]), bob.makes_room()
    for where in (room, gone):
        bob.bans(ann, from_=where)
        bob.bans(carl, from_=where)
    bob.deletes(gone)
    [ban] = all_of(takes(ann).bans)
    assert (ban.room_id, ban.banned_at) == (room.id, chat.clock.now)


def test_an_export_has_all_pages(chat, ann, bob, monkeypatch):
    monkeypatch.setattr("minichat.domain.export.PAGE", 2)
    rooms = [ann.makes_room(f"Room {number}") for number in range(5)]
    messages = [ann.says(f"message {number}", in_=room).message for number, room in enumerate(rooms)]
    for _ in range(4):
        ann.logs_in()
    closed = [bob.makes_room(f"Closed {number}") for number in range(3)]
    for room in closed:
        bob.bans(ann, from_=room)
    invitations = [ann.invites(room).invitation for room in rooms[:3]]
    blocked = chat.people("one", "two", "three")
    for person in blocked:
        ann.blocks(person)
    room = bob.makes_room("Shared", with_=[ann])
    for number in range(3):
        said = bob.says(f"@ann: buy {number}", in_=room).message
        chat.services.reports.make(ann.id, said.id, ReportReason.SPAM)
    export = takes(ann)
    single = {"at", "account", "second_factor"}
    pages = {name: list(pages) for name, pages in export._asdict().items() if name not in single}
    assert {name: [len(page) for page in one] for name, one in pages.items()} == {
        "sessions": [2, 2, 1],
        "rooms": [2, 2, 2],
        "bans": [2, 1],
        "invitations": [2, 1],
        "blocks": [2, 1],
        "reports": [2, 1],
        "messages": [2, 2, 1],
        "mentions": [2, 1],
        "reactions": [],
        "pins": [],
        "mails": [],
        "audit": [2, 2, 2, 2, 2, 2],
    }
    assert [room.id for room, _ in all_of(pages["rooms"])] == [*(one.id for one in rooms), room.id]
    assert [ban.room_id for ban in all_of(pages["bans"])] == [room.id for room in closed]
    assert all_of(pages["invitations"]) == invitations
    assert [user.id for _, user in all_of(pages["blocks"])] == [person.id for person in blocked]
    assert [message for message, _ in all_of(pages["messages"])] == messages


def test_an_export_lists_the_mentions_that_the_user_may_read(chat, ann, bob):
    shown, left, closed, hiding = (bob.makes_room(with_=[ann]) for _ in range(4))
    before = [bob.says("tea", in_=hiding).message, bob.says("@ann", in_=hiding).message]
    mention = bob.says("@ann", in_=shown).message
    bob.says("@ann", in_=left)
    bob.says("@ann", in_=closed)
    ann.leaves(left)
    bob.bans(ann, from_=closed)
    chat.services.rooms.edit(bob.id, hiding.id, policy=RoomPolicy(history=HistoryAccess.JOINED))
    ann.leaves(hiding)
    bob.adds(ann, to=hiding)
    bob.rewrites(before[0], "@ann @all: tea")
    everybody = bob.says("@all", in_=hiding).message
    assert [message.id for message in all_of(takes(ann).mentions)] == [everybody.id, mention.id]
    ann.blocks(bob)
    assert all_of(takes(ann).mentions) == []


def test_an_export_has_the_stored_invitations_of_the_user_only(chat, ann, bob):
    room, left, gone = ann.makes_room(), ann.makes_room(with_=[bob]), ann.makes_room()
    used, expired, old = ann.invites(room, uses=1), ann.invites(room, expires_in=1), ann.invites(left)
    bob.accepts(used)
    ann.invites(gone)
    ann.deletes(gone)
    ann.leaves(left)
    ann.revokes(ann.invites(room))
    bob.invites(left)
    chat.clock.advance(1)
    found = all_of(takes(ann).invitations)
    assert found == [used.invitation._replace(used=1), expired.invitation, old.invitation]


def test_an_export_has_the_blocks_by_the_user_and_none_by_others(ann, bob, carl):
    ann.blocks(carl)
    ann.blocks(bob)
    carl.blocks(ann)
    assert [(block.blocker_id, user) for block, user in all_of(takes(ann).blocks)] == [
        (ann.id, carl.user),
        (ann.id, bob.user),
    ]
    assert all_of(takes(bob).blocks) == []


def test_an_export_has_the_audit_entries_about_the_user(chat, ann, bob):
    ann.logs_in(device=TABLET)
    with pytest.raises(InvalidCredentials):
        bob.logs_in("wrong password")
    found = [(entry.event, entry.device) for entry in all_of(takes(ann).audit)]
    assert found == [
        (AuditEvent.EXPORTED, PHONE),
        (AuditEvent.LOGGED_IN, TABLET),
        (AuditEvent.REGISTERED, Device()),
    ]


def test_an_export_hides_the_devices_of_other_users(chat, ann, bob):
    with chat.ports.transaction():
        chat.services.audit_log.note(AuditEvent.DISABLED, about=ann.id, by=bob.id, device=TABLET)
        chat.services.audit_log.note(AuditEvent.LOG_IN_FAILED, about=ann.id, device=TABLET)
    failed, disabled = all_of(takes(ann).audit)[1:3]
    assert (disabled.event, disabled.device) == (AuditEvent.DISABLED, Device())
    assert (failed.event, failed.device) == (AuditEvent.LOG_IN_FAILED, TABLET)


def test_an_export_is_recorded_before_it_is_read(chat, ann):
    takes(ann)
    [entry] = chat.services.audit_log.page(1)
    assert entry[:6] == (AuditEvent.EXPORTED, chat.clock.now, ann.id, ann.id, ann.grant.session.id, PHONE)


def test_an_export_continues_after_its_session_has_ended(chat, ann):
    ann.says("mine", in_=ann.makes_room())
    export = takes(ann)
    chat.services.sessions.log_out(ann.id, ann.grant.session.id)
    assert [message.content for message in own(export)] == ["mine"]
