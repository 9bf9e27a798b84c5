"""Reading messages as an administrator: the reason, the audit log, and the ends of an opening."""

import pytest

from builders import issues_of
from minichat.domain.errors import MessageNotFound, NotAnAdministrator, RoomNotFound, RoomNotOpened
from minichat.domain.history import MessageWindow
from minichat.domain.model import DAY, AuditEvent
from minichat.domain.retention import SESSIONS_KEPT
from minichat.domain.room_openings import MAX_REASON_LENGTH

WINDOW = MessageWindow(limit=50)
REASON = "Report 7 says that there is spam"


@pytest.fixture
def openings(chat):
    return chat.services.room_openings


@pytest.fixture
def root(chat):
    return chat.superuser("root")


@pytest.fixture
def room(ann, bob):
    room = ann.makes_room("Tea", private=True, with_=[bob])
    for text in ("one", "two", "three"):
        bob.says(text, in_=room)
    return room


@pytest.fixture
def read(openings, root, room):
    """Read a window of the room as root, in the session of the fixture or in another."""

    def read(window=WINDOW, by=root):
        found = openings.messages(by.id, by.grant.session.id, room.id, window)
        return [message.content for message in found.messages]

    return read


@pytest.fixture
def open_room(openings, root, room):
    def open_room(reason=REASON):
        return openings.open(root.id, root.grant.session.id, room.id, reason)

    return open_room


@pytest.fixture
def acts(chat):
    def look(count):
        entries = chat.services.audit_log.page(count)[::-1]
        return [(entry.event, entry.user_id, entry.actor_id, entry.session_id, entry.detail) for entry in entries]

    return look


def test_no_message_is_shown_without_a_reason(chat, read):
    with chat.nothing_is_written(), pytest.raises(RoomNotOpened):
        read()


@pytest.mark.parametrize(
    ("reason", "issue"),
    [
        ("", "blank"),
        ("   ", "blank"),
        ("\u200b\u200b\u200b\u200b", "blank"),
        (" x ", "too_short"),
        ("x" * (MAX_REASON_LENGTH + 1), "too_long"),
        ("why\x00", "control_characters"),
    ],
)
def test_a_reason_that_says_nothing_opens_nothing(chat, open_room, reason, issue):
    with chat.nothing_is_written():
        assert issues_of(lambda: open_room(reason)) == {"reason": [issue]}


def test_the_reason_and_each_page_are_in_the_audit_log(acts, open_room, read, root, room):
    open_room(f"  {REASON}\n")
    assert read() == ["one", "two", "three"]
    assert read(MessageWindow(limit=2)) == ["two", "three"]
    by = (None, root.id, root.grant.session.id)
    assert acts(3) == [
        (AuditEvent.MESSAGES_OPENED, *by, {"room": room.id, "reason": REASON}),
        (AuditEvent.MESSAGES_VIEWED, *by, {"room": room.id, "first": 1, "last": 3}),
        (AuditEvent.MESSAGES_VIEWED, *by, {"room": room.id, "first": 2, "last": 3}),
    ]


def test_messages_are_paged_both_ways(chat, openings, open_room, read, root, room):
    open_room()
    session_id = root.grant.session.id
    newest = openings.messages(root.id, session_id, room.id, MessageWindow(limit=2))
    assert (newest.has_older, newest.has_newer) == (True, False)
    first = newest.messages[0].id
    assert read(MessageWindow(limit=2, before=first)) == ["one"]
    assert read(MessageWindow(limit=1, after=first)) == ["three"]
    assert read(MessageWindow(limit=1, around=first)) == ["two"]
    assert issues_of(lambda: read(MessageWindow(limit=1, before=999))) == {"before": ["unknown_message"]}


def test_an_opening_lasts_for_fifteen_minutes(chat, open_room, read):
    assert open_room().ends_at == chat.clock.now + 900_000
    chat.clock.advance(899.999)
    read()
    chat.clock.advance(0.001)
    with chat.nothing_changes(), pytest.raises(RoomNotOpened):
        read()
    open_room()
    read()


def test_a_clock_that_was_set_back_does_not_prolong_an_opening_by_more_than_its_time(chat, open_room, read):
    chat.clock.advance(DAY / 1_000)
    open_room()
    chat.clock.advance(-899.999)
    read()
    chat.clock.advance(-0.001)
    with pytest.raises(RoomNotOpened):
        read()


def test_an_opening_is_for_one_session_and_one_room(chat, openings, open_room, read, ann, root):
    open_room()
    with pytest.raises(RoomNotOpened):
        read(by=root.logs_in())
    with pytest.raises(RoomNotOpened):
        read(by=chat.superuser("eve"))
    other = ann.makes_room("Coffee")
    with pytest.raises(RoomNotOpened):
        openings.messages(root.id, root.grant.session.id, other.id, WINDOW)


def test_an_opening_ends_with_the_session_or_the_rights_of_the_administrator(chat, open_room, read, root):
    chat.superuser("eve")
    open_room()
    chat.services.sessions.log_out(root.id, root.grant.session.id)
    with chat.nothing_is_written(), pytest.raises(NotAnAdministrator):
        read()


def test_a_disabled_administrator_reads_nothing_also_after_being_enabled(chat, open_room, read, root):
    chat.superuser("eve")
    open_room()
    chat.services.administration.disable("root")
    with chat.nothing_is_written(), pytest.raises(NotAnAdministrator):
        read()
    chat.services.administration.enable("root")
    with chat.nothing_is_written(), pytest.raises(NotAnAdministrator):
        read()
    with pytest.raises(RoomNotOpened):
        read(by=root.logs_in())


def test_a_demoted_administrator_reads_nothing_also_after_getting_the_rights_back(chat, open_room, read, root):
    chat.superuser("eve")
    open_room()
    chat.services.superusers.revoke(root.id)
    chat.services.superusers.grant(root.id)
    with chat.nothing_is_written(), pytest.raises(NotAnAdministrator):
        read()
    with pytest.raises(RoomNotOpened):
        read(by=root.logs_in())


def test_an_opening_ends_before_its_time_on_request(openings, open_room, read, root, room):
    open_room()
    session_id = root.grant.session.id
    openings.close(root.id, session_id, room.id)
    with pytest.raises(RoomNotOpened):
        read()
    [entry] = openings.audit_log.page(1)
    assert (entry.event, entry.actor_id, entry.detail) == (AuditEvent.MESSAGES_CLOSED, root.id, {"room": room.id})
    openings.close(root.id, session_id, room.id)
    assert openings.audit_log.page(1) == [entry]


def test_a_removed_room_is_not_found(open_room, read, ann, room):
    open_room()
    ann.deletes(room)
    with pytest.raises(RoomNotFound):
        read()


def test_a_direct_chat_cannot_be_opened(chat, openings, ann, bob, root):
    direct = ann.chats_with(bob)
    session_id = root.grant.session.id
    for room_id in (direct.id, 99):
        with chat.nothing_is_written(), pytest.raises(RoomNotFound):
            openings.open(root.id, session_id, room_id, REASON)
        with chat.nothing_is_written(), pytest.raises(RoomNotFound):
            openings.messages(root.id, session_id, room_id, WINDOW)


def test_an_ordinary_user_opens_nothing(chat, openings, ann, room):
    with chat.nothing_is_written(), pytest.raises(NotAnAdministrator):
        openings.open(ann.id, ann.grant.session.id, room.id, REASON)


def test_a_session_of_somebody_else_opens_nothing(chat, openings, ann, root, room):
    with chat.nothing_is_written(), pytest.raises(NotAnAdministrator):
        openings.open(root.id, 99, room.id, REASON)


def test_a_message_is_deleted_and_audited(chat, openings, acts, open_room, read, bob, root, room):
    said = bob.says("four", in_=room).message
    session_id = root.grant.session.id
    with chat.nothing_changes(), pytest.raises(RoomNotOpened):
        openings.delete_message(root.id, session_id, room.id, said.id)
    open_room()
    openings.delete_message(root.id, session_id, room.id, said.id)
    assert chat.happened()[-1] == ("message.deleted", bob.id)
    detail = {"room": room.id, "message": said.id}
    assert acts(1) == [(AuditEvent.MESSAGE_DELETED, bob.id, root.id, session_id, detail)]
    assert read() == ["one", "two", "three", ""]
    with chat.nothing_is_written(), pytest.raises(MessageNotFound):
        openings.delete_message(root.id, session_id, room.id, 999)
    before = acts(9)
    openings.delete_message(root.id, session_id, room.id, said.id)
    assert acts(9) == before


def test_the_author_finds_the_deletion_in_the_export_without_the_session_of_the_administrator(
    chat, openings, open_room, bob, root, room
):
    said = bob.says("four", in_=room).message
    open_room()
    openings.delete_message(root.id, root.grant.session.id, room.id, said.id)
    [entry] = [
        entry
        for page in chat.services.export.begin(bob.caller).audit
        for entry in page
        if entry.event not in {AuditEvent.REGISTERED, AuditEvent.EXPORTED}
    ]
    assert (entry.event, entry.session_id, entry.detail) == (
        *(AuditEvent.MESSAGE_DELETED, None),
        {"room": room.id, "message": said.id},
    )


def test_a_message_of_another_room_is_not_deleted(chat, openings, open_room, ann, root, room):
    open_room()
    said = ann.says("hello", in_=ann.makes_room("Coffee")).message
    with chat.nothing_changes(), pytest.raises(MessageNotFound):
        openings.delete_message(root.id, root.grant.session.id, room.id, said.id)


def test_reading_leaves_no_trace_for_the_participants(chat, open_room, read, ann, bob, room):
    before = [ann.looks_at(room), bob.history(room)]
    position = ann.subscribe().position
    open_room()
    read()
    assert [ann.looks_at(room), bob.history(room)] == before
    assert ann.hears(ann.subscribe(position)) == []


def test_an_opening_is_deleted_with_its_session(chat, openings, open_room, root, room):
    chat.superuser("eve")
    open_room()
    chat.services.sessions.log_out(root.id, root.grant.session.id)
    chat.clock.advance(SESSIONS_KEPT / 1_000 + 60)
    dict(chat.services.retention.apply())
    assert chat.ports.room_opening_store.get(root.grant.session.id, room.id) is None
