"""Checks of the memory adapters beyond the ports' contract: they find mistakes of services in unit tests."""

import threading

import pytest

from builders import MemoryChat, undone
from minichat.adapters.memory import (
    Memory,
    MemoryClock,
    PlainPasswords,
    is_common_password,
    mixes_scripts,
    username_key,
)
from minichat.domain.model import (
    AuditEntry,
    AuditEvent,
    Change,
    ChangeKind,
    Device,
    NewMessage,
    NewRoom,
    NewUser,
    RefreshToken,
    Role,
    RoomKind,
)


@pytest.fixture
def memory():
    return Memory()


def new_user(name):
    return NewUser(name, name, "hash", "", "", "", joined_at=0)


def test_a_committed_transaction_keeps_its_changes(memory):
    with memory.ports.transaction():
        ann = memory.ports.user_store.add(new_user("ann"))
    assert memory.ports.user_store.get(ann.id) == ann


def test_a_transaction_that_fails_leaves_nothing_behind(memory):
    before = memory.store.tables
    with undone(memory.ports):
        memory.ports.user_store.add(new_user("ann"))
    assert memory.store.tables == before
    assert memory.ports.user_store.get(1) is None


def test_a_transaction_sees_its_own_changes(memory):
    with memory.ports.transaction():
        ann = memory.ports.user_store.add(new_user("ann"))
        assert memory.ports.user_store.get(ann.id) == ann


def test_other_threads_see_a_transaction_only_after_its_commit(memory):
    seen = []
    with memory.ports.transaction():
        ann = memory.ports.user_store.add(new_user("ann"))
        reader = threading.Thread(target=lambda: seen.append(memory.ports.user_store.get(ann.id)))
        reader.start()
        reader.join()
    assert seen == [None]


def test_transactions_cannot_be_nested(memory):
    with pytest.raises(RuntimeError, match="nested"), memory.ports.transaction(), memory.ports.transaction():
        pass


def test_a_refused_nested_transaction_leaves_the_store_usable(memory):
    with memory.ports.transaction():
        with pytest.raises(RuntimeError), memory.ports.transaction():
            pass
        memory.ports.user_store.add(new_user("ann"))
    with memory.ports.transaction():
        memory.ports.user_store.add(new_user("bob"))
    assert len(memory.store.tables.users) == 2


def test_every_method_that_changes_something_needs_a_transaction():
    chat = MemoryChat()
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room(with_=[bob])
    membership, message = bob.looks_at(room).membership, ann.says("hello", in_=room).message
    ports, session_id = chat.ports, ann.grant.session.id
    change = Change(ChangeKind.ROOM_CREATED, room.id, 0)
    assert membership is not None
    entry = AuditEntry(AuditEvent.EXPORTED, 0, ann.id, ann.id, session_id, Device())
    writes = [
        lambda: ports.user_store.add(new_user("eve")),
        lambda: ports.user_store.change_password(ann.id, "a", "b"),
        lambda: ports.user_store.update_profile(ann.user),
        lambda: ports.user_store.seen(ann.id, 0),
        lambda: ports.session_store.open(ann.id, Device(), 0, 1),
        lambda: ports.session_store.used(session_id, 0),
        lambda: ports.session_store.end(session_id, 0),
        lambda: ports.session_store.end_all(ann.id, 0),
        lambda: ports.session_store.add_token(RefreshToken("hash", session_id, 0, 1)),
        lambda: ports.session_store.claim_token("hash", 0),
        lambda: ports.session_store.drop_tokens(session_id),
        lambda: ports.room_store.add(NewRoom("Tea", "", RoomKind.GROUP, False, 0)),
        lambda: ports.room_store.update(room),
        lambda: ports.room_store.remove(room.id, 0),
        lambda: ports.membership_store.add(room.id, 99, Role.MEMBER, 0),
        lambda: ports.membership_store.remove(membership),
        lambda: ports.membership_store.set_role(membership, Role.MODERATOR),
        lambda: ports.membership_store.see(room.id, bob.id, 1),
        lambda: ports.ban_store.add(room.id, bob.id, ann.id, 0),
        lambda: ports.ban_store.lift(room.id, bob.id),
        lambda: ports.ban_store.erase(bob.id),
        lambda: ports.message_store.append(NewMessage(room.id, ann.id, "hello", 0, None)),
        lambda: ports.message_store.update(message, None),
        lambda: ports.message_store.forget_digests(ann.id),
        lambda: ports.change_store.record(change),
        lambda: ports.attempt_store.count("key", 0, 1),
        lambda: ports.attempt_store.forget("key"),
        lambda: ports.attempt_store.sweep(0, 1),
        lambda: ports.audit_store.record(entry),
    ]
    for write in writes:
        with chat.nothing_changes(), pytest.raises(RuntimeError, match="outside a transaction"):
            write()


def test_many_threads_send_without_a_hole_or_a_lost_message():
    chat = MemoryChat()
    people = chat.people("ann", "bob", "carl", "dora")
    room = people[0].makes_room(with_=people[1:])

    def talk(person):
        for number in range(25):
            person.says(f"{person.username} {number}", in_=room)

    threads = [threading.Thread(target=talk, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    messages = people[0].history(room, 200).messages
    assert [message.seq for message in messages] == list(range(1, 101))
    assert len({message.content for message in messages}) == 100


def test_the_change_log_shows_commits_in_order(memory):
    changes = [Change(ChangeKind.ROOM_CREATED, number, 0) for number in range(3)]
    for change in changes:
        with memory.ports.transaction(room=change.room_id):
            memory.ports.change_store.record(change)
    with undone(memory.ports, room=0):
        memory.ports.change_store.record(changes[0])
    assert list(memory.changes.log) == changes


def test_a_transaction_that_forgot_a_lock_fails():
    chat = MemoryChat()
    [ann] = chat.people("ann")
    room = ann.makes_room()
    ports, user, session_id = chat.ports, ann.user, ann.grant.session.id
    uses = [
        lambda: ports.room_store.access(room.id, user.id),
        lambda: ports.room_store.view(room.id, user.id),
        lambda: ports.room_store.update(room),
        lambda: ports.room_store.remove(room.id, 0),
        lambda: ports.membership_store.add(room.id, 99, Role.MEMBER, 0),
        lambda: ports.membership_store.see(room.id, user.id, 1),
        lambda: ports.membership_store.heir(room.id, user.id),
        lambda: ports.membership_store.pair_of(room.id),
        lambda: ports.ban_store.add(room.id, 99, user.id, 0),
        lambda: ports.ban_store.lift(room.id, 99),
        lambda: ports.ban_store.holds(room.id, 99),
        lambda: ports.block_store.add(user.id, 99, 0),
        lambda: ports.block_store.remove(user.id, 99),
        lambda: ports.block_store.count(user.id),
        lambda: ports.block_store.blockers_between(user.id, [99]),
        lambda: ports.block_store.erase(user.id),
        lambda: ports.report_store.has(1, user.id),
        lambda: ports.report_store.times_of(user.id, 1),
        lambda: ports.report_store.erase(user.id),
        lambda: ports.message_store.append(NewMessage(room.id, user.id, "hello", 0)),
        lambda: ports.change_store.record(Change(ChangeKind.ROOM_UPDATED, room.id, 0)),
        lambda: ports.user_store.get(user.id),
        lambda: ports.user_store.living([user.id]),
        lambda: ports.user_store.credentials("ann"),
        lambda: ports.user_store.change_password(user.id, "old", "new"),
        lambda: ports.user_store.update_profile(user),
        lambda: ports.user_store.set_active(user.id, False),
        lambda: ports.session_store.caller(session_id),
        lambda: ports.session_store.open(user.id, Device(), 0, 1),
        lambda: ports.session_store.used(session_id, 0),
        lambda: ports.session_store.end(session_id, 0),
        lambda: ports.session_store.end_all(user.id, 0),
        lambda: ports.session_store.drop_tokens(session_id),
        lambda: ports.attempt_store.get("key"),
        lambda: ports.attempt_store.forget("key"),
    ]
    for use in uses:
        with chat.nothing_changes(), pytest.raises(RuntimeError, match="does not hold"), ports.transaction():
            use()


def test_a_transaction_may_use_locked_and_new_rows(memory):
    ports = memory.ports
    with ports.transaction():
        ann = ports.user_store.add(new_user("ann"))
        room = ports.room_store.add(NewRoom("Tea", "", RoomKind.GROUP, False, 0))
        assert ports.user_store.get(ann.id) == ann
        assert ports.membership_store.add(room.id, ann.id, Role.OWNER, 0)
    with ports.transaction(account=ann.id, rooms=[room.id], attempts=["key"]):
        assert ports.user_store.living([ann.id]) == {ann.id}
        assert ports.room_store.access(room.id, ann.id)
        assert ports.attempt_store.get("key") is None
    with ports.transaction(room=room.id, shared_accounts=[ann.id]):
        assert ports.user_store.living([ann.id]) == {ann.id}
        with pytest.raises(RuntimeError, match="does not hold the account"):
            ports.user_store.get(ann.id)


def test_the_clock_stops_until_a_test_moves_it():
    clock = MemoryClock(now=1_000)
    assert clock() == clock() == 1_000
    clock.advance(1.5)
    assert clock() == 2_500
    clock.advance(-2)
    assert clock() == 500


def test_plain_passwords_verify_their_own_hash_only():
    passwords = PlainPasswords()
    assert passwords.verify(passwords.hash("secret"), "secret")
    assert not passwords.verify(passwords.hash("secret"), "Secret")
    assert not passwords.verify(None, "secret")


def test_plain_passwords_of_another_scheme_are_verified_and_due_for_rehashing():
    old, new = PlainPasswords("old").hash("secret"), PlainPasswords()
    assert new.verify(old, "secret")
    assert new.needs_rehash(old)
    assert not new.needs_rehash(new.hash("secret"))


@pytest.mark.parametrize(("name", "is_mixed"), [("аnn", True), ("ωmega", True), ("ann_7", False), ("田中taro", False)])
def test_similar_alphabets_are_distinguished(name, is_mixed):
    assert mixes_scripts(name) is is_mixed


def test_three_passwords_are_common():
    assert is_common_password("PassWord")
    assert not is_common_password("correct horse battery")


@pytest.mark.parametrize(("name", "key"), [("Ann", "ann"), ("ａｎｎ", "ann"), ("Straße", "strasse"), ("АННА", "анна")])
def test_username_keys_unite_case_and_width(name, key):
    assert username_key(name) == key
    assert username_key(key) == key


@pytest.mark.parametrize("name", ["", " ", "\u3000"])
def test_blank_text_has_no_username_key(name):
    with pytest.raises(ValueError, match="blank"):
        username_key(name)
