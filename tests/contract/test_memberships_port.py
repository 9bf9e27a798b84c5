"""The port `MembershipStore`: the participants of rooms, and their receipts."""

import pytest

from minichat.domain.model import Membership, NewMessage, Receipts, Role
from minichat.domain.paging import Window

NONE = 2**53 - 1


def count(ports, room):
    return ports.room_store.access(room.id, 1)[0].participants_count


def membership_of(ports, room, user):
    return ports.room_store.access(room.id, user.id)[1]


def participants(ports, room, window=Window(50)):
    return [membership.user_id for membership in ports.membership_store.page(room.id, window)]


def test_an_added_user_is_in_and_counted(ports, room, carl):
    with ports.transaction():
        membership = ports.membership_store.add(room.id, carl.id, Role.MODERATOR, 7)
    assert membership == Membership(membership.id, room.id, carl.id, Role.MODERATOR, joined_seq=7, seen_seq=0)
    assert membership_of(ports, room, carl) == membership
    assert count(ports, room) == 3


def test_a_participant_is_not_added_twice(ports, room, bob):
    before = membership_of(ports, room, bob)
    with ports.transaction():
        assert ports.membership_store.add(room.id, bob.id, Role.OWNER, 7) is None
    assert membership_of(ports, room, bob) == before
    assert count(ports, room) == 2


def test_a_removed_user_is_no_participant_and_not_counted(ports, room, ann, bob):
    with ports.transaction():
        ports.membership_store.remove(membership_of(ports, room, bob))
    assert membership_of(ports, room, bob) is None
    assert membership_of(ports, room, ann)
    assert count(ports, room) == 1


def test_a_second_removal_changes_no_count(ports, room, bob):
    membership = membership_of(ports, room, bob)
    for _ in range(2):
        with ports.transaction():
            ports.membership_store.remove(membership)
    assert count(ports, room) == 1


def test_a_returning_participant_is_the_newest(ports, room, ann, bob):
    membership = membership_of(ports, room, ann)
    with ports.transaction():
        ports.membership_store.remove(membership)
    with ports.transaction():
        again = ports.membership_store.add(room.id, ann.id, Role.MEMBER, 0)
    assert again.id > membership.id
    assert participants(ports, room) == [bob.id, ann.id]


def test_a_returning_participant_counts_as_newly_joined(ports, room, ann, bob):
    membership = membership_of(ports, room, bob)
    with ports.transaction():
        ports.membership_store.remove(membership)
        assert ports.membership_store.add(room.id, bob.id, Role.MEMBER, 0).id > membership.id


def test_a_role_is_set_for_one(ports, room, ann, bob):
    membership = membership_of(ports, room, bob)
    with ports.transaction():
        ports.membership_store.set_role(membership, Role.MODERATOR)
    assert membership_of(ports, room, bob) == membership._replace(role=Role.MODERATOR)
    assert membership_of(ports, room, ann).role == Role.OWNER


# Heirs


def set_roles(ports, room, roles):
    with ports.transaction():
        for user, role in roles.items():
            ports.membership_store.set_role(membership_of(ports, room, user), role)


def test_the_heir_is_the_earliest_moderator(ports, add_room, add_user, ann, bob, carl):
    dora = add_user("dora")
    room = add_room(ann, bob, dora, carl)
    set_roles(ports, room, {carl: Role.MODERATOR, dora: Role.MODERATOR})
    assert ports.membership_store.heir(room.id, without=ann.id) == membership_of(ports, room, dora)
    assert ports.membership_store.heir(room.id, without=dora.id).user_id == ann.id


def test_the_heir_without_a_moderator_is_the_earliest_member(ports, add_room, ann, bob, carl):
    room = add_room(ann, carl, bob)
    assert ports.membership_store.heir(room.id, without=ann.id) == membership_of(ports, room, carl)


def test_the_owner_stays_when_another_participant_leaves(ports, room, ann, bob):
    assert ports.membership_store.heir(room.id, without=bob.id) == membership_of(ports, room, ann)


def test_the_last_one_has_no_heir(ports, add_room, room, ann, bob, carl):
    assert ports.membership_store.heir(add_room(carl).id, without=carl.id) is None
    assert ports.membership_store.heir(NONE, without=ann.id) is None


# Lists


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
        (1, {"before": "c"}, "ab"),
        (2, {"before": "a"}, ""),
    ],
)
def test_participants_are_paged_by_time_of_joining_with_one_surplus_row(
    ports, add_room, add_user, room, limit, edge, expected
):
    users = {name: add_user(f"user {name}") for name in "edcba"}
    crowd = add_room(*(users[name] for name in "abcde"))
    keys = {name: (membership_of(ports, crowd, user).id,) for name, user in users.items()}
    window = Window(limit, **{side: keys[name] for side, name in edge.items()})
    assert participants(ports, crowd, window) == [users[name].id for name in expected]


def test_a_list_returns_complete_memberships(ports, room, ann, bob):
    assert ports.membership_store.page(room.id, Window(50)) == [
        membership_of(ports, room, ann),
        membership_of(ports, room, bob),
    ]


def test_a_missing_room_has_no_participants(ports, room):
    assert ports.membership_store.page(NONE, Window(50)) == []


# Receipts


def test_a_receipt_moves_forward_only(ports, room, ann, bob):
    with ports.transaction():
        moved = [ports.membership_store.see(room.id, bob.id, seq) for seq in (3, 2, 3, 5, 0)]
    assert moved == [True, False, False, True, False]
    assert membership_of(ports, room, bob).seen_seq == 5
    assert membership_of(ports, room, ann).seen_seq == 0


def test_a_user_outside_the_room_has_no_receipt(ports, room, carl):
    with ports.transaction():
        assert ports.membership_store.see(room.id, carl.id, 3) is False
        assert ports.membership_store.see(NONE, carl.id, 3) is False


def test_receipts_are_returned_by_room_for_the_users_own_rooms(ports, add_room, ann, bob, carl):
    ours, alone, theirs = add_room(ann, bob, carl), add_room(ann), add_room(bob, carl)
    with ports.transaction():
        ports.membership_store.see(ours.id, ann.id, 9)
        ports.membership_store.see(ours.id, bob.id, 4)
        ports.membership_store.see(ours.id, carl.id, 6)
        ports.membership_store.see(alone.id, ann.id, 2)
    ids = [ours.id, alone.id, theirs.id, NONE]
    assert ports.membership_store.receipts(ann.id, ids) == {ours.id: Receipts(9, 6), alone.id: Receipts(2, 0)}
    assert ports.membership_store.receipts(ann.id, {ours.id}) == {ours.id: Receipts(9, 6)}
    assert ports.membership_store.receipts(bob.id, iter(ids)) == {ours.id: Receipts(4, 9), theirs.id: Receipts(0, 0)}
    assert ports.membership_store.receipts(ann.id, []) == {}


def test_joining_counts_for_oneself_and_not_for_the_others(ports, room, ann, carl):
    with ports.transaction():
        ports.membership_store.add(room.id, carl.id, Role.MEMBER, 5)
    assert ports.membership_store.receipts(carl.id, [room.id]) == {room.id: Receipts(5, 0)}
    assert ports.membership_store.receipts(ann.id, [room.id]) == {room.id: Receipts(0, 0)}


def test_receipts_agree_with_the_view_of_the_room(ports, room, ann, bob):
    with ports.transaction():
        ports.message_store.append(NewMessage(room.id, ann.id, "hello", 1, None))
        ports.membership_store.see(room.id, bob.id, 1)
    for user in (ann, bob):
        view = ports.room_store.view(room.id, user.id)
        expected = Receipts(view.membership.last_read_seq, view.others_seen_seq)
        assert ports.membership_store.receipts(user.id, [room.id])[room.id] == expected


def test_the_pair_of_a_direct_chat_shows_erased_accounts(ports, room, ann, bob, carl):
    assert list(ports.membership_store.pair_of(room.id)) == [(ann.id, False, False), (bob.id, False, False)]
    with ports.transaction():
        for user in (bob, carl):
            name = f"deleted-user-{user.id}"
            remains = user._replace(username=name, username_key=name, deleted_at=5_000)
            ports.user_store.erase(remains, free_at=9_000)
    assert list(ports.membership_store.pair_of(room.id)) == [(ann.id, False, False), (bob.id, True, False)]


def test_the_pair_of_a_direct_chat_shows_blocks_between_the_two(ports, room, ann, bob, carl):
    with ports.transaction():
        for blocker, blocked in ((bob, ann), (bob, carl), (carl, ann)):
            ports.block_store.add(blocker.id, blocked.id, 5_000)
    assert list(ports.membership_store.pair_of(room.id)) == [(ann.id, False, False), (bob.id, False, True)]
    with ports.transaction():
        ports.block_store.add(ann.id, bob.id, 5_000)
    assert [member.is_blocking for member in ports.membership_store.pair_of(room.id)] == [True, True]


def test_the_rooms_of_a_user_include_removed_rooms_they_were_in(ports, add_room, ann, bob):
    kept, removed, left = add_room(ann, bob), add_room(ann), add_room(bob, ann)
    with ports.transaction():
        ports.room_store.remove(removed.id, 2_000)
        _, membership = ports.room_store.access(left.id, ann.id)
        ports.membership_store.remove(membership)
    assert set(ports.membership_store.rooms_of(ann.id)) == {kept.id, removed.id}
    assert set(ports.membership_store.rooms_of(bob.id)) == {kept.id, left.id}


def test_read_positions_are_returned_for_the_requested_users(ports, add_room, ann, bob, carl):
    room = add_room(ann, bob)
    with ports.transaction():
        ports.membership_store.see(room.id, bob.id, 3)
    assert ports.membership_store.readers({room.id: {ann.id, bob.id, carl.id}}) == {
        room.id: {ann.id: (0, 1), bob.id: (3, 1)}
    }
    assert ports.membership_store.readers({room.id: {ann.id}}) == {room.id: {ann.id: (0, 1)}}


def test_read_positions_and_receipts_of_several_rooms_are_returned_together(ports, add_room, ann, bob, carl):
    ours, theirs, removed = add_room(ann, bob), add_room(bob, carl), add_room(ann, bob)
    with ports.transaction():
        ports.membership_store.see(ours.id, bob.id, 3)
        ports.membership_store.see(theirs.id, carl.id, 5)
        ports.room_store.remove(removed.id, 2_000)
    wanted = {ours.id: {ann.id, bob.id, carl.id}, theirs.id: [bob.id], removed.id: [ann.id], 99: [ann.id]}
    readers = ports.membership_store.readers(wanted)
    assert readers[ours.id] == {ann.id: (0, 1), bob.id: (3, 1)}
    assert readers[theirs.id] == {bob.id: (0, 1)}
    assert ports.membership_store.receipts_of(wanted) == {
        (ours.id, ann.id): Receipts(0, 3),
        (ours.id, bob.id): Receipts(3, 0),
        (theirs.id, bob.id): Receipts(0, 5),
    }
    assert not ports.membership_store.readers({})
    assert not ports.membership_store.receipts_of({ours.id: []})


def test_many_are_added_at_once_in_order_and_counted(ports, add_room, ann, bob, carl):
    room = add_room(ann)
    with ports.transaction():
        ports.membership_store.add_all(room.id, [carl.id, bob.id], Role.MEMBER, 3)
        ports.membership_store.add_all(room.id, [], Role.MEMBER, 3)
    page = ports.membership_store.page(room.id, Window(9))
    assert [(each.user_id, each.role, each.joined_seq) for each in page] == [
        (ann.id, Role.OWNER, 0),
        (carl.id, Role.MEMBER, 3),
        (bob.id, Role.MEMBER, 3),
    ]
    assert ports.room_store.access(room.id, ann.id)[0].participants_count == 3
