"""The port `RoomStore`: rooms, as each user sees them."""

import pytest

from builders import undone
from contract.texts import TRICKY_TEXTS
from minichat.domain.model import (
    ROOM_HEAD,
    GroupFilter,
    JoinedRoom,
    Membership,
    NewMessage,
    NewRoom,
    Role,
    Room,
    RoomKind,
    RoomOrder,
    RoomView,
)
from minichat.domain.paging import Window

NONE = 2**53 - 1


def names(views):
    return [view.room.name for view in views]


def say(ports, room, user, content="hello", at=2_000):
    with ports.transaction():
        return ports.message_store.append(NewMessage(room.id, user.id, content, at, None))


@pytest.fixture
def add_direct(ports):
    def add(one, other, at=1_000):
        pair = (min(one.id, other.id), max(one.id, other.id))
        with ports.transaction():
            room = ports.room_store.add(NewRoom("", "", RoomKind.DIRECT, True, at, pair))
            if room is not None:
                for user_id in pair:
                    ports.membership_store.add(room.id, user_id, Role.MEMBER, 0)
        return room

    return add


def test_a_new_room_has_the_given_fields(ports, ann):
    with ports.transaction():
        room = ports.room_store.add(NewRoom("Tea", "Green", RoomKind.GROUP, True, 1_000))
    assert room == Room(
        id=room.id,
        name="Tea",
        description="Green",
        kind=RoomKind.GROUP,
        is_private=True,
        created_at=1_000,
        active_at=1_000,
        activity=1,
        last_seq=0,
        deleted_seq=0,
        participants_count=0,
    )
    assert ports.room_store.access(room.id, ann.id) == (room, None)
    assert isinstance(ports.room_store.access(room.id, ann.id)[0].kind, RoomKind)
    assert ports.room_store.access(room.id, ann.id)[0].is_private is True


def test_rooms_may_share_a_name(add_room, ann):
    assert [add_room(ann, name="Tea").id for _ in range(3)] == [1, 2, 3]


def test_access_returns_the_room_and_the_users_membership(ports, room, ann, bob, carl):
    found, membership = ports.room_store.access(room.id, bob.id)
    assert found == room._replace(participants_count=2)
    assert membership == Membership(membership.id, room.id, bob.id, Role.MEMBER, joined_seq=0, seen_seq=0)
    assert isinstance(membership.role, Role)
    assert ports.room_store.access(room.id, ann.id)[1].role == Role.OWNER
    assert ports.room_store.access(room.id, carl.id) == (found, None)


def test_a_missing_room_is_not_found(ports, ann):
    assert ports.room_store.access(NONE, ann.id) is None
    assert ports.room_store.view(NONE, ann.id) is None
    assert ports.room_store.direct_of((1, 2)) is None


# Direct chats


def test_a_pair_has_one_direct_chat(ports, add_direct, ann, bob, carl):
    room = add_direct(ann, bob)
    assert room.kind == RoomKind.DIRECT
    assert add_direct(bob, ann) is None
    assert add_direct(ann, carl).id != room.id
    assert ports.room_store.direct_of((ann.id, bob.id)) == room.id


def test_a_clash_adds_no_room(ports, add_direct, ann, bob):
    add_direct(ann, bob)
    add_direct(ann, bob)
    assert len(ports.room_store.page_of(ann.id, Window(50))) == 1


# Views


def test_a_participant_sees_the_room_its_people_and_its_last_message(ports, room, ann, bob):
    say(ports, room, ann, "one")
    last = say(ports, room, bob, "two", at=3_000)
    view = ports.room_store.view(room.id, ann.id)
    assert view == RoomView(
        room=room._replace(participants_count=2, last_seq=2, active_at=3_000, activity=2 * last.id),
        membership=ports.room_store.access(room.id, ann.id)[1],
        head=(ann.id, bob.id),
        newest_message=last,
        others_seen_seq=2,  # sending marks everything as read for the sender
        deleted_unread=0,
        unread_mentions=0,
    )


def test_an_empty_room_has_no_last_message(ports, room, ann):
    assert ports.room_store.view(room.id, ann.id).last_message is None


def test_a_stranger_sees_the_card_of_a_public_room(ports, room, ann, carl):
    say(ports, room, ann)
    card = ports.room_store.view(room.id, carl.id)
    assert (card.membership, card.head, card.last_message) == (None, (), None)
    assert (card.room.name, card.room.participants_count) == ("Room", 2)


def test_the_head_of_a_room_is_its_earliest_participants(ports, add_room, add_user):
    users = [add_user(f"user{number:02}") for number in range(25)]
    room = add_room(*reversed(users))
    expected = tuple(user.id for user in reversed(users))[:ROOM_HEAD]
    assert ports.room_store.view(room.id, users[0].id).head == expected
    assert [view.head for view in ports.room_store.page_of(users[0].id, Window(5))] == [expected]


def test_the_newest_receipt_among_the_others(ports, add_room, ann, bob, carl):
    room = add_room(ann, bob, carl)
    for _ in range(5):
        say(ports, room, ann)
    with ports.transaction():
        ports.membership_store.see(room.id, ann.id, 5)
        ports.membership_store.see(room.id, bob.id, 2)
        ports.membership_store.see(room.id, carl.id, 3)
    seen = [ports.room_store.view(room.id, user.id).others_seen_seq for user in (ann, bob, carl)]
    assert seen == [3, 5, 5]


def test_views_for_several_users_equal_their_single_views(ports, add_room, add_direct, ann, bob, carl):
    rooms = [add_room(carl, bob, ann), add_direct(ann, bob), add_room(bob)]
    for room in rooms:
        say(ports, room, bob, "one")
        say(ports, room, bob, "two")
    with ports.transaction():
        ports.membership_store.see(rooms[0].id, carl.id, 1)
    everybody = [ann.id, bob.id, carl.id, NONE]
    found = [ports.room_store.views(room.id, everybody) for room in rooms]
    assert found == [
        {id_: ports.room_store.view(room.id, id_) for id_ in seen} for room, seen in zip(rooms, found, strict=True)
    ]
    assert [sorted(seen) for seen in found] == [[ann.id, bob.id, carl.id], [ann.id, bob.id], [bob.id]]
    assert ports.room_store.views(rooms[0].id, []) == {}
    with ports.transaction():
        ports.room_store.remove(rooms[0].id, 9_000)
    assert ports.room_store.views(rooms[0].id, everybody) == ports.room_store.views(NONE, everybody) == {}


def test_a_room_with_one_participant_has_no_receipt_of_others(ports, add_room, ann):
    assert ports.room_store.view(add_room(ann).id, ann.id).others_seen_seq == 0


def test_a_list_shows_each_room_like_its_single_view(ports, add_room, add_direct, ann, bob, carl):
    rooms = [add_room(ann, bob), add_room(carl, ann), add_direct(ann, bob), add_room(ann), add_room(bob)]
    for number, room in enumerate(rooms[:3]):
        say(ports, room, ann, f"in {number}", at=2_000 + number)
    with ports.transaction():
        ports.membership_store.see(rooms[0].id, bob.id, 1)
    listed = ports.room_store.page_of(ann.id, Window(50))
    assert listed == [ports.room_store.view(view.room.id, ann.id) for view in listed]
    assert len(listed) == 4
    cards = ports.room_store.public_page(ann.id, Window(50))
    assert cards == [ports.room_store.view(view.room.id, ann.id) for view in cards]
    assert len(cards) == 1


# Lists


@pytest.fixture
def five(ports, add_room, ann, bob):
    """Rooms "a" to "e" in the order of the list: "c" and "d" were created after the same message, that of "e"."""
    rooms = {name: add_room(ann, name=name) for name in "eab"}
    say(ports, rooms["e"], ann, at=9_000)  # by a clock that is set back afterwards
    rooms |= {name: add_room(ann, name=name) for name in "dc"}
    say(ports, rooms["b"], ann, at=1_000)
    say(ports, rooms["a"], ann, at=1_000)
    add_room(bob, name="of bob", is_private=True)
    found = {name: ports.room_store.access(room.id, ann.id)[0] for name, room in rooms.items()}
    assert found["c"].activity == found["d"].activity
    return {name: (room.activity, room.id) for name, room in found.items()}


WINDOWS = [
    (5, {}, "abcde"),
    (4, {}, "abcde"),
    (3, {}, "abcd"),
    (1, {}, "ab"),
    (2, {"after": "a"}, "bcd"),
    (2, {"after": "c"}, "de"),
    (1, {"after": "d"}, "e"),
    (2, {"after": "e"}, ""),
    (2, {"before": "e"}, "bcd"),
    (1, {"before": "d"}, "bc"),
    (2, {"before": "c"}, "ab"),
    (2, {"before": "b"}, "a"),
    (2, {"before": "a"}, ""),
]


@pytest.mark.parametrize(("limit", "edge", "expected"), WINDOWS)
def test_rooms_are_paged_by_latest_activity_with_one_more_than_the_limit(ports, five, ann, limit, edge, expected):
    window = Window(limit, **{side: five[name] for side, name in edge.items()})
    assert names(ports.room_store.page_of(ann.id, window)) == list(expected)


@pytest.mark.parametrize(("limit", "edge", "expected"), WINDOWS)
def test_public_rooms_are_paged_the_same(ports, five, bob, limit, edge, expected):
    window = Window(limit, **{side: five[name] for side, name in edge.items()})
    assert names(ports.room_store.public_page(bob.id, window)) == list(expected)


def test_a_page_can_start_at_a_key_without_a_room(ports, five, ann):
    key = (five["c"][0], NONE)
    assert names(ports.room_store.page_of(ann.id, Window(9, after=key))) == ["c", "d", "e"]
    assert names(ports.room_store.page_of(ann.id, Window(9, before=key))) == ["a", "b"]


def test_what_happened_last_leads_the_list_whatever_the_clock_says(ports, add_room, ann):
    used = add_room(ann, name="used", at=1_000)
    say(ports, used, ann, at=7_200_000)
    add_room(ann, name="new", at=2_000)  # the clock was set back two hours
    assert names(ports.room_store.page_of(ann.id, Window(9))) == ["new", "used"]
    say(ports, used, ann, at=1_500)
    assert names(ports.room_store.page_of(ann.id, Window(9))) == ["used", "new"]
    add_room(ann, name="newest", at=500)
    assert names(ports.room_store.page_of(ann.id, Window(9))) == ["newest", "used", "new"]


def test_a_message_that_is_rolled_back_moves_no_room(ports, add_room, ann):
    older, newer = add_room(ann, name="older"), add_room(ann, name="newer")
    say(ports, newer, ann)
    with undone(ports):
        ports.message_store.append(NewMessage(older.id, ann.id, "lost", 9_000))
    assert names(ports.room_store.page_of(ann.id, Window(9))) == ["newer", "older"]
    say(ports, older, ann)
    assert names(ports.room_store.page_of(ann.id, Window(9))) == ["older", "newer"]


# Unread messages


def delete(ports, message):
    with ports.transaction():
        ports.message_store.update(message._replace(content="", is_deleted=True), None)


def unread_of(ports, room, user):
    """The unread count of each form in which a store returns the room."""
    store = ports.room_store
    listed = {view.room.id: view for view in store.page_of(user.id, Window(50))}
    counts = {
        view.unread_count
        for view in (store.view(room.id, user.id), listed[room.id], store.views(room.id, [user.id])[user.id])
    }
    assert len(counts) == 1
    return counts.pop()


def test_deleted_messages_above_the_receipt_are_not_unread(ports, add_room, ann, bob):
    room = add_room(ann, bob)
    said = [say(ports, room, ann) for _ in range(6)]
    assert unread_of(ports, room, bob) == 6
    for number, left in ((5, 5), (0, 4), (3, 3), (3, 3)):
        delete(ports, said[number])
        assert unread_of(ports, room, bob) == left
    with ports.transaction():
        ports.membership_store.see(room.id, bob.id, 2)
    assert unread_of(ports, room, bob) == 2  # the deleted first message is below the receipt now
    say(ports, room, ann)
    assert unread_of(ports, room, bob) == 3
    with ports.transaction():
        ports.membership_store.see(room.id, bob.id, 7)
    assert unread_of(ports, room, bob) == 0


def test_a_deletion_below_the_receipt_changes_no_unread_count(ports, add_room, ann, bob, carl):
    room, other = add_room(ann, bob), add_room(ann, bob)
    said = [say(ports, room, ann) for _ in range(3)]
    say(ports, other, ann)
    with ports.transaction():
        ports.membership_store.see(room.id, bob.id, 2)
        joined = ports.membership_store.add(room.id, carl.id, Role.MEMBER, 3)
    delete(ports, said[1])
    assert unread_of(ports, room, bob) == 1
    assert unread_of(ports, room, carl) == 0
    assert unread_of(ports, other, bob) == 1
    assert joined.seen_seq == 0
    say(ports, room, ann)
    assert [unread_of(ports, room, user) for user in (ann, bob, carl)] == [0, 2, 1]


def test_the_newest_deleted_message_of_a_room_is_known(ports, add_room, ann):
    room = add_room(ann)
    said = [say(ports, room, ann) for _ in range(3)]
    for number, newest in ((1, 2), (0, 2), (2, 3)):
        delete(ports, said[number])
        assert ports.room_store.access(room.id, ann.id)[0].deleted_seq == newest


def test_a_card_has_nothing_unread(ports, add_room, ann, carl):
    room = add_room(ann)
    delete(ports, say(ports, room, ann))
    say(ports, room, ann)
    assert ports.room_store.view(room.id, carl.id).unread_count == 0
    assert [card.unread_count for card in ports.room_store.public_page(carl.id, Window(5))] == [0]


def test_the_public_rooms_are_those_that_the_user_could_join(ports, add_room, add_direct, ann, bob, carl):
    add_room(ann, name="open")
    add_room(ann, name="closed", is_private=True)
    add_room(ann, bob, name="joined")
    add_direct(ann, carl)
    assert names(ports.room_store.public_page(bob.id, Window(50))) == ["open"]


def test_a_user_without_memberships_has_no_rooms(ports, room, carl):
    assert ports.room_store.page_of(carl.id, Window(50)) == []


# Changing


def test_all_groups_are_listed_the_newest_first(ports, add_room, add_direct, ann, bob):
    rooms = [add_room(ann, name=name, is_private=name == "B") for name in "ABCD"]
    add_direct(ann, bob)
    with ports.transaction():
        ports.room_store.remove(rooms[2].id, 1_000)
    assert [room.name for room in ports.room_store.groups(Window(9))] == ["D", "B", "A"]
    assert [room.name for room in ports.room_store.groups(Window(2))] == ["D", "B", "A"]
    assert [room.name for room in ports.room_store.groups(Window(2, after=(1_000, rooms[1].id)))] == ["A"]


@pytest.mark.parametrize("few", [500, 1])
def test_groups_are_listed_by_name_privacy_and_order(ports, add_room, add_direct, ann, bob, monkeypatch, few):
    monkeypatch.setattr("minichat.adapters.peewee.stores.room_names.FEW", few)
    monkeypatch.setattr("minichat.adapters.peewee.stores.groups.FEW", few)
    names = ["Tea", "Green tea", "Café", "Tea house", "Milk"]
    rooms = [add_room(ann, name=name, is_private=number % 2 == 1) for number, name in enumerate(names)]
    add_direct(ann, bob)
    for number in (2, 0, 3):
        say(ports, rooms[number], ann)

    def found(window=Window(9), **given):
        return [rooms.index(next(one for one in rooms if one.id == room.id)) for room in groups(window, **given)]

    def groups(window, **given):
        return ports.room_store.groups(window, GroupFilter(**given))

    assert found() == [4, 3, 2, 1, 0]
    assert found(order=RoomOrder.ACTIVE) == [3, 0, 2, 4, 1]
    assert found(is_private=True) == [3, 1]
    assert found(is_private=False, order=RoomOrder.ACTIVE) == [0, 2, 4]
    assert found(part="tea") == [3, 1, 0]
    assert found(part="cafe") == [2]
    assert found(part="coffee") == []
    assert found(part="tea", is_private=True) == [3, 1]
    assert found(part="tea", is_private=False) == [0]
    assert found(part="tea", order=RoomOrder.ACTIVE) == [3, 0, 1]
    for order in RoomOrder:
        for part in ("", "tea"):
            given = GroupFilter(part, None, order)
            everything = list(ports.room_store.groups(Window(9), given))
            keys = [given.key(room) for room in everything]
            assert list(ports.room_store.groups(Window(1, after=keys[0]), given)) == everything[1:3]
            assert list(ports.room_store.groups(Window(1, before=keys[-1]), given)) == everything[-3:-1]


def test_a_renamed_group_is_listed_by_its_new_name(ports, add_room, ann):
    room = add_room(ann, name="Tea", is_private=True)
    with ports.transaction():
        ports.room_store.update(room._replace(name="Coffee"))
    assert list(ports.room_store.groups(Window(9), GroupFilter("tea"))) == []
    assert [one.name for one in ports.room_store.groups(Window(9), GroupFilter("coffee"))] == ["Coffee"]


def test_an_update_keeps_its_three_fields_and_nothing_else(ports, add_room, room, ann, carl):
    other = add_room(ann, name="Other")
    say(ports, room, ann)
    before = ports.room_store.access(room.id, ann.id)[0]
    edited = before._replace(name="Tea", description="Green", is_private=True)
    with ports.transaction():
        ports.room_store.update(
            edited._replace(
                kind=RoomKind.DIRECT,
                created_at=1,
                active_at=1,
                activity=1,
                last_seq=77,
                deleted_seq=77,
                participants_count=77,
            )
        )
    assert ports.room_store.access(room.id, ann.id)[0] == edited
    assert ports.room_store.access(other.id, ann.id)[0].name == "Other"


def test_privacy_decides_about_the_list_and_its_search(ports, room, carl):
    for is_private, expected in ((True, []), (False, ["Room"])):
        with ports.transaction():
            ports.room_store.update(room._replace(is_private=is_private))
        for part in ("", "oom"):
            assert names(ports.room_store.public_page(carl.id, Window(5), part)) == expected


def test_a_removed_room_and_its_contents_are_not_found(ports, add_room, room, ann, bob, carl):
    other = add_room(ann, name="Other")
    message, kept = say(ports, room, ann), say(ports, other, ann)
    with ports.transaction():
        ports.room_store.remove(room.id, 5_000)
    assert ports.room_store.access(room.id, ann.id) is None
    assert ports.room_store.view(room.id, ann.id) is None
    assert names(ports.room_store.page_of(ann.id, Window(50))) == ["Other"]
    assert ports.room_store.page_of(bob.id, Window(50)) == []
    assert names(ports.room_store.public_page(carl.id, Window(50))) == ["Other"]
    assert ports.message_store.get(message.id) is None
    assert ports.message_store.latest_before(ann.id, None, 50) == [kept]
    assert ports.message_store.latest_after(ann.id, 0, 50) == [kept]
    assert ports.membership_store.receipts(ann.id, [room.id, other.id]).keys() == {other.id}


def test_a_removed_room_is_not_found_within_the_same_transaction(ports, room, ann):
    with ports.transaction():
        ports.room_store.remove(room.id, 5_000)
        assert ports.room_store.access(room.id, ann.id) is None


def test_the_id_of_a_removed_room_is_not_given_again(ports, add_room, room, ann):
    with ports.transaction():
        ports.room_store.remove(room.id, 5_000)
    assert add_room(ann).id > room.id


def test_changing_a_missing_room_does_nothing(ports, room, ann):
    with ports.transaction():
        ports.room_store.update(room._replace(id=NONE, name="Nothing"))
        ports.room_store.remove(NONE, 1)
    assert names(ports.room_store.page_of(ann.id, Window(50))) == ["Room"]


@pytest.mark.parametrize("text", TRICKY_TEXTS)
def test_text_is_stored_exactly(ports, add_room, ann, text):
    room = add_room(ann, name=text, description=text)
    assert (room.name, room.description) == (text, text)
    found = ports.room_store.view(room.id, ann.id).room
    assert (found.name, found.description) == (text, text)
    with ports.transaction():
        ports.room_store.update(room._replace(name=text + "!", description="!" + text))
    found = ports.room_store.view(room.id, ann.id).room
    assert (found.name, found.description) == (text + "!", "!" + text)


def test_all_rooms_of_a_user_are_listed_by_id_with_the_membership(ports, add_room, ann, bob, carl):
    tea, other, soup = add_room(ann, bob, name="Tea"), add_room(bob), add_room(bob, ann, name="Soup")
    with ports.transaction():
        chat = ports.room_store.add(NewRoom("", "", RoomKind.DIRECT, True, 1_000, pair=(ann.id, carl.id)))
        for user in (ann, carl):
            ports.membership_store.add(chat.id, user.id, Role.MEMBER, 0)

    def joined(room, user, partner=None):
        found, membership = ports.room_store.access(room.id, user.id)
        return JoinedRoom(found, membership, partner and partner.id)

    assert list(ports.room_store.all_of(ann.id, 0, 2)) == [joined(tea, ann), joined(soup, ann)]
    assert list(ports.room_store.all_of(ann.id, soup.id, 2)) == [joined(chat, ann, carl)]
    assert list(ports.room_store.all_of(carl.id, 0, 9)) == [joined(chat, carl, ann)]
    assert other.id not in {one.room.id for one in ports.room_store.all_of(ann.id, 0, 9)}
    assert list(ports.room_store.all_of(ann.id, chat.id, 9)) == []


def test_a_removed_room_is_no_longer_a_room_of_its_participants(ports, add_room, ann):
    room = add_room(ann)
    with ports.transaction():
        ports.room_store.remove(room.id, 2_000)
    assert list(ports.room_store.all_of(ann.id, 0, 9)) == []


def test_sweeping_removed_rooms_leaves_the_others_alone(ports, add_room, ann, bob):
    removed, kept, young = (add_room(ann, bob, name=name) for name in ("removed", "kept", "young"))
    with ports.transaction():
        said = [ports.message_store.append(NewMessage(room.id, ann.id, "hi", 1_500)) for room in (removed, kept, young)]
        ports.room_store.remove(removed.id, 2_000)
        ports.room_store.remove(young.id, 2_001)
    view = ports.room_store.view(kept.id, ann.id)
    swept = 1
    while swept:
        with ports.transaction():
            swept = ports.room_store.sweep(2_000, 2)
            assert swept <= 2
    assert ports.room_store.view(kept.id, ann.id) == view
    assert [ports.message_store.get(message.id) for message in said] == [None, said[1], None]
    assert add_room(ann).id > young.id
