"""Reading the change log: the changes that each subscription gets, from any position on."""

from collections.abc import Callable

import pytest

from minichat.adapters.memory.memberships import MemoryMembershipStore
from minichat.domain.changes import Moves, Subscription
from minichat.domain.errors import ResyncRequired
from minichat.domain.model import NO_ROOM, Change, ChangeKind, LoggedChange, Role


def test_a_participant_gets_the_changes_of_a_room_in_order(ann, bob):
    room = ann.makes_room(with_=[bob])
    subscription = bob.subscribe()
    ann.says("one", in_=room)
    ann.edits(room, name="Tea")
    bob.reads(room, up_to=1)
    assert bob.hears(subscription) == [("message.created", ann.id), ("room.updated",), ("message.read", bob.id, 1)]
    assert bob.hears(subscription) == []


def test_an_outsider_receives_no_change_of_a_room(ann, bob, carl):
    room = ann.makes_room(private=True, with_=[bob])
    public = ann.makes_room()
    subscription = carl.subscribe()
    ann.says("one", in_=room)
    ann.says("two", in_=public)
    assert carl.hears(subscription) == []


def test_participants_of_a_new_room_get_its_creation_and_participants(ann, bob):
    subscriptions = [ann.subscribe(), bob.subscribe()]
    ann.makes_room(with_=[bob])
    made = [
        ("room.created",),
        ("participant.joined", ann.id, Role.OWNER),
        ("participant.joined", bob.id, Role.MEMBER),
    ]
    assert [person.hears(subscription) for person, subscription in zip((ann, bob), subscriptions, strict=True)] == [
        made,
        made,
    ]


def test_both_hear_of_a_new_direct_chat(ann, bob):
    subscriptions = [ann.subscribe(), bob.subscribe()]
    ann.chats_with(bob)
    for person, subscription in zip((ann, bob), subscriptions, strict=True):
        assert [kind for kind, *_ in person.hears(subscription)] == ["room.created", *["participant.joined"] * 2]


def test_a_new_participant_gets_the_joining_and_later_changes(chat, ann, bob, carl):
    position = bob.subscribe().position
    room = ann.makes_room(with_=[carl])
    chat.clock.advance(seconds=1)
    ann.says("before", in_=room)
    live = bob.subscribe()
    bob.joins(room)
    ann.says("after", in_=room)
    heard = [("participant.joined", bob.id, Role.MEMBER), ("message.created", ann.id)]
    assert bob.hears(live) == heard
    assert bob.hears(bob.subscribe(position)) == heard


def test_the_users_departure_is_the_last_change_of_a_room_that_the_user_receives(chat, ann, bob):
    room = ann.makes_room(with_=[bob])
    subscription = bob.subscribe()
    bob.leaves(room)
    ann.says("among us", in_=room)
    assert bob.hears(subscription) == [("participant.left", bob.id, Role.MEMBER)]


def test_a_participant_who_left_offline_receives_no_earlier_message(ann, bob):
    room = ann.makes_room(with_=[bob])
    position = bob.subscribe().position
    ann.says("you are still in", in_=room)
    bob.leaves(room)
    ann.says("you are not", in_=room)
    assert bob.hears(bob.subscribe(position)) == [("participant.left", bob.id, Role.MEMBER)]


def test_a_returning_participant_gets_the_changes_of_both_stays(ann, bob):
    room = ann.makes_room(with_=[bob])
    position = bob.subscribe().position
    ann.says("in", in_=room)
    bob.leaves(room)
    ann.says("out", in_=room)
    bob.joins(room)
    ann.says("in again", in_=room)
    assert bob.hears(bob.subscribe(position)) == [
        ("message.created", ann.id),
        ("participant.left", bob.id, Role.MEMBER),
        ("participant.joined", bob.id, Role.MEMBER),
        ("message.created", ann.id),
    ]


def test_a_user_who_joined_and_left_offline_receives_no_change_of_the_room(ann, bob):
    position = bob.subscribe().position
    room = ann.makes_room(with_=[bob])
    ann.says("hello", in_=room)
    bob.leaves(room)
    assert bob.hears(bob.subscribe(position)) == [("participant.left", bob.id, Role.MEMBER)]


def test_the_removal_of_a_room_is_its_last_change(ann, bob):
    room = ann.makes_room(with_=[bob])
    subscriptions = [ann.subscribe(), bob.subscribe()]
    ann.says("goodbye", in_=room)
    ann.deletes(room)
    for person, subscription in zip((ann, bob), subscriptions, strict=True):
        assert person.hears(subscription) == [("message.created", ann.id), ("room.deleted",)]


def test_the_last_participant_to_leave_receives_the_removal_of_the_room(ann):
    room = ann.makes_room()
    subscription = ann.subscribe()
    ann.leaves(room)
    assert ann.hears(subscription) == [("room.deleted",)]


def test_a_subscription_can_read_batches_of_any_size(ann, bob):
    position = bob.subscribe().position
    rooms = [ann.makes_room(with_=[bob]) for _ in range(3)]
    for number in range(7):
        ann.says(f"{number}", in_=rooms[number % 3])
    whole = bob.hears(bob.subscribe(position))
    assert len(whole) == 16
    for limit in range(1, 18):
        assert bob.hears(bob.subscribe(position), limit) == whole


def test_resuming_within_the_creation_of_a_room_returns_the_joins_of_the_others(chat, ann, bob):
    dora = chat.person("dora")
    position = bob.subscribe().position
    ann.makes_room(with_=[dora, bob])
    whole = bob.hears(bob.subscribe(position))
    assert len(whole) == 4
    for done in range(4):
        subscription = bob.subscribe(position)
        if done:
            chat.services.change_log.read(subscription, done)
        assert bob.hears(bob.subscribe(subscription.position)) == whole[done:]


def test_a_batch_shows_whether_the_log_continues(chat, ann):
    subscription = ann.subscribe()
    room = ann.makes_room()
    assert [chat.services.change_log.read(subscription, 1).has_more for _ in range(2)] == [True, False]
    ann.says("one", in_=room)
    assert chat.services.change_log.read(subscription, 1).has_more is False


def test_resuming_at_any_position_returns_the_same_changes_as_staying(chat, ann, bob):
    listening = bob.subscribe()
    heard, positions = [], [(listening.position, 0)]
    room, other = ann.makes_room(with_=[bob]), bob.makes_room()
    for step in (
        lambda: ann.says("1", in_=room),
        lambda: ann.edits(room, name="Tea"),
        lambda: bob.says("2", in_=other),
        lambda: bob.reads(room, up_to=1),
        lambda: bob.leaves(other),
        lambda: ann.says("3", in_=room),
    ):
        step()
        heard += bob.hears(listening)
        positions.append((listening.position, len(heard)))
    assert len(heard) == 11
    for position, count in positions:
        assert bob.hears(bob.subscribe(position)) == heard[count:]


def test_a_position_before_the_log_requires_a_resync(chat, ann):
    position = ann.subscribe().position
    room = ann.makes_room()
    subscription = ann.subscribe(position)
    kept = ann.subscribe().position
    ann.says("hello", in_=room)
    with chat.ports.transaction():
        chat.ports.change_store.sweep(chat.clock(), 2)
    with pytest.raises(ResyncRequired):
        ann.subscribe(position)
    with pytest.raises(ResyncRequired):
        chat.services.change_log.read(subscription, 9)
    assert ann.hears(ann.subscribe(kept)) == [("message.created", ann.id)]


def test_a_place_ahead_of_the_log_is_of_another_one(ann):
    (end,) = ann.subscribe().position
    with pytest.raises(ResyncRequired):
        ann.subscribe((end + 1,))


def test_moves_keep_the_final_effect_of_repeated_joins_and_departures():
    own = [
        Change(kind, room_id, at)
        for kind, room_id, at in (
            (ChangeKind.PARTICIPANT_JOINED, 1, 1),
            (ChangeKind.PARTICIPANT_LEFT, 1, 2),
            (ChangeKind.PARTICIPANT_LEFT, 2, 3),
            (ChangeKind.PARTICIPANT_JOINED, 2, 4),
        )
    ]
    assert Moves.of(own) == Moves({(1, 1), (2, 4)}, {1})


def test_a_subscription_moves_past_every_change():
    subscription = Subscription(1, (0,), {7})
    assert not subscription.accepts(LoggedChange((3,), Change(ChangeKind.MESSAGE_CREATED, 8, 0, user_id=2)))
    assert subscription.position == (3,)
    assert subscription.accepts(LoggedChange((5,), Change(ChangeKind.MESSAGE_CREATED, 7, 0, user_id=2)))
    assert subscription.position == (5,)


class MemberLeaves(MemoryMembershipStore):
    """Lets a participant leave directly after the look-up of receipts."""

    leave: Callable[[], object]

    def readers(self, user_ids_by_room):
        found = super().readers(user_ids_by_room)
        self.leave()
        return found


def test_an_author_who_leaves_during_the_look_up_gets_no_read_state(chat, ann, bob):
    room = bob.makes_room(with_=[ann])
    message = ann.says("hello", in_=room).message
    memberships = MemberLeaves(chat.memory.store)
    memberships.leave = lambda: ann.leaves(room)
    change_log = chat.with_ports(membership_store=memberships).services.change_log
    assert change_log.is_read_for([message], {room.id: {ann.id, bob.id}}) == {message.id: {bob.id: False}}


# Changes that only one user receives


def records(chat, kind, room_id, user, **more):
    with chat.memory.store.transaction(room=room_id):
        chat.memory.changes.record(Change(kind, room_id, chat.clock(), user_id=user.id, **more))


def test_a_private_change_of_a_room_reaches_only_its_own_user(chat, ann, bob):
    room = ann.makes_room(with_=[bob])
    position = ann.subscribe().position
    records(chat, ChangeKind.ROOM_NOTIFY, room.id, ann)
    ann.says("one", in_=room)
    assert ann.hears(ann.subscribe(position)) == [("room.notify", ann.id), ("message.created", ann.id)]
    assert bob.hears(bob.subscribe(position)) == [("message.created", ann.id)]


def test_private_changes_of_others_take_no_place_in_a_batch(chat, ann, bob):
    room = ann.makes_room(with_=[bob])
    subscription = bob.subscribe()
    for _ in range(3):
        records(chat, ChangeKind.ROOM_NOTIFY, room.id, ann)
        records(chat, ChangeKind.BLOCK_CHANGED, NO_ROOM, ann, other_id=bob.id)
    batch = chat.services.change_log.read(subscription, 1)
    assert (list(batch.changes), batch.has_more) == ([], False)


def test_a_private_change_of_a_room_that_the_user_has_left_is_not_received(chat, ann, bob):
    room = ann.makes_room(with_=[bob])
    position = bob.subscribe().position
    records(chat, ChangeKind.ROOM_NOTIFY, room.id, bob)
    bob.leaves(room)
    assert bob.hears(bob.subscribe(position)) == [("participant.left", bob.id, Role.MEMBER)]


def test_a_change_without_a_room_reaches_its_own_user_alone(chat, ann, bob, carl):
    ann.makes_room(with_=[bob])
    position = ann.subscribe().position
    records(chat, ChangeKind.BLOCK_CHANGED, NO_ROOM, ann, other_id=bob.id)
    assert ann.hears(ann.subscribe(position)) == [("block.changed", ann.id, bob.id)]
    for other in (bob, carl):
        assert other.hears(other.subscribe(position)) == []


def test_a_subscription_to_one_room_receives_no_change_without_a_room(chat, ann, bob):
    room, other = ann.makes_room(with_=[bob]), ann.makes_room()
    subscribe = chat.services.change_log.subscribe
    position = ann.subscribe().position
    records(chat, ChangeKind.BLOCK_CHANGED, NO_ROOM, ann, other_id=bob.id)
    records(chat, ChangeKind.ROOM_NOTIFY, other.id, ann)
    records(chat, ChangeKind.ROOM_NOTIFY, room.id, ann)
    assert ann.hears(subscribe(ann.id, position, only=room.id)) == [("room.notify", ann.id)]
