"""Erasing an account: its messages stay, rooms keep owners, and no other user can take its place."""

from contextlib import contextmanager

import pytest

from builders import ALL, PASSWORD, contents, issues_of
from minichat.domain.errors import (
    InvalidCredentials,
    NotAParticipant,
    RecipientDeleted,
    RoomNotFound,
    SessionEnded,
    TooManyAttempts,
    UsernameTaken,
    UserNotFound,
)
from minichat.domain.model import AuditEvent, Device, Role, RoomKind
from minichat.domain.participation import LEAVE_BATCH
from minichat.domain.throttling import FREE_FAILURES

DAY = 86_400
PHONE = Device("Phone/1.0", "192.0.2.7")
PNG = b"\x89PNG\r\n\x1a\n"


def erase(person, password=PASSWORD):
    person.chat.services.erasure.erase(person.caller, password, PHONE)


def roles(room, person):
    page = person.chat.services.rooms.participants(person.id, room.id, ALL).page
    return {membership.user_id: membership.role for membership in page.items}


# The account


def test_an_erased_account_keeps_no_personal_data(chat):
    ann = chat.person("Ann", first_name="Ann", last_name="Lee", email="ann@example.org")
    chat.clock.advance(60)
    erase(ann)
    left = ann.user
    assert (left.username, left.username_key) == (f"deleted-user-{ann.id}",) * 2
    assert (left.first_name, left.last_name, left.email, left.avatar_url) == ("",) * 4
    assert (left.is_active, left.last_seen_at, left.deleted_at) == (False, None, chat.clock.now)
    assert "ann" not in repr(chat.memory.store.tables.users).casefold()


def test_a_user_in_many_rooms_leaves_them_in_small_transactions(chat, ann, bob):
    steps = []
    chat.services.rooms.direct_chat(ann.id, bob.id)
    for number in range(2 * LEAVE_BATCH + 7):
        chat.services.rooms.create(ann.id, f"Room {number}", invited=[bob.id] if number % 2 else [])

    @contextmanager
    def transaction(**locks):
        before = len(chat.memory.changes.log)
        with chat.memory.ports.transaction(**locks):
            yield
        steps.append(len(chat.memory.changes.log) - before)

    chat.with_ports(transaction=transaction).services.erasure.erase(ann.caller, PASSWORD)
    assert max(steps) <= 2 * LEAVE_BATCH
    assert len([step for step in steps if step]) == 3
    [(room, _, _)] = chat.ports.room_store.all_of(ann.id, 0, 9)
    assert room.kind == RoomKind.DIRECT
    assert len(chat.ports.room_store.all_of(bob.id, 0, 999)) == LEAVE_BATCH + 3 + 1
    assert ann.user.deleted_at is not None


def test_an_erasure_locks_no_removed_room(chat, ann, bob):
    removed, alone = ann.makes_room("Removed"), ann.makes_room("Alone")
    ann.leaves(removed)
    kept = ann.makes_room("Tea", with_=[bob])
    locked = []

    @contextmanager
    def transaction(**locks):
        locked.extend(locks.get("rooms", ()))
        with chat.memory.ports.transaction(**locks):
            yield

    chat.with_ports(transaction=transaction).services.erasure.erase(ann.caller, PASSWORD)
    assert locked == [alone.id, kept.id]


def test_an_erased_superuser_loses_the_role(chat):
    for name in ("root", "other"):
        chat.services.registration.create_superuser(name, PASSWORD)
    user, grant = chat.services.sessions.log_in("root", PASSWORD)
    caller = chat.services.sessions.authenticate(grant.session.id, user.id)
    chat.services.erasure.erase(caller, PASSWORD)
    assert not chat.ports.user_store.get(user.id).is_superuser


def test_a_wrong_password_changes_nothing(chat, ann):
    with chat.nothing_changes():
        assert issues_of(lambda: erase(ann, "wrong password")) == {"password": ["wrong_password"]}


def test_guessing_the_password_here_is_slowed_down(chat, ann):
    for _ in range(FREE_FAILURES):
        issues_of(lambda: erase(ann, "wrong password"))
    with chat.nothing_changes(), pytest.raises(TooManyAttempts):
        erase(ann)


def test_an_erased_account_is_not_found_listed_searched_or_online(chat, ann, bob):
    erase(ann)
    with pytest.raises(UserNotFound):
        chat.services.directory.get(None, ann.id)
    for page in (chat.services.directory.page(None, ALL), chat.services.directory.online(None, ALL)):
        assert [user.username for user in page.items] == ["bob", "carl"]
    assert bob.finds("ann") == bob.finds("deleted") == []


def test_erasure_removes_the_uploaded_picture(chat, ann, bob):
    for person in (ann, bob):
        chat.services.avatars.upload(person.id, PNG)
    erase(ann)
    assert len(chat.ports.media_store.names()) == 1
    assert chat.services.avatars.picture(bob.user.avatar_url.removeprefix("/avatars/").removesuffix(".webp"))


def test_the_picture_stays_if_the_erasure_fails(chat, ann):
    chat.services.avatars.upload(ann.id, PNG)
    caller = ann.caller
    chat.meanwhile(lambda: chat.services.sessions.log_out(ann.id, ann.grant.session.id))
    with pytest.raises(SessionEnded):
        chat.services.erasure.erase(caller, PASSWORD)
    assert len(chat.ports.media_store.names()) == 1


def test_the_erasure_is_recorded(chat, ann):
    erase(ann)
    [entry] = chat.services.audit_log.page(1)
    assert entry[:6] == (AuditEvent.DELETED, chat.clock.now, ann.id, ann.id, ann.grant.session.id, PHONE)


def test_blocks_in_both_directions_end_with_the_account(chat, ann, bob, carl):
    direct = ann.chats_with(bob)
    for blocker, blocked in ((ann, bob), (bob, ann), (carl, ann), (carl, bob)):
        blocker.blocks(blocked)
    subscriptions = {person: person.subscribe() for person in (bob, carl)}
    chat.services.erasure.erase(ann.caller, PASSWORD)
    assert (bob.blocked(), carl.blocked()) == ([], ["bob"])
    heard = {person: person.hears(subscription) for person, subscription in subscriptions.items()}
    ends = {person: ("block.changed", person.id, ann.id) for person in (bob, carl)}
    assert heard == {bob: [("participant.updated", ann.id, Role.MEMBER), ends[bob]], carl: [ends[carl]]}
    with pytest.raises(RecipientDeleted):
        bob.says("hello", in_=direct)


# The name


@pytest.mark.parametrize("name", ["ann", "ANN"])
def test_the_username_stays_reserved_for_30_days(chat, ann, name):
    erase(ann)
    chat.clock.advance(30 * DAY - 0.001)
    with pytest.raises(UsernameTaken):
        chat.person(name)
    chat.clock.advance(0.001)
    assert chat.person(name).id != ann.id


def test_an_erased_username_cannot_log_in(ann):
    erase(ann)
    for password in (PASSWORD, "", "wrong password"):
        with pytest.raises(InvalidCredentials):
            ann.logs_in(password)


def test_nobody_can_log_in_to_an_erased_account(chat, ann):
    erase(ann)
    for password in (PASSWORD, ""):
        with pytest.raises(InvalidCredentials):
            chat.services.sessions.log_in(f"deleted-user-{ann.id}", password)


def test_the_next_owner_of_a_username_inherits_nothing(chat, ann, bob):
    room = ann.makes_room("Tea", with_=[bob])
    ann.says("secret", in_=room)
    erase(ann)
    chat.clock.advance(30 * DAY)
    heir = chat.person("ann")
    assert heir.rooms() == []
    assert contents(heir.latest()) == []


# Sessions


def test_erasure_ends_all_sessions_and_deletes_their_devices(chat, ann):
    phone = ann.logs_in(device=PHONE)
    erase(ann)
    for person in (ann, phone):
        with pytest.raises(SessionEnded):
            _ = person.caller
        with pytest.raises(SessionEnded):
            person.refreshes()
    sessions = [one for one in chat.memory.store.tables.sessions.values() if one.user_id == ann.id]
    assert {(one.user_agent, one.ip, one.ended_at) for one in sessions} == {("", "", chat.clock.now)}
    live = {one.id for one in chat.memory.store.tables.sessions.values() if one.ended_at is None}
    assert {token.session_id for token in chat.memory.store.tables.tokens.values()} == live


# Rooms


def test_erasure_hands_rooms_over_like_leaving(chat, ann, bob, carl):
    owned, others = ann.makes_room("Tea", with_=[bob, carl]), bob.makes_room("Soup", with_=[ann])
    chat.gives_role(Role.MODERATOR, carl, owned)
    erase(ann)
    assert roles(owned, bob) == {bob.id: Role.MEMBER, carl.id: Role.OWNER}
    assert roles(others, bob) == {bob.id: Role.OWNER}
    assert bob.looks_at(owned).room.participants_count == 2


def test_each_room_logs_the_departure(chat, ann, bob):
    rooms = [ann.makes_room("Tea", with_=[bob]), bob.makes_room("Soup", with_=[ann]), ann.makes_room("Alone")]
    before = len(chat.happened())
    erase(ann)
    erased = chat.happened()[before:]
    other = type(chat)()
    ann, bob = other.people("ann", "bob")
    rooms = [ann.makes_room("Tea", with_=[bob]), bob.makes_room("Soup", with_=[ann]), ann.makes_room("Alone")]
    for room in rooms:
        ann.leaves(room)
    assert erased == other.happened()[before:]
    assert len(erased) == 4


def test_a_room_without_other_participants_is_removed(ann, bob):
    room = ann.makes_room("Alone")
    erase(ann)
    with pytest.raises(RoomNotFound):
        bob.looks_at(room)


def test_more_rooms_are_left_than_are_read_at_once(chat, ann, bob, monkeypatch):
    monkeypatch.setattr("minichat.domain.participation.LEAVE_BATCH", 2)
    rooms = [ann.makes_room(f"Room {number}", with_=[bob]) for number in range(5)]
    ann.chats_with(bob)
    erase(ann)
    assert all(roles(room, bob) == {bob.id: Role.OWNER} for room in rooms)
    assert [key for key in chat.memory.store.tables.memberships if key[1] == ann.id] == [(6, ann.id)]


def test_messages_of_an_erased_account_stay_anonymous(ann, bob):
    room = ann.makes_room("Tea", with_=[bob])
    ann.says("hello", in_=room)
    erase(ann)
    page = bob.history(room)
    assert contents(page) == ["hello"]
    assert page.details.people[ann.id].username == f"deleted-user-{ann.id}"


def test_an_erased_account_cannot_be_invited(ann, bob):
    erase(ann)
    assert issues_of(lambda: bob.makes_room(with_=[ann])) == {"participants": ["unknown_user"]}
    with pytest.raises(UserNotFound):
        bob.chats_with(ann)


# Direct chats


def test_the_other_user_keeps_the_direct_chat_but_cannot_write_to_it(chat, ann, bob):
    room = ann.chats_with(bob)
    bob.says("hello", in_=room)
    erase(ann)
    assert contents(bob.history(room)) == ["hello"]
    assert bob.looks_at(room).head == (ann.id, bob.id)
    assert bob.chats_with(ann).id == room.id
    with chat.nothing_changes(), pytest.raises(RecipientDeleted):
        bob.says("are you there?", in_=room)


def test_the_other_users_of_direct_chats_learn_of_the_erasure(ann, bob, carl):
    for one in (bob, carl):
        ann.chats_with(one)
    subscriptions = {one: one.subscribe() for one in (bob, carl)}
    erase(ann)
    for one, subscription in subscriptions.items():
        assert one.hears(subscription) == [("participant.updated", ann.id, Role.MEMBER)]


def test_a_message_that_was_sent_before_can_still_be_repeated(ann, bob):
    room = ann.chats_with(bob)
    first = bob.says("hello", in_=room, client_id="one")
    erase(ann)
    again = bob.says("hello", in_=room, client_id="one")
    assert (again.message, again.is_replay) == (first.message, True)
    with pytest.raises(RecipientDeleted):
        bob.says("hello", in_=room, client_id="two")


def test_erasure_does_not_affect_other_direct_chats(ann, bob, carl):
    bob.chats_with(ann)
    erase(ann)
    assert bob.says("hello", in_=bob.chats_with(carl)).message.seq == 1


# At the same time


def actions(chat, ann, bob, dora):
    """The rest of a request of Ann's that was authenticated before her account was erased."""
    caller, services = ann.caller, chat.services
    tea, chat_room, public = ann.makes_room(with_=[bob]), ann.chats_with(bob), bob.makes_room("Public")
    user = caller.user
    return {
        "join": lambda: services.participation.join(ann.id, public.id),
        "create": lambda: services.rooms.create(ann.id, "Late"),
        "create with others": lambda: services.rooms.create(ann.id, "Late", invited=[bob.id]),
        "direct chat": lambda: services.rooms.direct_chat(ann.id, dora.id),
        "send": lambda: services.messaging.send(user, chat_room.id, "late"),
        "send again": lambda: services.messaging.send(user, chat_room.id, "late", client_id="one"),
        "send in a group": lambda: services.messaging.send(user, tea.id, "late"),
        "profile": lambda: services.directory.edit_profile(ann.id, first_name="Ann"),
        "picture": lambda: services.avatars.upload(ann.id, PNG),
        "presence": lambda: services.sessions.note_activity(caller),
        "refresh": ann.refreshes,
        "log-in": ann.logs_in,
        "erase": lambda: services.erasure.erase(caller, PASSWORD),
    }


REFUSALS = {"send in a group": NotAParticipant, "log-in": InvalidCredentials}


@pytest.mark.parametrize(
    "action",
    [
        "join",
        "create",
        "create with others",
        "direct chat",
        "send",
        "send again",
        "send in a group",
        "profile",
        "picture",
        "presence",
        "refresh",
        "log-in",
        "erase",
    ],
)
def test_requests_that_began_before_the_erasure_leave_no_trace(chat, ann, bob, carl, action):
    act = actions(chat, ann, bob, carl)[action]
    chat.clock.advance(60)
    caller, after = ann.caller, []

    def erase_first():
        chat.services.erasure.erase(caller, PASSWORD)
        after.append(chat.stored())

    chat.meanwhile(erase_first)
    with pytest.raises(REFUSALS.get(action, SessionEnded)):
        act()
    assert [chat.stored()] == after
    assert chat.ports.user_store.get(ann.id).last_seen_at is None


def test_a_username_is_still_taken_during_its_erasure(chat, ann):
    caller = ann.caller
    chat.meanwhile(lambda: chat.services.erasure.erase(caller, PASSWORD))
    with pytest.raises(UsernameTaken):
        chat.services.registration.create_superuser("ann", PASSWORD)


def test_a_room_is_not_created_if_an_invited_user_is_erased_meanwhile(chat, ann, bob):
    caller = ann.caller
    chat.meanwhile(lambda: chat.services.erasure.erase(caller, PASSWORD))
    assert issues_of(lambda: bob.makes_room(with_=[ann])) == {"participants": ["unknown_user"]}
    assert bob.rooms() == []


def test_a_password_check_of_an_erased_account_is_not_counted(chat, ann):
    """The account is erased before the look-up of the password, during its comparison or during the new hash."""
    services, caller = chat.services, ann.caller
    chat.services.erasure.erase(caller, PASSWORD)
    before = chat.memory.store.tables
    for ask in (
        lambda: services.sessions.change_password(caller, PASSWORD, "staple battery horse"),
        lambda: services.erasure.erase(caller, PASSWORD),
    ):
        with pytest.raises(SessionEnded):
            ask()
    after = chat.memory.store.tables
    assert (after.attempts, after.audit) == (before.attempts, before.audit)


def test_a_password_change_during_the_erasure_fails(chat, ann):
    caller, before = ann.caller, chat.memory.store.tables.attempts
    chat.meanwhile(lambda: chat.services.erasure.erase(caller, PASSWORD))
    with pytest.raises(SessionEnded):
        chat.services.sessions.change_password(caller, PASSWORD, "staple battery horse")
    assert chat.memory.store.tables.attempts == before
