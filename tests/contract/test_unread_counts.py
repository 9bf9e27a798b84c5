"""Unread counts after deletions, and the order of rooms under wrong clocks: the services on every set of ports."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from builders import ALL, PASSWORD
from minichat.domain.model import Role
from minichat.domain.retention import LogRetention

pytestmark = pytest.mark.threads


@pytest.fixture
def people(chat):
    return chat.people("ann", "bob", "carl")


def test_each_answer_leaves_deleted_messages_out(chat, people):
    ann, bob, carl = people
    room = ann.makes_room(with_=[bob, carl])
    said = [carl.says(f"{number}", in_=room).message for number in range(6)]
    chat.gives_role(Role.MODERATOR, bob, room)
    bob.takes_back(said[1])  # a moderator
    carl.takes_back(said[4])  # the author
    ann.takes_back(said[5])  # the owner: the newest message
    listed = chat.services.rooms.mine(ann.id, ALL).page.items
    assert [view.unread_count for view in listed] == [ann.unread(room)] == [3]
    assert ann.reads(room, up_to=1) == (1, 2)
    assert ann.reads(room, up_to=2) == (2, 2)
    assert ann.unread(room) == 2
    assert ann.history(room, 1, before=said[3], mark_read=True).room.unread_count == 1
    assert bob.history(room).room.unread_count == bob.unread(room) == 3
    assert ann.reads(room, up_to=6) == (6, 0)
    assert [person.unread(room) for person in people] == [0, 3, 0]


def test_one_by_one_deleted_messages_leave_nothing_unread(people):
    ann, bob, _ = people
    room = ann.makes_room(with_=[bob])
    said = [ann.says("x", in_=room).message for _ in range(5)]
    counts = []
    for message in said[::-1]:
        ann.takes_back(message)
        counts.append(bob.unread(room))
    assert counts == [4, 3, 2, 1, 0]


def test_concurrent_deletions_all_count(people):
    ann, bob, carl = people
    room = ann.makes_room(with_=[bob, carl])
    said = [(author, author.says("x", in_=room).message) for author in (ann, carl) * 6]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda pair: pair[0].takes_back(pair[1]), said[:10]))
    assert bob.unread(room) == 2
    assert bob.looks_at(room).room.deleted_seq == 10


def test_a_returning_participant_has_no_deleted_message_unread(people):
    ann, bob, _ = people
    room = ann.makes_room(with_=[bob])
    first = ann.says("one", in_=room).message
    bob.leaves(room)
    second = ann.says("two", in_=room).message
    bob.joins(room)
    ann.takes_back(first)
    ann.takes_back(second)
    assert bob.unread(room) == 0
    ann.takes_back(ann.says("three", in_=room).message)
    ann.says("four", in_=room)
    assert bob.unread(room) == 1


def test_erasure_and_retention_keep_unread_counts(chat, people):
    ann, bob, carl = people
    room, direct = ann.makes_room(with_=[bob, carl]), carl.chats_with(bob)
    for where in (room, direct):
        carl.takes_back(carl.says("one", in_=where).message)
        carl.says("two", in_=where)
    chat.services.erasure.erase(carl.caller, PASSWORD)
    chat.clock.advance(60)
    list(chat.services.retention.apply(LogRetention(changes_seconds=1)))
    assert [bob.unread(room), bob.unread(direct), ann.unread(room)] == [1, 1, 1]


def test_rooms_are_in_the_order_of_their_last_messages_whatever_the_clock_says(chat, people):
    ann, bob, _ = people
    rooms = [ann.makes_room(name, with_=[bob]) for name in "abcd"]
    expected = [*"dcba"]
    for number, hours in ((0, 2), (2, -2), (1, -5), (0, 30), (3, -26), (1, 1)):
        chat.clock.advance(hours * 3_600)
        ann.says("hello", in_=rooms[number])
        name = "abcd"[number]
        expected = [name, *(other for other in expected if other != name)]
        assert ann.rooms() == bob.rooms() == expected
    chat.clock.advance(-100 * 3_600)
    ann.makes_room("e")
    assert ann.rooms() == ["e", *expected]
