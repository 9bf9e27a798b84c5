"""The port `InvitationStore`: invitations to rooms, and joining with them."""

import threading
from hashlib import sha256

import pytest

from builders import PASSWORD
from minichat.domain.errors import ChatError, InvitationNotFound, UsernameTaken
from minichat.domain.model import Invitation, NewInvitation
from minichat.domain.paging import Window

NONE = 2**53 - 1
ALL = Window(50)


def hash_of(name):
    return sha256(name.encode()).hexdigest()


@pytest.fixture
def invite(ports, ann, room):
    """Add an invitation by port: `invite("a")` has the hash of that name."""

    def add(name, room=room, by=ann, at=2_000, until=9_000, uses=None):
        with ports.transaction():
            return ports.invitation_store.add(NewInvitation(hash_of(name), room.id, by.id, at, until, uses))

    return add


@pytest.fixture
def found(ports):
    """Look up an invitation by the name of `invite`."""
    return lambda name: ports.invitation_store.by_hash(hash_of(name))


def test_an_invitation_is_found_by_the_hash_of_its_token_only(invite, found, room, bob):
    first, second = invite("a", by=bob, at=7_000, until=8_000, uses=3), invite("b")
    assert first == Invitation(first.id, room.id, bob.id, created_at=7_000, expires_at=8_000, uses=3, used=0)
    assert (found("a"), found("b"), found("c")) == (first, second, None)
    assert second.uses is None


def test_an_invitation_has_as_many_uses_as_it_was_given(ports, invite, found):
    limited, unlimited = invite("a", uses=2), invite("b")
    with ports.transaction():
        assert [ports.invitation_store.use(limited) for _ in range(3)] == [True, True, False]
        assert [ports.invitation_store.use(unlimited) for _ in range(3)] == [True, True, True]
    assert (found("a").used, found("b").used) == (2, 3)


def test_a_removed_invitation_is_gone(ports, invite, found, add_room, room, ann):
    other = add_room(ann)
    first, second = invite("a"), invite("b")
    with ports.transaction():
        store = ports.invitation_store
        assert store.remove(other.id, first.id) is None
        assert store.remove(room.id, NONE) is None
        assert [store.remove(room.id, first.id) for _ in range(2)] == [first, None]
        assert store.use(first) is False
    assert (found("a"), found("b")) == (None, second)


@pytest.mark.parametrize(
    ("limit", "edge", "expected"),
    [
        (5, {}, "abcde"),
        (3, {}, "abcd"),
        (2, {"after": "a"}, "bcd"),
        (2, {"after": "e"}, ""),
        (2, {"before": "e"}, "bcd"),
        (2, {"before": "a"}, ""),
    ],
)
def test_invitations_that_have_not_expired_are_paged_the_newest_first(
    ports, invite, add_room, room, ann, limit, edge, expected
):
    other = add_room(ann)
    ids = {}
    for name in "edcba":
        ids[name] = invite(name, until=5_001).id
        invite(f"expired {name}", until=5_000)
        invite(f"other {name}", room=other)
    window = Window(limit, **{side: (ids[name],) for side, name in edge.items()})
    page = ports.invitation_store.page(room.id, 5_000, window)
    assert [one.id for one in page] == [ids[name] for name in expected]
    assert list(ports.invitation_store.page(NONE, 5_000, ALL)) == []


def test_all_invitations_of_a_creator_are_listed_by_id(ports, invite, add_room, ann, bob):
    rooms = [add_room(ann, bob) for _ in range(4)]
    made = [invite(f"{one.id}", room=one, until=1, uses=1) for one in rooms]
    for one in rooms:
        invite(f"bob's {one.id}", room=one, by=bob)
    with ports.transaction():
        ports.room_store.remove(rooms[1].id, 3_000)
    first = ports.invitation_store.all_of(ann.id, 0, 2)
    assert list(first) == [made[0], made[2]]
    assert list(ports.invitation_store.all_of(ann.id, first[-1].id, 2)) == [made[3]]
    assert list(ports.invitation_store.all_of(NONE, 0, 9)) == []


def test_erasing_a_user_deletes_their_invitations_in_all_rooms(ports, invite, found, add_room, ann, bob):
    other = add_room(ann)
    invite("a", by=bob)
    invite("b", by=bob, room=other)
    kept = invite("c")
    with ports.transaction():
        ports.invitation_store.erase(bob.id)
    assert (found("a"), found("b"), found("c")) == (None, None, kept)


def test_invitations_go_with_their_room(ports, invite, found, add_room, room, ann):
    other = add_room(ann)
    invite("a")
    invite("b")
    kept = invite("c", room=other)
    with ports.transaction():
        ports.room_store.remove(room.id, 3_000)
    assert (found("a"), found("c")) == (None, kept)
    assert list(ports.invitation_store.page(room.id, 0, ALL)) == []
    swept = True
    while swept:
        with ports.transaction():
            swept = ports.room_store.sweep(3_000, 1)
    assert (found("a"), found("c")) == (None, kept)


def test_expired_invitations_are_swept_a_few_at_a_time(ports, invite, found):
    for number in range(4):
        invite(f"{number}", until=3_000 + number)
    with ports.transaction():
        assert ports.invitation_store.sweep(2_999, 9) == 0
        assert ports.invitation_store.sweep(3_002, 2) == 2
        assert ports.invitation_store.sweep(3_002, 2) == 1
        assert ports.invitation_store.sweep(3_002, 2) == 0
    assert found("3")


# Joining at once


def at_once(*actions):
    """Run the actions in threads; return the error of each, or None."""
    outcomes: dict[int, type[ChatError] | None] = {}
    barrier = threading.Barrier(len(actions))

    def run(number, action):
        barrier.wait()
        try:
            action()
            outcomes[number] = None
        except ChatError as error:
            outcomes[number] = type(error)

    threads = [threading.Thread(target=run, args=one) for one in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [outcomes[number] for number in range(len(actions))]


@pytest.mark.threads
def test_of_many_users_at_once_one_gets_the_last_use(chat):
    ann, *guests = chat.people("ann", "bob", "carl", "dora", "eve", "frank")
    room = ann.makes_room(private=True)
    created = ann.invites(room, uses=1)
    joining = [lambda guest=guest: guest.accepts(created) for guest in guests]
    registering = [
        lambda name=name: chat.services.registration.register_invited(created.token, name, PASSWORD)
        for name in ("gina", "hugo")
    ]
    outcomes = at_once(*joining, *registering)
    assert outcomes.count(None) == 1
    assert outcomes.count(InvitationNotFound) == 6
    assert [one.used for one in ann.invitations(room)] == [1]
    assert ann.looks_at(room).room.participants_count == 2
    names = [user.username for user in chat.services.directory.page(None, ALL).items]
    assert len(names) == 6 + outcomes[5:].count(None)


@pytest.mark.threads
def test_a_user_who_accepts_many_times_at_once_uses_it_once(chat):
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room()
    created = ann.invites(room, uses=1)
    assert at_once(*[lambda: bob.accepts(created)] * 6) == [None] * 6
    assert [one.used for one in ann.invitations(room)] == [1]


@pytest.mark.threads
def test_of_many_registrations_of_a_name_at_once_one_uses_the_invitation(chat):
    ann = chat.person("ann")
    room = ann.makes_room()
    created = ann.invites(room, uses=5)
    outcomes = at_once(
        *[lambda: chat.services.registration.register_invited(created.token, "bob", PASSWORD)] * 3,
        *[lambda: chat.person("bob")] * 2,
    )
    assert outcomes.count(None) == 1
    assert outcomes.count(UsernameTaken) == 4
    is_invited = outcomes[:3].count(None)
    assert [one.used for one in ann.invitations(room)] == [is_invited]
    assert ann.looks_at(room).room.participants_count == 1 + is_invited


@pytest.mark.threads
def test_a_revocation_at_the_same_time_lets_a_user_join_before_it_or_not_at_all(chat):
    ann, bob, carl = chat.people("ann", "bob", "carl")
    room = ann.makes_room(with_=[bob])
    for _ in range(5):
        created = ann.invites(room)
        accepted, _ = at_once(lambda: carl.accepts(created), lambda: ann.revokes(created))  # noqa: B023
        assert accepted in {None, InvitationNotFound}
        assert ann.looks_at(room).room.participants_count == (3 if accepted is None else 2)
        if accepted is None:
            ann.removes(carl, from_=room)
