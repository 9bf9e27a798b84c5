"""The policy of rooms: the access to writing, the cooldown and the access to the history, on memory adapters."""

import pytest

from builders import ALL, contents, issues_of
from minichat.domain.errors import (
    AnnouncementsOnly,
    Cooldown,
    DirectChatIsFixed,
    MessageNotFound,
    NotAParticipant,
    RoleTooLow,
)
from minichat.domain.history import MessageWindow
from minichat.domain.model import HistoryAccess, Role, WriteAccess
from minichat.domain.room_rules import RoomPolicy

ANNOUNCEMENTS = RoomPolicy(write=WriteAccess.MODERATORS)
JOINED = RoomPolicy(history=HistoryAccess.JOINED)
OPEN = RoomPolicy(WriteAccess.ALL, 0, HistoryAccess.ALL)


@pytest.fixture
def room(ann, bob):
    return ann.makes_room("Tea", with_=[bob])


def sets(person, room, policy):
    return person.chat.services.rooms.edit(person.id, room.id, policy=policy).view.room


def types(person, room):
    person.chat.services.presence.typing(person.id, room.id)


# Setting a policy


def test_a_new_room_has_the_policy_of_its_maker(chat, ann):
    policy = RoomPolicy(WriteAccess.MODERATORS, 60, HistoryAccess.JOINED)
    room = chat.services.rooms.create(ann.id, "News", policy=policy).view.room
    assert (room.write, room.cooldown, room.history) == policy
    usual = chat.services.rooms.create(ann.id, "Tea").view.room
    assert (usual.write, usual.cooldown, usual.history) == OPEN


def test_a_change_keeps_the_settings_that_it_does_not_name(chat, ann, room):
    sets(ann, room, RoomPolicy(WriteAccess.MODERATORS, 60, HistoryAccess.JOINED))
    changed = sets(ann, room, RoomPolicy(cooldown=30))
    assert (changed.write, changed.cooldown, changed.history) == (WriteAccess.MODERATORS, 30, HistoryAccess.JOINED)
    assert chat.memory.changes.log[-1].kind == "room.updated"
    with chat.nothing_changes():
        sets(ann, room, RoomPolicy(cooldown=30))


@pytest.mark.parametrize("cooldown", [-1, 3_601])
def test_a_cooldown_is_at_most_an_hour(chat, ann, room, cooldown):
    wrong = RoomPolicy(cooldown=cooldown)
    for act in (lambda: sets(ann, room, wrong), lambda: chat.services.rooms.create(ann.id, "x", policy=wrong)):
        with chat.nothing_changes():
            assert issues_of(act) == {"cooldown": ["out_of_range"]}


def test_moderators_change_the_policy_but_the_history_is_the_owners(chat, ann, bob, room):
    with chat.nothing_changes(), pytest.raises(RoleTooLow):
        sets(bob, room, ANNOUNCEMENTS)
    chat.gives_role(Role.MODERATOR, bob, room)
    sets(bob, room, RoomPolicy(WriteAccess.MODERATORS, 5, HistoryAccess.ALL))
    with chat.nothing_changes(), pytest.raises(RoleTooLow):
        sets(bob, room, JOINED)
    sets(ann, room, JOINED)
    with chat.nothing_changes(), pytest.raises(RoleTooLow):
        sets(bob, room, OPEN)


def test_a_direct_chat_has_no_policy(ann, bob):
    direct = ann.chats_with(bob)
    for policy in (ANNOUNCEMENTS, JOINED, RoomPolicy(cooldown=5)):
        with pytest.raises(DirectChatIsFixed):
            sets(ann, direct, policy)


# Announcements


def test_in_announcements_only_owner_and_moderators_write_and_type(chat, ann, bob, carl, room):
    ann.adds(carl, to=room)
    chat.gives_role(Role.MODERATOR, carl, room)
    sets(ann, room, ANNOUNCEMENTS)
    for member in (ann, carl):
        member.says("news", in_=room)
        types(member, room)
    for act in (lambda: bob.says("hello", in_=room), lambda: types(bob, room)):
        with chat.nothing_changes(), pytest.raises(AnnouncementsOnly):
            act()
    sets(ann, room, OPEN)
    assert bob.says("hello", in_=room).message.seq == 3


def test_in_announcements_members_react_edit_and_delete_their_own(chat, ann, bob, room):
    mine, yours = bob.says("mine", in_=room).message, ann.says("yours", in_=room).message
    sets(ann, room, ANNOUNCEMENTS)
    chat.services.reactions.add(bob.id, yours.id, "👍")
    bob.rewrites(mine, "still mine")
    bob.takes_back(mine)


def test_a_retry_gets_the_first_message_when_announcements_or_a_cooldown_refuse_new_ones(ann, bob, room):
    first = bob.says("hello", in_=room, client_id="one").message
    for policy in (ANNOUNCEMENTS, RoomPolicy(WriteAccess.ALL, 60)):
        sets(ann, room, policy)
        again = bob.says("hello", in_=room, client_id="one")
        assert (again.message, again.is_replay) == (first, True)


# Cooldown


def test_a_member_waits_after_each_new_message(chat, ann, bob, carl, room):
    ann.adds(carl, to=room)
    sets(ann, room, RoomPolicy(cooldown=10))
    bob.says("one", in_=room)
    chat.clock.advance(3.5)
    with chat.nothing_changes(), pytest.raises(Cooldown) as caught:
        bob.says("two", in_=room)
    assert caught.value.retry_after == 7
    carl.says("from another member", in_=room)
    chat.clock.advance(6.5)
    bob.says("two", in_=room)


def test_owner_and_moderators_do_not_wait(chat, ann, bob, room):
    chat.gives_role(Role.MODERATOR, bob, room)
    sets(ann, room, RoomPolicy(cooldown=10))
    for person in (ann, bob):
        for content in "ab":
            person.says(content, in_=room)


def test_deleting_leaving_and_joining_again_do_not_shorten_a_cooldown(chat, ann, bob, room):
    sets(ann, room, RoomPolicy(cooldown=10))
    message = bob.says("one", in_=room).message
    bob.takes_back(message)
    bob.leaves(room)
    bob.joins(room)
    with pytest.raises(Cooldown):
        bob.says("two", in_=room)


def test_a_cooldown_counts_from_messages_before_it_was_set(chat, ann, bob, room):
    bob.says("one", in_=room)
    sets(ann, room, RoomPolicy(cooldown=10))
    with pytest.raises(Cooldown):
        bob.says("two", in_=room)


def test_an_edit_a_retry_and_messages_elsewhere_start_no_cooldown(chat, ann, bob, room):
    other = bob.makes_room("Other")
    sets(ann, room, RoomPolicy(cooldown=10))
    message = bob.says("one", in_=room, client_id="one").message
    chat.clock.advance(9)
    bob.rewrites(message, "uno")
    bob.says("one", in_=room, client_id="one")
    bob.says("elsewhere", in_=other)
    chat.clock.advance(1)
    bob.says("two", in_=room)


def test_a_clock_that_is_set_back_does_not_prolong_a_cooldown(chat, ann, bob, room):
    sets(ann, room, RoomPolicy(cooldown=10))
    bob.says("one", in_=room)
    chat.clock.advance(-3)
    with pytest.raises(Cooldown) as caught:
        bob.says("two", in_=room)
    assert caught.value.retry_after == 10
    chat.clock.advance(-3_600)
    bob.says("two", in_=room)


# History from joining on


@pytest.fixture
def hidden(ann, bob, carl, room):
    """Carl joins after a message of ann's, and then bob writes: the first is hidden from carl."""
    sets(ann, room, JOINED)
    first = ann.says("before", in_=room).message
    ann.adds(carl, to=room)
    bob.says("after", in_=room)
    return first


def test_a_participant_reads_from_joining_on(ann, bob, carl, room, hidden):
    assert contents(carl.history(room)) == contents(carl.latest()) == ["after"]
    assert contents(bob.history(room)) == contents(ann.latest()) == ["before", "after"]
    assert carl.looks_at(room).last_message.content == "after"


def test_pages_end_at_the_joining(chat, ann, bob, carl, room):
    sets(ann, room, JOINED)
    for number in range(3):
        ann.says(f"old {number}", in_=room)
    ann.adds(carl, to=room)
    for number in range(3):
        ann.says(f"new {number}", in_=room)
    page = carl.history(room, 2)
    assert (contents(page), page.has_older) == (["new 1", "new 2"], True)
    page = carl.history(room, 2, before=page.messages[0])
    assert (contents(page), page.has_older) == (["new 0"], False)
    newer = carl.history(room, 2, after=page.messages[0])
    assert (contents(newer), newer.has_older) == (["new 1", "new 2"], True)
    around = carl.history(room, 3, around=page.messages[0])
    assert (contents(around), around.has_older) == (["new 0", "new 1", "new 2"], False)
    every = [message.content for message in carl.latest(2).messages]
    assert every == ["new 1", "new 2"]
    assert contents(carl.latest(2, before=page.messages[0])) == []
    start = bob.history(room).messages[0]
    assert contents(carl.latest(2, after=start)) == ["new 0", "new 1"]


def test_a_hidden_message_is_one_that_does_not_exist(chat, ann, carl, room, hidden):
    services = chat.services
    for act in (
        lambda: carl.looks_up(hidden),
        lambda: services.reactions.add(carl.id, hidden.id, "👍"),
        lambda: services.reactions.of_message(carl.id, hidden.id, None, ALL),
        lambda: services.messaging.edit(carl.id, hidden.id, "x"),
        lambda: services.messaging.delete(carl.id, hidden.id),
    ):
        with chat.nothing_changes(), pytest.raises(MessageNotFound):
            act()
    for side in ("before", "after", "around"):
        window = MessageWindow(5, **{side: hidden.id})
        assert issues_of(lambda window=window: services.history.of_room(carl.id, room.id, window, mark_read=False)) == {
            side: ["unknown_message"]
        }
    assert issues_of(lambda: carl.says("x", in_=room, reply_to=hidden)) == {"reply_to": ["unknown_message"]}
    check = services.messaging.check_sent
    assert issues_of(lambda: check(carl.id, room.id, reply_to=hidden.id)) == {"reply_to": ["unknown_message"]}


@pytest.mark.parametrize("seq", [0, 1, 2, 99])
def test_a_page_around_a_place_shows_nothing_from_before_the_joining(chat, carl, room, hidden, seq):
    for limit in (1, 5):
        page = carl.history(room, limit, around_seq=seq)
        assert contents(page) == ["after"]
        assert not page.has_older


def test_pins_before_the_joining_are_hidden(chat, ann, bob, carl, room, hidden):
    chat.services.pins.add(ann.id, hidden.id)
    assert chat.services.pins.of_room(carl.id, room.id).page.items == ()
    assert len(chat.services.pins.of_room(bob.id, room.id).page.items) == 1


def test_own_messages_from_an_earlier_membership_are_hidden(chat, ann, bob, room):
    sets(ann, room, JOINED)
    mine = bob.says("mine", in_=room, client_id="one").message
    bob.leaves(room)
    bob.joins(room)
    for act in (
        lambda: bob.looks_up(mine),
        lambda: bob.rewrites(mine, "x"),
        lambda: bob.takes_back(mine),
        lambda: bob.says("mine", in_=room, client_id="one"),
    ):
        with chat.nothing_changes(), pytest.raises(MessageNotFound):
            act()
    exported = [message for page in chat.services.export.begin(bob.caller).messages for message, _ in page]
    assert exported == [mine]


def test_a_new_participant_has_no_last_message(ann, carl, room):
    sets(ann, room, JOINED)
    ann.says("before", in_=room)
    carl.joins(room)
    assert (carl.looks_at(room).last_message, carl.unread(room)) == (None, 0)
    assert ann.looks_at(room).last_message.content == "before"


def test_switching_the_history_works_at_once_and_both_ways(ann, carl, room, hidden):
    sets(ann, room, OPEN)
    assert contents(carl.history(room)) == contents(carl.latest()) == ["before", "after"]
    assert carl.looks_up(hidden).message == hidden
    sets(ann, room, JOINED)
    assert contents(carl.history(room)) == contents(carl.latest()) == ["after"]


def test_only_readers_of_a_message_receive_its_changes(chat, ann, bob, carl, room, hidden):
    readers = chat.services.change_log.is_read_for([hidden], {room.id: {ann.id, bob.id, carl.id}})[hidden.id]
    assert set(readers) == {ann.id, bob.id}


def test_outsiders_read_nothing_of_a_joined_history(carl, ann, room):
    sets(ann, room, JOINED)
    ann.says("hello", in_=room)
    with pytest.raises(NotAParticipant):
        carl.history(room)
    assert carl.looks_at(room).last_message is None
