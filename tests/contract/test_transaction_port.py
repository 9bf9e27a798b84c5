"""The port `Transaction`: commits, rollbacks and isolation."""

import threading
import time

import pytest

from builders import undone
from minichat.domain.errors import Unavailable
from minichat.domain.model import Change, ChangeKind, Device, NewMessage, NewRoom, NewUser, RefreshToken, Role, RoomKind
from minichat.domain.paging import Window
from minichat.domain.search import name_query

pytestmark = pytest.mark.threads


class Oops(Exception):
    pass


def test_a_committed_transaction_is_kept(ports, add_user):
    ann = add_user("ann")
    assert ports.user_store.get(ann.id) == ann


def test_a_transaction_sees_its_own_writes(ports):
    with ports.transaction():
        ann = ports.user_store.add(NewUser("ann", "ann", "hash", "", "", "", 0))
        assert ports.user_store.get(ann.id) == ann
        assert ports.user_store.page(Window(5)) == [ann]


def test_a_transaction_passes_exceptions_on_unchanged(ports):
    oops = Oops()

    def fail():
        with ports.transaction():
            raise oops

    with pytest.raises(Oops) as caught:
        fail()
    assert caught.value is oops


def test_an_exception_rolls_everything_back(backend, ports, clock, ann, bob, carl, room):
    with ports.transaction():
        session = ports.session_store.open(ann.id, Device(), 1, 1_000)
        ports.session_store.add_token(RefreshToken("kept", session.id, 1, 1_000))
        message = ports.message_store.append(NewMessage(room.id, ann.id, "kept", 2, "one"))
        membership = ports.room_store.access(room.id, bob.id)[1]

    def everything():
        return (
            ports.user_store.page(Window(50)),
            [ports.user_store.credentials_by_id(user.id) for user in (ann, bob, carl)],
            ports.user_store.search(name_query("a", ports.characters), 50, 0),
            ports.session_store.caller(session.id),
            ports.session_store.caller(session.id + 1),
            ports.session_store.token("kept"),
            ports.session_store.token("lost"),
            ports.room_store.page_of(ann.id, Window(50)),
            ports.room_store.view(room.id, bob.id),
            ports.room_store.direct_of((ann.id, bob.id)),
            ports.membership_store.page(room.id, Window(50)),
            ports.message_store.latest_before(ann.id, None, 50),
            list(backend.log()),
        )

    before = everything()
    with undone(ports):
        ports.user_store.add(NewUser("eve", "eve", "hash", "Anna", "", "", 0))
        ports.user_store.change_password(ann.id, "hash of ann", "lost")
        ports.user_store.update_profile(ann._replace(first_name="Lost"))
        ports.user_store.seen(bob.id, 99)
        ports.session_store.open(bob.id, Device(), 1, 1_000)
        ports.session_store.used(session.id, 99)
        ports.session_store.add_token(RefreshToken("lost", session.id, 1, 1_000))
        ports.session_store.claim_token("kept", 99)
        ports.session_store.end(session.id, 99)
        ports.session_store.end_all(ann.id, 99)
        ports.session_store.drop_tokens(session.id)
        ports.room_store.add(NewRoom("", "", RoomKind.DIRECT, True, 0, (ann.id, bob.id)))
        ports.room_store.update(room._replace(name="Lost"))
        ports.membership_store.add(room.id, carl.id, Role.MEMBER, 0)
        ports.membership_store.set_role(membership, Role.MODERATOR)
        ports.membership_store.see(room.id, bob.id, message.seq)
        ports.message_store.append(NewMessage(room.id, ann.id, "lost", 99, None))
        ports.membership_store.remove(membership)
        ports.change_store.record(Change(ChangeKind.ROOM_UPDATED, room.id, 99))
        ports.room_store.remove(room.id, 99)
        assert everything() != before
    assert everything() == before


def test_a_transaction_succeeds_after_a_rollback(ports, add_user):
    with undone(ports):
        ports.user_store.add(NewUser("ann", "ann", "hash", "", "", "", 0))
    assert ports.user_store.credentials("ann") is None
    assert add_user("ann").username == "ann"


def test_transactions_cannot_be_nested(ports, add_user):
    with ports.transaction(), pytest.raises(RuntimeError, match="nested"), ports.transaction():
        pass
    assert add_user("ann")


def test_a_refused_nesting_leaves_the_outer_transaction_working(ports):
    with ports.transaction():
        with pytest.raises(RuntimeError), ports.transaction():
            pass
        ann = ports.user_store.add(NewUser("ann", "ann", "hash", "", "", "", 0))
    assert ports.user_store.get(ann.id) == ann


def test_clashes_leave_the_transaction_working(ports, ann, bob, room):
    with ports.transaction():
        ports.room_store.add(NewRoom("", "", RoomKind.DIRECT, True, 0, (ann.id, bob.id)))
        ports.message_store.append(NewMessage(room.id, ann.id, "first", 1, "one"))
    with ports.transaction():
        assert ports.user_store.add(NewUser("Ann", "ann", "hash", "", "", "", 0)) is None
        assert ports.room_store.add(NewRoom("", "", RoomKind.DIRECT, True, 0, (ann.id, bob.id))) is None
        assert ports.membership_store.add(room.id, bob.id, Role.MEMBER, 0) is None
        assert ports.message_store.append(NewMessage(room.id, ann.id, "second", 2, "one")) is None
        carl = ports.user_store.add(NewUser("carl", "carl", "hash", "", "", "", 0))
        ports.membership_store.add(room.id, carl.id, Role.MEMBER, 1)
        ports.message_store.append(NewMessage(room.id, carl.id, "third", 3, "one"))
    assert [message.content for message in ports.message_store.before(room.id, None, 9)] == ["first", "third"]
    assert ports.room_store.access(room.id, carl.id)[0].participants_count == 3


def test_other_threads_read_the_last_commit(ports, ann):
    seen = []

    def read():
        seen.append(ports.user_store.get(ann.id).first_name)

    with ports.transaction():
        ports.user_store.update_profile(ann._replace(first_name="Ann"))
        in_another_thread(read)
    in_another_thread(read)
    assert seen == ["", "Ann"]


def in_another_thread(action):
    thread = threading.Thread(target=action)
    thread.start()
    thread.join()


def at_once(actions):
    """Do all the actions at the same time, each in a thread; return the results."""
    ready, results = threading.Barrier(len(actions)), []

    def run(action):
        ready.wait()
        results.append(action())

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == len(actions)
    return results


def test_one_of_many_concurrent_claims_gets_the_token(ports, ann):
    with ports.transaction():
        session = ports.session_store.open(ann.id, Device(), 1, 1_000)
        ports.session_store.add_token(RefreshToken("token", session.id, 1, 1_000))

    def claim():
        with ports.transaction():
            return ports.session_store.claim_token("token", 2)

    assert sorted(at_once([claim] * 8)) == [False] * 7 + [True]


def test_one_of_many_concurrent_registrations_gets_the_name(ports):
    def take():
        with ports.transaction():
            return ports.user_store.add(NewUser("ann", "ann", "hash", "", "", "", 0))

    assert len([user for user in at_once([take] * 8) if user is not None]) == 1


def test_concurrent_sends_leave_no_hole(ports, ann, room):
    def send():
        with ports.transaction(room=room.id):
            return ports.message_store.append(NewMessage(room.id, ann.id, "hello", 1, None)).seq

    assert sorted(at_once([send] * 16)) == list(range(1, 17))
    assert ports.room_store.access(room.id, ann.id)[0].last_seq == 16


def test_concurrent_retries_store_a_message_once(ports, ann, room):
    def send():
        with ports.transaction(room=room.id):
            return ports.message_store.append(NewMessage(room.id, ann.id, "hello", 1, "one"))

    assert len([message for message in at_once([send] * 8) if message is not None]) == 1
    assert ports.room_store.access(room.id, ann.id)[0].last_seq == 1


def test_a_short_patience_raises_soon_while_another_transaction_runs(ports, ann):
    held, released = threading.Event(), threading.Event()

    def hold():
        with ports.transaction(account=ann.id):
            held.set()
            released.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    started = time.monotonic()
    with pytest.raises(Unavailable), ports.transaction(account=ann.id, patience_seconds=0.05):
        pass
    assert time.monotonic() - started < 2
    released.set()
    holder.join()
    with ports.transaction(account=ann.id, patience_seconds=0.05):
        pass
