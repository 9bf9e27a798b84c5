"""The port `RoomOpeningStore`: rooms that administrators have opened."""

import pytest

from builders import undone
from minichat.domain.model import Device, RoomOpening


@pytest.fixture
def session(ports, ann):
    with ports.transaction():
        return ports.session_store.open(ann.id, Device(), 1_000, 9_000)


@pytest.fixture
def put(ports):
    def put(session, room, at):
        with ports.transaction():
            ports.room_opening_store.put(RoomOpening(session.id, room.id, at))

    return put


def test_a_session_has_one_opening_of_a_room(ports, put, session, room, add_room, ann):
    other = add_room(ann)
    put(session, room, 2_000)
    put(session, other, 3_000)
    put(session, room, 4_000)
    assert ports.room_opening_store.get(session.id, room.id) == RoomOpening(session.id, room.id, 4_000)
    assert ports.room_opening_store.get(session.id, other.id) == RoomOpening(session.id, other.id, 3_000)
    assert ports.room_opening_store.get(session.id + 1, room.id) is None


def test_an_opening_is_removed_once(ports, put, session, room):
    put(session, room, 2_000)
    with ports.transaction():
        assert ports.room_opening_store.remove(session.id, room.id) is True
        assert ports.room_opening_store.remove(session.id, room.id) is False
    assert ports.room_opening_store.get(session.id, room.id) is None


def test_an_opening_is_rolled_back_with_its_transaction(ports, session, room):
    with undone(ports):
        ports.room_opening_store.put(RoomOpening(session.id, room.id, 2_000))
    assert ports.room_opening_store.get(session.id, room.id) is None


def test_an_opening_is_deleted_with_its_session(ports, put, session, room):
    put(session, room, 2_000)
    with ports.transaction():
        ports.session_store.sweep(9_000, 9)
    assert ports.room_opening_store.get(session.id, room.id) is None


def test_an_opening_is_deleted_with_its_room(ports, put, session, room):
    put(session, room, 2_000)
    with ports.transaction():
        ports.room_store.remove(room.id, 3_000)
    with ports.transaction():
        while ports.room_store.sweep(9_000, 9):
            pass
    assert ports.room_opening_store.get(session.id, room.id) is None
