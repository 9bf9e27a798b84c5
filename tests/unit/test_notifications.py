"""The rules for notification levels, mutes and counts of unread messages, on memory adapters."""

import pytest

from minichat.domain.errors import NotAParticipant, RoomNotFound
from minichat.domain.model import HOUR, Mute, NotifyLevel


@pytest.fixture
def room(ann, bob):
    return ann.makes_room("Tea", with_=[bob])


def sets(person, room, notify=None, mute=None):
    return person.chat.services.notifications.set(person.id, room.id, notify=notify, mute=mute).view.membership


def unread(person):
    """The totals of unread messages and mentions, and by the room's id both of its counts."""
    total, mentions, rooms = person.chat.services.notifications.unread(person.id)
    return total, mentions, {one.membership.room_id: (one.unread_count, one.unread_mentions) for one in rooms}


def test_a_room_notifies_of_everything_at_first(bob, room):
    membership = bob.looks_at(room).membership
    assert (membership.notify, membership.muted(0)) == (NotifyLevel.ALL, None)


def test_a_participant_sets_the_level_and_the_mute_separately(chat, bob, room):
    until = chat.clock.now + HOUR
    assert sets(bob, room, notify=NotifyLevel.MENTIONS).notify == NotifyLevel.MENTIONS
    muted = sets(bob, room, mute=Mute(until))
    assert (muted.notify, muted.muted(chat.clock.now)) == (NotifyLevel.MENTIONS, until)
    again = sets(bob, room, notify=NotifyLevel.NONE)
    assert (again.notify, again.muted(chat.clock.now)) == (NotifyLevel.NONE, until)
    assert sets(bob, room, mute=Mute(None)).muted(chat.clock.now) is None


def test_a_mute_ends_at_its_time(chat, bob, room):
    sets(bob, room, mute=Mute(chat.clock.now + HOUR))
    chat.clock.advance(3_599)
    assert bob.looks_at(room).membership.muted(chat.clock.now) is not None
    chat.clock.advance(1)
    assert bob.looks_at(room).membership.muted(chat.clock.now) is None


def test_a_mute_until_the_past_unmutes(chat, bob, room):
    sets(bob, room, mute=Mute(chat.clock.now + HOUR))
    for past in (chat.clock.now, chat.clock.now - 1, -1):
        assert sets(bob, room, mute=Mute(past)).muted(chat.clock.now) is None


@pytest.mark.parametrize("ahead", [2 * 3_600, 400 * 86_400])
def test_a_mute_from_a_clock_that_was_ahead_does_not_outlast_its_period(chat, bob, room, ahead):
    chat.clock.advance(ahead)
    sets(bob, room, mute=Mute(chat.clock.now + HOUR))
    chat.clock.advance(-ahead)
    assert bob.looks_at(room).membership.muted(chat.clock.now) is None


def test_the_same_setting_again_changes_nothing(chat, bob, room):
    until = chat.clock.now + HOUR
    sets(bob, room, notify=NotifyLevel.NONE, mute=Mute(until))
    chat.clock.advance(1)
    with chat.nothing_changes():
        sets(bob, room)
        sets(bob, room, notify=NotifyLevel.NONE)
        sets(bob, room, mute=Mute(until))


def test_only_ones_own_devices_learn_of_a_setting(chat, ann, bob, room):
    subscriptions = [person.subscribe() for person in (ann, bob)]
    sets(bob, room, notify=NotifyLevel.NONE)
    heard = [person.hears(one) for person, one in zip((ann, bob), subscriptions, strict=True)]
    assert heard == [[], [("room.notify", bob.id)]]
    assert ann.looks_at(room).membership.notify == NotifyLevel.ALL


def test_the_setting_goes_with_the_membership(bob, room):
    sets(bob, room, notify=NotifyLevel.NONE, mute=Mute(2**50))
    bob.leaves(room)
    bob.joins(room)
    membership = bob.looks_at(room).membership
    assert (membership.notify, membership.muted_until) == (NotifyLevel.ALL, None)


def test_only_a_participant_has_a_setting(chat, ann, carl, room):
    secret = ann.makes_room("Secret", private=True)
    for place, error in ((room, NotAParticipant), (secret, RoomNotFound)):
        with chat.nothing_changes(), pytest.raises(error):
            sets(carl, place, notify=NotifyLevel.NONE)


def test_rooms_with_something_unread_are_listed_by_latest_activity(ann, bob, room):
    other, quiet = ann.makes_room("Milk", with_=[bob]), ann.makes_room("Quiet", with_=[bob])
    assert unread(bob) == (0, 0, {})
    ann.says("one", in_=room)
    ann.says("@bob", in_=other)
    bob.says("read", in_=quiet)
    assert unread(bob) == (2, 1, {other.id: (1, 1), room.id: (1, 0)})
    assert [*unread(bob)[2]] == [other.id, room.id]
    assert unread(ann) == (1, 0, {quiet.id: (1, 0)})


def test_a_room_whose_unread_messages_are_all_deleted_is_not_listed(ann, bob, room):
    message = ann.says("@bob", in_=room).message
    ann.takes_back(message)
    assert unread(bob) == (0, 0, {})


def test_totals_leave_out_silent_rooms_and_the_list_shows_all(chat, ann, bob):
    rooms = [ann.makes_room(name, with_=[bob]) for name in ("loud", "muted", "mentions", "none", "both")]
    loud, muted, mentions, none, both = rooms
    for number, room in enumerate(rooms):
        for _ in range(2**number):
            ann.says("@bob", in_=room)
    mute = Mute(chat.clock.now + HOUR)
    sets(bob, muted, mute=mute)
    sets(bob, mentions, notify=NotifyLevel.MENTIONS)
    sets(bob, none, notify=NotifyLevel.NONE)
    sets(bob, both, notify=NotifyLevel.NONE, mute=mute)
    total, in_total, by_room = unread(bob)
    assert (total, in_total) == (1 + 4, 1 + 2 + 4)
    assert by_room == {room.id: (2**number, 2**number) for number, room in enumerate(rooms)}
    chat.clock.advance(3_600)
    assert unread(bob)[:2] == (1 + 2 + 4, 1 + 2 + 4)
    assert loud.id in by_room
