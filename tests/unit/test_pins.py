"""The rules for pinned messages, on memory adapters."""

import pytest

from builders import PASSWORD
from minichat.domain.errors import MessageDeleted, MessageNotFound, NotAParticipant, RoleTooLow, TooManyPins
from minichat.domain.model import Device, Role
from minichat.domain.paging import Window
from minichat.domain.pins import MAX_PINS


@pytest.fixture
def room(ann, bob):
    return ann.makes_room("Tea", with_=[bob])


@pytest.fixture
def message(bob, room):
    return bob.says("hello", in_=room).message


def pins(person, message):
    return person.chat.services.pins.add(person.id, message.id)


def unpins(person, message):
    return person.chat.services.pins.remove(person.id, message.id)


def pinned(person, room):
    return [message.content for message in person.chat.services.pins.of_room(person.id, room.id).page.items]


def test_pins_stand_with_the_last_pinned_first(ann, bob, room):
    messages = {content: bob.says(content, in_=room).message for content in "abc"}
    for content in "bca":
        pins(ann, messages[content])
    assert pinned(bob, room) == ["a", "c", "b"]
    assert pins(ann, messages["b"]).message.pin is not None
    assert pinned(bob, room) == ["a", "c", "b"]
    unpins(ann, messages["c"])
    pins(ann, messages["c"])
    assert pinned(bob, room) == ["c", "a", "b"]


def test_pinning_again_and_unpinning_again_change_nothing(chat, ann, message):
    with chat.nothing_changes():
        unpins(ann, message)
    pins(ann, message)
    with chat.nothing_changes():
        pins(ann, message)


def test_in_a_group_owner_and_moderators_pin(chat, ann, bob, room, message):
    for act in (pins, unpins):
        with chat.nothing_changes(), pytest.raises(RoleTooLow):
            act(bob, message)
    chat.gives_role(Role.MODERATOR, bob, room)
    pins(bob, message)
    unpins(ann, message)
    assert pinned(ann, room) == []


def test_in_a_direct_chat_both_users_pin(ann, bob):
    room = ann.chats_with(bob)
    message = ann.says("hello", in_=room).message
    pins(bob, message)
    unpins(ann, message)
    assert pins(ann, message).message.pin is not None


def test_only_participants_pin_and_see_pins(chat, ann, carl, room, message):
    hidden = ann.says("hush", in_=ann.makes_room("Secret", private=True)).message
    for act in (pins, unpins):
        for place, error in ((message, NotAParticipant), (hidden, MessageNotFound)):
            with chat.nothing_changes(), pytest.raises(error):
                act(carl, place)
    with pytest.raises(NotAParticipant):
        pinned(carl, room)


def test_a_room_has_at_most_fifty_pins(chat, ann, room):
    messages = [ann.says(f"{number}", in_=room).message for number in range(MAX_PINS + 1)]
    for message in messages[:MAX_PINS]:
        pins(ann, message)
    with chat.nothing_changes(), pytest.raises(TooManyPins):
        pins(ann, messages[MAX_PINS])
    pins(ann, messages[0])
    unpins(ann, messages[0])
    pins(ann, messages[MAX_PINS])
    assert len(pinned(ann, room)) == MAX_PINS


def test_the_list_of_pins_has_pages_in_both_directions(ann, bob, room):
    for content in "abcde":
        pins(ann, ann.says(content, in_=room).message)

    def page(window):
        return bob.chat.services.pins.of_room(bob.id, room.id, window).page

    def contents(found):
        return "".join(message.content for message in found.items)

    first = page(Window(2))
    second = page(Window(2, after=first.next))
    last = page(Window(2, after=second.next))
    assert [contents(found) for found in (first, second, last)] == ["ed", "cb", "a"]
    assert (first.prev, last.next) == (None, None)
    assert contents(page(Window(2, before=last.prev))) == "cb"
    assert page(Window(2, before=second.prev)) == first
    assert page(Window(5)).next is None
    assert page(Window(1, after=last.prev)).items == ()


def test_a_deleted_message_is_unpinned_and_cannot_be_pinned(chat, ann, room, message):
    pins(ann, message)
    start = len(chat.memory.changes.log)
    ann.takes_back(message)
    assert (pinned(ann, room), ann.looks_up(message).message.pin) == ([], None)
    assert [change.kind for change in chat.memory.changes.log[start:]] == ["message.deleted"]
    with chat.nothing_changes(), pytest.raises(MessageDeleted):
        pins(ann, message)
    with chat.nothing_changes():
        unpins(ann, message)


def test_a_pin_outlasts_an_edit_and_the_account_that_pinned(chat, ann, bob, carl, room, message):
    ann.adds(carl, to=room)
    chat.gives_role(Role.MODERATOR, carl, room)
    pins(carl, message)
    bob.rewrites(message, "hello again")
    chat.services.erasure.erase(carl.caller, PASSWORD, Device())
    assert pinned(ann, room) == ["hello again"]
    assert chat.memory.store.tables.pinned_by == {}


def test_each_pin_is_in_the_change_log(chat, ann, message):
    start = len(chat.memory.changes.log)
    pins(ann, message)
    pins(ann, message)
    unpins(ann, message)
    found = [(change.kind, change.message_id) for change in chat.memory.changes.log[start:]]
    assert found == [("message.pinned", message.id), ("message.unpinned", message.id)]


def test_a_reaction_keeps_the_pin_and_a_pin_the_reactions(chat, ann, bob, message):
    pins(ann, message)
    chat.services.reactions.add(bob.id, message.id, "👍")
    assert ann.looks_up(message).message.pin is not None
    assert chat.memory.store.tables.pinned_by == {message.id: ann.id}
    unpins(ann, message)
    assert ann.looks_up(message).message.has_reactions is True
