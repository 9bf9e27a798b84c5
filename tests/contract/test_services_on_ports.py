"""Guarantees of the services that depend on the adapters, on every set of ports."""

import pytest

from builders import PASSWORD, contents
from minichat.domain.errors import (
    ClientIdReused,
    InvalidCredentials,
    NotAParticipant,
    RefreshTokenReused,
    RoleTooLow,
    RoomNotFound,
    SessionEnded,
    UsernameTaken,
)
from minichat.domain.model import Receipts, Role
from minichat.domain.paging import Window


@pytest.fixture
def people(chat):
    return chat.people("ann", "bob", "carl")


def test_a_name_is_taken_once(chat):
    chat.person("ann")
    with pytest.raises(UsernameTaken):
        chat.person("ANN")
    assert len(chat.services.directory.page(None, Window(50)).items) == 1


def test_a_registered_user_can_log_in(chat, people):
    ann = people[0]
    assert ann.logs_in().caller.user == ann.user
    with pytest.raises(InvalidCredentials):
        ann.logs_in("wrong")


def test_the_end_of_a_session_survives_the_error_that_reports_it(chat, people):
    ann = people[0]
    successor = ann.refreshes()
    assert ann.refreshes() == successor
    chat.clock.advance(60)
    with pytest.raises(RefreshTokenReused):
        ann.refreshes()
    with pytest.raises(SessionEnded):
        ann.refreshes(successor.jti)


def test_a_password_change_ends_the_other_sessions(chat, people):
    ann = people[0]
    other = ann.logs_in()
    grant = chat.services.sessions.change_password(ann.caller, PASSWORD, "a whole new secret")
    with pytest.raises(SessionEnded):
        _ = other.caller
    assert ann.refreshes(grant.jti)


def test_presence_is_a_lease(chat, people):
    def online():
        return [user.username for user in chat.services.directory.online(None, Window(50)).items]

    chat.clock.advance(30)
    chat.services.sessions.note_activity(people[1].caller)
    chat.clock.advance(30)
    assert online() == ["bob"]


def test_a_conversation(backend, chat, people):
    ann, bob, carl = people
    room = ann.makes_room("Tea", with_=[bob])
    first = ann.says("Привет 🙂", in_=room, client_id="one")
    assert ann.says("Привет 🙂", in_=room, client_id="one").message == first.message
    with pytest.raises(ClientIdReused):
        ann.says("Пока", in_=room, client_id="one")
    bob.says("hi", in_=room, reply_to=first.message)
    with pytest.raises(NotAParticipant):
        carl.says("hello?", in_=room)
    with pytest.raises(NotAParticipant):
        carl.history(room)
    carl.joins(room)
    assert (ann.unread(room), bob.unread(room), carl.unread(room)) == (1, 0, 0)
    page = ann.history(room, mark_read=True)
    assert contents(page) == ["Привет 🙂", "hi"]
    assert page.receipts == {room.id: Receipts(2, 2)}
    assert page.room == ann.looks_at(room)
    assert [message.seq for message in ann.latest().messages] == [1, 2]
    with pytest.raises(RoleTooLow):
        carl.edits(room, name="Coffee")
    ann.leaves(room)
    assert bob.role_in(room) == Role.OWNER
    bob.deletes(room)
    with pytest.raises(RoomNotFound):
        carl.looks_at(room)
    assert [change.kind.value for change in backend.log()] == [
        "room.created",
        "participant.joined",
        "participant.joined",
        "message.created",
        "message.created",
        "participant.joined",
        "message.read",
        "participant.updated",
        "participant.left",
        "room.deleted",
    ]


def test_a_pair_has_one_direct_chat(chat, people):
    ann, bob, carl = people
    room = ann.chats_with(bob)
    assert bob.chats_with(ann).id == room.id
    assert ann.chats_with(carl).id != room.id
    with pytest.raises(RoomNotFound):
        carl.looks_at(room)


def test_history_walks_both_ways(chat, people):
    ann = people[0]
    room = ann.makes_room()
    said = [ann.says(str(number), in_=room).message for number in range(1, 10)]
    assert contents(ann.history(room, 3)) == ["7", "8", "9"]
    assert contents(ann.history(room, 3, before=said[3])) == ["1", "2", "3"]
    assert contents(ann.history(room, 3, after=said[5])) == ["7", "8", "9"]
    assert contents(ann.history(room, 3, around=said[4])) == ["4", "5", "6"]
    assert contents(ann.history(room, 5, around=said[0])) == ["1", "2", "3", "4", "5"]
    assert contents(ann.latest(3, around=said[8])) == ["7", "8", "9"]


def test_rooms_are_paged_forwards_and_backwards_by_activity(chat, people):
    ann = people[0]
    rooms = {}
    for name in "abc":
        rooms[name] = ann.makes_room(name)
        chat.clock.advance(1)
    ann.says("up", in_=rooms["a"])
    first = chat.services.rooms.mine(ann.id, Window(2)).page
    assert [view.room.name for view in first.items] == ["a", "c"]
    assert ann.rooms(Window(2, after=first.next)) == ["b"]
    second = chat.services.rooms.mine(ann.id, Window(2, after=first.next)).page
    assert ann.rooms(Window(2, before=second.prev)) == ["a", "c"]


def test_search_finds_the_best_first(chat, people):
    chat.person("annabel", last_name="Ж")
    chat.person("joann", first_name="Жанна")
    assert people[0].finds("ann") == ["annabel", "joann"]
    assert people[1].finds("АНН") == ["joann"]
    assert people[1].finds("ж") == ["annabel", "joann"]


def test_a_folded_query_is_compared_by_its_first_128_characters(chat, people):
    chat.person("user1", first_name="ﬃ" * 50)
    ann = people[0]
    assert ann.finds("ﬃ" * 50) == ann.finds("ﬃ" * 42 + "ff") == ann.finds("ﬃ" * 43 + "x") == ["user1"]
    assert ann.finds("ﬃ" * 42 + "x") == []
