"""The port `ReactionStore`: reactions by message, emoji and user; and the marks that messages keep themselves."""

import pytest

from minichat.domain.model import NewMessage, Reaction
from minichat.domain.paging import Window

NONE = 2**53 - 1
ALL = Window(50)


@pytest.fixture
def message(ports, room, ann):
    return sent(ports, room, ann)


def sent(ports, room, user):
    with ports.transaction(room=room.id):
        return ports.message_store.append(NewMessage(room.id, user.id, "hello", 1_000))


def react(ports, message, emoji, user, at=2_000):
    with ports.transaction(room=message.room_id):
        return ports.reaction_store.add(message.id, emoji, user.id, at)


def counts(ports, *messages, viewers=()):
    found = ports.reaction_store.counts([one.id for one in messages], [viewer.id for viewer in viewers])
    return {
        message_id: [(one.emoji, one.total, one.first_user_ids, set(one.viewers)) for one in counted]
        for message_id, counted in found.items()
    }


def test_a_new_reaction_has_the_given_fields_and_exists_once(ports, message, bob):
    assert [react(ports, message, "👍", bob, at=7_000), react(ports, message, "👍", bob, at=9_000)] == [True, False]
    [found] = ports.reaction_store.page(message.id, None, ALL)
    assert found == Reaction(found.id, message.id, "👍", bob.id, 7_000)


def test_a_reaction_is_removed_once(ports, message, ann, bob):
    for user in (ann, bob):
        react(ports, message, "👍", user)
    with ports.transaction(room=message.room_id):
        removed = [ports.reaction_store.remove(message.id, "👍", bob.id) for _ in range(2)]
        other = ports.reaction_store.remove(message.id, "🎉", ann.id)
    assert (removed, other) == ([True, False], False)
    assert counts(ports, message) == {message.id: [("👍", 1, (ann.id,), set())]}


def test_counts_have_the_order_of_first_use_and_the_viewers_who_reacted(ports, room, message, ann, bob, carl):
    other = sent(ports, room, bob)
    silent = sent(ports, room, bob)
    for one, emoji, user in (
        (message, "🎉", bob),
        (message, "👍", ann),
        (message, "🎉", carl),
        (other, "❤\ufe0f", ann),
        (message, "🎉", ann),
    ):
        react(ports, one, emoji, user)
    assert counts(ports, message, other, silent, viewers=[ann, bob]) == {
        message.id: [("🎉", 3, (bob.id, carl.id, ann.id), {ann.id, bob.id}), ("👍", 1, (ann.id,), {ann.id})],
        other.id: [("❤\ufe0f", 1, (ann.id,), {ann.id})],
    }
    assert counts(ports, message, viewers=[carl])[message.id][0] == ("🎉", 3, (bob.id, carl.id, ann.id), {carl.id})
    assert counts(ports) == {}


def test_counts_name_ten_users_at_most(ports, message, add_user):
    users = [add_user(f"user {number}") for number in range(12)]
    for user in users:
        react(ports, message, "👍", user)
    assert counts(ports, message, viewers=[users[11]]) == {
        message.id: [("👍", 12, tuple(user.id for user in users[:10]), {users[11].id})]
    }


@pytest.mark.parametrize(
    ("limit", "edge", "expected"),
    [
        (5, {}, "abcde"),
        (2, {}, "abc"),
        (2, {"after": "b"}, "cde"),
        (2, {"before": "e"}, "bcd"),
        (1, {"after": "e"}, ""),
    ],
)
def test_reactions_are_paged_in_the_order_of_reacting(ports, message, add_user, limit, edge, expected):
    users = {name: add_user(f"user {name}") for name in "abcde"}
    for name, user in users.items():
        react(ports, message, "👍" if name != "c" else "🎉", user)
    keys = {one.user_id: (one.id,) for one in ports.reaction_store.page(message.id, None, ALL)}
    window = Window(limit, **{side: keys[users[name].id] for side, name in edge.items()})
    found = ports.reaction_store.page(message.id, None, window)
    assert [one.user_id for one in found] == [users[name].id for name in expected]


def test_the_reactions_with_one_emoji_are_paged(ports, message, ann, bob, carl):
    for user, emoji in ((carl, "👍"), (ann, "🎉"), (bob, "👍"), (ann, "👍")):
        react(ports, message, emoji, user)
    found = ports.reaction_store.page(message.id, "👍", Window(1))
    assert [one.user_id for one in found] == [carl.id, bob.id]
    rest = ports.reaction_store.page(message.id, "👍", Window(5, after=(found[0].id,)))
    assert [one.user_id for one in rest] == [bob.id, ann.id]


def test_all_reactions_of_a_user_are_listed_by_id_without_removed_rooms(ports, room, add_room, ann, bob):
    gone = add_room(ann)
    messages = [sent(ports, place, ann) for place in (room, gone, room, room)]
    for one in messages:
        react(ports, one, "👍", bob)
        react(ports, one, "👍", ann)
    with ports.transaction(room=gone.id):
        ports.room_store.remove(gone.id, 3_000)
    found = ports.reaction_store.all_of(bob.id, 0, 2)
    assert [one.message_id for one in found] == [messages[0].id, messages[2].id]
    assert [one.message_id for one in ports.reaction_store.all_of(bob.id, found[-1].id, 2)] == [messages[3].id]


def test_all_reactions_to_a_message_are_removed(ports, room, message, ann, bob):
    other = sent(ports, room, ann)
    for one in (message, other):
        react(ports, one, "👍", bob)
    with ports.transaction(room=room.id):
        ports.reaction_store.remove_all(message.id)
    assert counts(ports, message, other) == {other.id: [("👍", 1, (bob.id,), set())]}


def test_the_reactions_of_a_removed_room_are_swept_with_its_messages(ports, room, message, bob):
    react(ports, message, "👍", bob)
    with ports.transaction(room=room.id):
        ports.room_store.remove(room.id, 3_000)
    while True:
        with ports.transaction():
            if not ports.room_store.sweep(4_000, 100):
                break
    assert list(ports.reaction_store.page(message.id, None, ALL)) == []


# The marks of a message


def mark(ports, message, pinned_by=None, **marks):
    with ports.transaction(room=message.room_id):
        ports.message_store.set_marks(message._replace(**marks), pinned_by)


def test_a_new_message_has_no_marks(message):
    assert (message.has_reactions, message.pin) == (False, None)


def test_marks_are_stored_and_keep_the_user_who_pinned(ports, message, ann, bob):
    mark(ports, message, pin=7, pinned_by=bob.id)
    mark(ports, message, pin=7, has_reactions=True)
    assert ports.message_store.get(message.id) == message._replace(pin=7, has_reactions=True)
    assert [one.id for one in ports.message_store.pinned_by(bob.id, 0, 9)] == [message.id]
    mark(ports, message)
    assert ports.message_store.get(message.id) == message
    assert list(ports.message_store.pinned_by(bob.id, 0, 9)) == []


def test_pinned_messages_of_a_room_stand_with_the_last_pinned_first(ports, room, add_room, ann):
    messages = [sent(ports, room, ann) for _ in range(4)]
    elsewhere = sent(ports, add_room(ann), ann)
    for one, pin in ((messages[2], 1), (messages[0], 2), (messages[3], 5), (elsewhere, 3)):
        mark(ports, one, pin=pin, pinned_by=ann.id)
    assert [one.id for one in ports.message_store.pinned(room.id)] == [messages[number].id for number in (3, 0, 2)]
    found = ports.message_store.pinned_by(ann.id, messages[0].id, 2)
    assert [one.id for one in found] == [messages[2].id, messages[3].id]


def test_a_forgotten_user_leaves_their_pins(ports, message, ann, bob):
    mark(ports, message, pin=1, pinned_by=bob.id)
    with ports.transaction(account=bob.id):
        ports.message_store.forget_pinner(bob.id)
    assert list(ports.message_store.pinned_by(bob.id, 0, 9)) == []
    assert [one.pin for one in ports.message_store.pinned(message.room_id)] == [1]


def test_a_message_that_an_earlier_version_deletes_shows_no_marks(chat, ports, message, ann, bob):
    react(ports, message, "👍", bob)
    marked = message._replace(has_reactions=True, pin=1)
    mark(ports, message, has_reactions=True, pin=1, pinned_by=ann.id)
    with ports.transaction(room=message.room_id):
        ports.message_store.update(marked._replace(content="", is_deleted=True), None)
    assert list(ports.message_store.pinned(message.room_id)) == []
    assert chat.services.messaging.get(ann.id, message.id).details.reactions == {}
