"""The port `BanStore`: the users that are banned from a room."""

import pytest

from minichat.domain.model import Ban
from minichat.domain.paging import Window

NONE = 2**53 - 1
ALL = Window(50)


@pytest.fixture
def ban(ports, ann):
    """Ban a user by port, in the name of ann: `ban(room, carl)`."""

    def add(room, user, by=ann, at=2_000):
        with ports.transaction():
            return ports.ban_store.add(room.id, user.id, by.id, at)

    return add


def banned(ports, room, window=ALL):
    return [ban.user_id for ban in ports.ban_store.page(room.id, window)]


def test_a_ban_holds_in_its_room_only(ports, ban, add_room, room, ann, bob, carl):
    other = add_room(ann)
    assert ban(room, carl) is True
    assert ports.ban_store.holds(room.id, carl.id) is True
    for place, user in ((other.id, carl), (room.id, bob), (NONE, carl)):
        assert ports.ban_store.holds(place, user.id) is False


def test_a_new_ban_has_the_given_fields(ports, ban, room, bob, carl):
    ban(room, carl, by=bob, at=7_000)
    [found] = ports.ban_store.page(room.id, ALL)
    assert found == Ban(found.id, room.id, carl.id, banned_by=bob.id, banned_at=7_000)


def test_a_second_ban_keeps_the_first_one_unchanged(ports, ban, room, bob, carl):
    ban(room, carl)
    before = ports.ban_store.page(room.id, ALL)
    assert ban(room, carl, by=bob, at=9_000) is False
    assert ports.ban_store.page(room.id, ALL) == before


def test_a_ban_is_lifted_once(ports, ban, room, bob, carl):
    ban(room, bob)
    ban(room, carl)
    with ports.transaction():
        assert [ports.ban_store.lift(room.id, carl.id) for _ in range(2)] == [True, False]
        assert ports.ban_store.lift(NONE, carl.id) is False
    assert ports.ban_store.holds(room.id, carl.id) is False
    assert banned(ports, room) == [bob.id]


def test_a_user_who_is_banned_again_is_listed_as_newest(ports, ban, room, bob, carl):
    for user in (carl, bob):
        ban(room, user)
    with ports.transaction():
        ports.ban_store.lift(room.id, carl.id)
    ban(room, carl)
    assert banned(ports, room) == [carl.id, bob.id]


@pytest.mark.parametrize(
    ("limit", "edge", "expected"),
    [
        (5, {}, "abcde"),
        (3, {}, "abcd"),
        (1, {}, "ab"),
        (2, {"after": "a"}, "bcd"),
        (2, {"after": "c"}, "de"),
        (2, {"after": "e"}, ""),
        (2, {"before": "e"}, "bcd"),
        (2, {"before": "c"}, "ab"),
        (2, {"before": "a"}, ""),
    ],
)
def test_bans_are_paged_the_newest_first_with_one_more_than_the_limit(
    ports, ban, add_room, add_user, room, ann, limit, edge, expected
):
    users = {name: add_user(f"user {name}") for name in "edcba"}
    other = add_room(ann)
    for user in users.values():
        ban(room, user)
        ban(other, user)
    keys = {found.user_id: (found.id,) for found in ports.ban_store.page(room.id, ALL)}
    window = Window(limit, **{side: keys[users[name].id] for side, name in edge.items()})
    assert banned(ports, room, window) == [users[name].id for name in expected]


def test_an_unknown_room_has_no_bans(ports, room):
    assert list(ports.ban_store.page(room.id, ALL)) == list(ports.ban_store.page(NONE, ALL)) == []


def test_all_bans_of_a_user_are_listed_by_id(ports, ban, add_room, ann, bob, carl):
    rooms = [add_room(ann) for _ in range(4)]
    for room in rooms:
        ban(room, carl)
        ban(room, bob)
    with ports.transaction():
        ports.room_store.remove(rooms[1].id, 3_000)
    found = ports.ban_store.all_of(carl.id, 0, 2)
    assert [one.room_id for one in found] == [rooms[0].id, rooms[2].id]
    assert [one.room_id for one in ports.ban_store.all_of(carl.id, found[-1].id, 2)] == [rooms[3].id]
    assert list(ports.ban_store.all_of(ann.id, 0, 9)) == []


def test_erasing_a_user_removes_their_bans_and_their_name_from_others(ports, ban, add_room, room, ann, bob, carl):
    other = add_room(ann)
    ban(room, carl, by=bob)
    ban(other, bob, by=ann)
    ban(other, carl, by=ann)
    with ports.transaction():
        ports.ban_store.erase(bob.id)
    assert [(one.user_id, one.banned_by) for one in ports.ban_store.page(room.id, ALL)] == [(carl.id, None)]
    assert [(one.user_id, one.banned_by) for one in ports.ban_store.page(other.id, ALL)] == [(carl.id, ann.id)]


def test_public_rooms_omit_a_room_that_bans_the_user(ports, ban, add_room, ann, bob, carl):
    closed, open_ = add_room(ann, name="closed"), add_room(ann, name="open")
    ban(closed, carl)
    assert [view.room.id for view in ports.room_store.public_page(carl.id, ALL)] == [open_.id]
    assert [view.room.id for view in ports.room_store.public_page(carl.id, Window(5, before=(0, 0)))] == [open_.id]
    assert {view.room.id for view in ports.room_store.public_page(bob.id, ALL)} == {closed.id, open_.id}
