"""Several subscriptions read the log together, and each receives exactly what it would receive alone."""

from random import Random

import pytest

from minichat.domain.changes import LOOK_AHEAD
from minichat.domain.errors import ResyncRequired
from minichat.domain.model import NO_ROOM, Change, ChangeKind

LIMIT = 200


def records(chat, kind, room_id, user, **more):
    with chat.memory.store.transaction(room=room_id):
        chat.memory.changes.record(Change(kind, room_id, chat.clock(), user_id=user.id, **more))


@pytest.fixture
def busy_chat(chat, ann, bob, carl):
    """A chat in which people join, leave, speak and change private settings; return it with all positions."""
    rng = Random(16)
    first = ann.subscribe()
    positions = [first.position]
    rooms = [ann.makes_room(with_=[bob]), ann.makes_room(), bob.makes_room(with_=[ann])]
    for step in range(60):
        person, room = rng.choice((ann, bob, carl)), rng.choice(rooms)
        chat.clock.advance(seconds=1)
        is_in = room.id in person.subscribe().rooms
        if not is_in:
            person.joins(room)
        elif step % 11 == 0:
            rooms.append(person.makes_room())
        elif step % 7 == 0 and person is not ann:
            person.leaves(room)
        elif step % 4 == 0:
            records(chat, ChangeKind.ROOM_NOTIFY, room.id, person)
            records(chat, ChangeKind.BLOCK_CHANGED, NO_ROOM, person, other_id=ann.id)
        else:
            person.says(str(step), in_=room)
        positions.append(ann.subscribe().position)
    return chat, positions


@pytest.mark.parametrize("limit", [7, LIMIT])
def test_reading_together_returns_the_same_as_reading_alone(busy_chat, ann, bob, carl, limit):
    chat, positions = busy_chat
    log = chat.services.change_log
    for position in positions:
        later = [other for other in positions if other >= position][:5]
        places = [(person, at) for at in later for person in (ann, bob, carl)]
        together = [person.subscribe(at) for person, at in places]
        batches = log.read_together(together, limit)
        if not batches:
            continue
        for (person, at), subscription, batch in zip(places, together, batches, strict=True):
            alone = person.subscribe(at)
            changes, has_more = [], True
            while has_more:
                found, has_more = log.read(alone, 1)
                changes += [logged for logged in found if logged.position <= subscription.position]
                has_more = has_more and alone.position < subscription.position
            assert list(batch.changes) == changes
            if not batch.has_more:
                assert (subscription.position, subscription.rooms) == (alone.position, alone.rooms)


def test_a_subscription_past_the_part_that_is_read_stays_where_it_is(chat, ann, bob):
    room = ann.makes_room(with_=[bob])
    early = ann.subscribe()
    for number in range(5):
        ann.says(str(number), in_=room)
    late = bob.subscribe()
    position = late.position
    ann.says("last", in_=room)
    first, second = chat.services.change_log.read_together([early, late], 3)
    assert (len(first.changes), first.has_more) == (3, True)
    assert (list(second.changes), late.position) == ([], position)


def test_a_subscription_with_few_of_the_changes_reads_alone(chat, ann, bob):
    ann.makes_room()
    subscriptions = [ann.subscribe(), ann.subscribe()]
    positions = [one.position for one in subscriptions]
    elsewhere = bob.makes_room()
    for number in range(LOOK_AHEAD * 4):
        bob.says(str(number), in_=elsewhere)
    assert not chat.services.change_log.read_together(subscriptions, 4)
    assert [one.position for one in subscriptions] == positions


def test_the_changes_of_other_rooms_do_not_end_a_reading(chat, ann, bob):
    room, elsewhere = ann.makes_room(), bob.makes_room()
    subscriptions = [ann.subscribe(), ann.subscribe()]
    for number in range(4):
        ann.says(str(number), in_=room)
        bob.says(str(number), in_=elsewhere)
    batches = chat.services.change_log.read_together(subscriptions, 4)
    assert [(len(batch.changes), batch.has_more) for batch in batches] == [(4, False)] * 2
    assert subscriptions[0].position == bob.subscribe().position


def test_a_position_before_the_log_requires_a_resync(chat, ann):
    room = ann.makes_room()
    subscription = ann.subscribe()
    ann.says("one", in_=room)
    chat.clock.advance(seconds=1)
    with chat.memory.store.transaction():
        chat.memory.changes.sweep(chat.clock(), 100)
    with pytest.raises(ResyncRequired):
        chat.services.change_log.read_together([subscription, ann.subscribe()], LIMIT)


def test_the_blocks_of_several_users_are_read_together(chat, ann, bob, carl):
    ann.blocks(bob)
    assert chat.services.change_log.blocked_by([ann.id, carl.id]) == {ann.id: {bob.id}, carl.id: set()}
