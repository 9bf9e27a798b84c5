"""The port `ChangeStore`: the change log."""

from builders import undone
from minichat.domain.model import NO_ROOM, Change, ChangeKind, Role

CHANGES = [
    Change(ChangeKind.ROOM_CREATED, 1, 1_000),
    Change(ChangeKind.PARTICIPANT_JOINED, 1, 1_000, user_id=1, role=Role.OWNER),
    Change(ChangeKind.MESSAGE_CREATED, 1, 2_000, user_id=1, message_id=1),
    Change(ChangeKind.MESSAGE_READ, 1, 3_000, user_id=2, seq=1),
    Change(ChangeKind.ROOM_DELETED, 1, 2**45),
]


def test_changes_keep_their_order(backend, ports):
    for change in CHANGES:
        with ports.transaction():
            ports.change_store.record(change)
    with ports.transaction():
        for change in CHANGES:
            ports.change_store.record(change)
    assert list(backend.log()) == CHANGES * 2


def test_every_kind_of_change_can_be_recorded(backend, ports):
    changes = [Change(kind, number, number) for number, kind in enumerate(ChangeKind, 1)]
    changes.append(Change(ChangeKind.BLOCK_CHANGED, NO_ROOM, 99, user_id=1, other_id=2))
    with ports.transaction():
        for change in changes:
            ports.change_store.record(change)
    assert list(backend.log()) == changes


def test_a_change_is_rolled_back_with_its_transaction(backend, ports):
    with undone(ports):
        ports.change_store.record(CHANGES[0])
    assert list(backend.log()) == []


def test_a_change_outlives_its_room(backend, ports, room, ann):
    with ports.transaction():
        ports.change_store.record(Change(ChangeKind.ROOM_CREATED, room.id, 1_000))
        ports.room_store.remove(room.id, 2_000)
    assert [change.room_id for change in backend.log()] == [room.id]


def test_the_beginning_of_the_log_is_dropped_a_few_changes_at_a_time(backend, ports):
    with ports.transaction():
        for change in CHANGES:
            ports.change_store.record(change)
    with ports.transaction():
        assert ports.change_store.sweep(999, 9) == 0
        assert ports.change_store.sweep(2_000, 2) == 2
        assert ports.change_store.sweep(2_000, 2) == 1
        assert ports.change_store.sweep(2_000, 2) == 0
    assert list(backend.log()) == CHANGES[3:]


def test_nothing_is_dropped_behind_a_change_that_stays(backend, ports):
    young, old = Change(ChangeKind.ROOM_CREATED, 1, 5_000), Change(ChangeKind.ROOM_DELETED, 1, 1_000)
    with ports.transaction():
        for change in (old, young, old):
            ports.change_store.record(change)
    with ports.transaction():
        assert ports.change_store.sweep(4_999, 9) == 1
    assert list(backend.log()) == [young, old]


def test_an_emptied_log_accepts_new_changes(backend, ports):
    with ports.transaction():
        ports.change_store.record(CHANGES[0])
    with ports.transaction():
        assert ports.change_store.sweep(2**50, 9) == 1
    assert list(backend.log()) == []
    with ports.transaction():
        ports.change_store.record(CHANGES[1])
    assert list(backend.log()) == [CHANGES[1]]


def test_an_empty_log_has_equal_ends(ports):
    first, last = ports.change_store.ends()
    assert first <= last
    assert list(ports.change_store.after(first, 9)) == list(ports.change_store.after(last, 9)) == []


def test_reading_on_from_a_position_returns_every_later_change(ports):
    positions = [ports.change_store.ends().last]
    for change in CHANGES:
        with ports.transaction():
            ports.change_store.record(change)
        positions.append(ports.change_store.ends().last)
    everything = ports.change_store.after(positions[0], 9)
    assert [position for position, _ in everything] == sorted({position for position, _ in everything})
    for number, end in enumerate(positions):
        found = ports.change_store.after(end, 9)
        assert [change for _, change in found] == CHANGES[number:]
        assert found == everything[number:]
        assert ports.change_store.after(end, 2) == found[:2]
    for number, (position, _) in enumerate(everything):
        assert positions[number] < position <= positions[number + 1]
        assert ports.change_store.after(position, 9) == everything[number + 1 :]


def test_the_ends_of_a_log_of_which_the_beginning_was_dropped(ports):
    start = ports.change_store.ends().first
    with ports.transaction():
        for change in CHANGES:
            ports.change_store.record(change)
    everything = ports.change_store.after(start, 9)
    with ports.transaction():
        ports.change_store.sweep(2_000, 9)
    first, last = ports.change_store.ends()
    assert first == everything[2].position
    assert everything[4].position <= last
    with ports.transaction():
        ports.change_store.sweep(2**50, 9)
    first, last = ports.change_store.ends()
    assert first == everything[4].position <= last


def test_the_changes_of_some_rooms_have_the_order_of_the_log(ports):
    start = ports.change_store.ends().first
    with ports.transaction():
        for number in range(20):
            ports.change_store.record(Change(ChangeKind.ROOM_UPDATED, number % 4, number))
    position = ports.change_store.after(start, 3)[-1].position
    assert [change.at for _, change in ports.change_store.of_user(7, {1, 3}, position, 5)] == [3, 5, 7, 9, 11]
    assert list(ports.change_store.of_user(7, {9}, position, 5)) == []
    assert list(ports.change_store.of_user(7, set(), position, 5)) == []


def test_a_users_changes_without_a_room_have_their_place_among_those_of_rooms(ports):
    start = ports.change_store.ends().first
    with ports.transaction():
        for at in range(12):
            user_id = 7 if at % 4 == 0 else 8
            in_room = Change(ChangeKind.ROOM_UPDATED, at % 3 + 1, at)
            own = Change(ChangeKind.BLOCK_CHANGED, NO_ROOM, at, user_id=user_id, other_id=9)
            ports.change_store.record(own if at % 2 == 0 else in_room)

    def heard(user_id, room_ids, limit=99, position=start):
        return [change.at for _, change in ports.change_store.of_user(user_id, room_ids, position, limit)]

    assert heard(7, {1, 2}) == [0, 1, 3, 4, 7, 8, 9]
    assert heard(8, {1, 2}) == [1, 2, 3, 6, 7, 9, 10]
    assert heard(7, set()) == [0, 4, 8]
    assert heard(6, set()) == []


def test_private_changes_of_a_room_are_found_by_their_user_alone(ports):
    start = ports.change_store.ends().first
    changes = [
        Change(ChangeKind.ROOM_NOTIFY, room_id, at, user_id=user_id)
        for at, (room_id, user_id) in enumerate([(1, 7), (1, 8), (2, 7), (1, 8), (1, 7)])
    ]
    last = Change(ChangeKind.ROOM_UPDATED, 1, 9)
    with ports.transaction():
        for change in (*changes, last):
            ports.change_store.record(change)
        ports.change_store.record_all(Change(ChangeKind.ROOM_NOTIFY, 1, 10), [7, 8])

    def found(user_id, room_ids, limit=99):
        return [change for _, change in ports.change_store.of_user(user_id, room_ids, start, limit)]

    noted = [Change(ChangeKind.ROOM_NOTIFY, 1, 10, user_id=user_id) for user_id in (7, 8)]
    assert found(7, {1}) == [changes[0], changes[2], changes[4], last, noted[0]]
    assert found(8, {1}, 3) == [changes[1], changes[3], last]
    assert found(9, {1, 2}, 1) == [last]
    assert [change for _, change in ports.change_store.after(start, 99)] == [*changes, last, *noted]


def test_resuming_at_any_change_continues_with_the_next_private_one(ports):
    start = ports.change_store.ends().first
    with ports.transaction():
        for at in range(12):
            own = Change(ChangeKind.BLOCK_CHANGED, NO_ROOM, at, user_id=7 if at % 4 == 0 else 8, other_id=9)
            ports.change_store.record(Change(ChangeKind.ROOM_UPDATED, at % 3 + 1, at) if at % 2 else own)
    everything = ports.change_store.of_user(7, {1, 2}, start, 99)
    for number, (position, _) in enumerate(everything):
        assert ports.change_store.of_user(7, {1, 2}, position, 3) == everything[number + 1 : number + 4]


def test_moves_are_the_users_own_joins_and_leaves(ports):
    start = ports.change_store.ends().first
    changes = [
        Change(kind, room_id, at, user_id=user_id)
        for at, (kind, room_id, user_id) in enumerate(
            (
                (ChangeKind.PARTICIPANT_JOINED, 1, 1),
                (ChangeKind.PARTICIPANT_JOINED, 1, 2),
                (ChangeKind.PARTICIPANT_UPDATED, 1, 1),
                (ChangeKind.MESSAGE_CREATED, 1, 1),
                (ChangeKind.PARTICIPANT_LEFT, 1, 1),
                (ChangeKind.PARTICIPANT_JOINED, 2, 1),
            )
        )
    ]
    with ports.transaction():
        for change in changes:
            ports.change_store.record(change)
    first = ports.change_store.after(start, 1)[0].position
    assert [change.at for _, change in ports.change_store.moves([1], start)] == [0, 4, 5]
    assert [change.at for _, change in ports.change_store.moves([1], first)] == [4, 5]
    assert [change.at for _, change in ports.change_store.moves([2, 1], start)] == [0, 1, 4, 5]
    assert not ports.change_store.moves([], start)


def test_one_change_for_many_users_is_recorded_in_order(backend, ports):
    change = Change(ChangeKind.PARTICIPANT_JOINED, 1, 1_000, role=Role.MEMBER)
    with ports.transaction():
        ports.change_store.record_all(change, [7, 3, 5])
        ports.change_store.record_all(change, [])
    assert list(backend.log()) == [change._replace(user_id=user_id) for user_id in (7, 3, 5)]
