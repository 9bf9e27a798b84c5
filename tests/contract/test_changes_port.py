"""`Changes`: the log of what happened."""

from builders import undone
from minichat.domain.model import Change, ChangeKind, Role

CHANGES = [
    Change(ChangeKind.ROOM_CREATED, 1, 1_000),
    Change(ChangeKind.PARTICIPANT_JOINED, 1, 1_000, user_id=1, role=Role.OWNER),
    Change(ChangeKind.MESSAGE_CREATED, 1, 2_000, user_id=1, message_id=1),
    Change(ChangeKind.MESSAGE_READ, 1, 3_000, user_id=2, seq=1),
    Change(ChangeKind.ROOM_DELETED, 1, 2**45),
]


def test_changes_stay_in_the_order_in_which_they_happened(backend, ports):
    for change in CHANGES:
        with ports.transaction():
            ports.changes.record(change)
    with ports.transaction():
        for change in CHANGES:
            ports.changes.record(change)
    assert list(backend.log()) == CHANGES * 2


def test_every_kind_of_change_can_be_told(backend, ports):
    changes = [Change(kind, number, number) for number, kind in enumerate(ChangeKind)]
    with ports.transaction():
        for change in changes:
            ports.changes.record(change)
    assert list(backend.log()) == changes


def test_a_change_goes_with_its_transaction(backend, ports):
    with undone(ports):
        ports.changes.record(CHANGES[0])
    assert list(backend.log()) == []


def test_a_change_outlives_the_room_that_it_tells_of(backend, ports, room, ann):
    with ports.transaction():
        ports.changes.record(Change(ChangeKind.ROOM_CREATED, room.id, 1_000))
        ports.rooms.remove(room.id, 2_000)
    assert [change.room_id for change in backend.log()] == [room.id]


def test_the_beginning_of_the_log_is_dropped_a_few_changes_at_a_time(backend, ports):
    with ports.transaction():
        for change in CHANGES:
            ports.changes.record(change)
    with ports.transaction():
        assert ports.changes.sweep(999, 9) == 0
        assert ports.changes.sweep(2_000, 2) == 2
        assert ports.changes.sweep(2_000, 2) == 1
        assert ports.changes.sweep(2_000, 2) == 0
    assert list(backend.log()) == CHANGES[3:]


def test_nothing_is_dropped_behind_a_change_that_stays(backend, ports):
    young, old = Change(ChangeKind.ROOM_CREATED, 1, 5_000), Change(ChangeKind.ROOM_DELETED, 1, 1_000)
    with ports.transaction():
        for change in (old, young, old):
            ports.changes.record(change)
        assert ports.changes.sweep(4_999, 9) == 1
    assert list(backend.log()) == [young, old]


def test_a_log_that_was_emptied_goes_on(backend, ports):
    with ports.transaction():
        ports.changes.record(CHANGES[0])
        assert ports.changes.sweep(2**50, 9) == 1
    assert list(backend.log()) == []
    with ports.transaction():
        ports.changes.record(CHANGES[1])
    assert list(backend.log()) == [CHANGES[1]]
