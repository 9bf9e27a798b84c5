"""Who must not wait for a batch with receipts, and in which order the recipients get their events."""

from collections.abc import Sequence

import pytest

from minichat.domain.changes import Subscription
from minichat.domain.model import NO_ROOM, Change, ChangeKind, LoggedChange
from minichat.live.events import Event
from minichat.live.listeners import Listener, ListenerIndex
from minichat.live.routing import MAX_IN_A_HURRY, Routing, in_a_hurry, small_rooms_first

LARGE, SMALL, ELSEWHERE = 1, 2, 3


def log_of(*kinds_and_rooms: tuple[ChangeKind, int]) -> Sequence[LoggedChange]:
    return [
        LoggedChange((1, number), Change(kind, room_id, 0, user_id=50))
        for number, (kind, room_id) in enumerate(kinds_and_rooms, start=1)
    ]


class Listening:
    """The listeners of a worker, each of a user of its own."""

    def __init__(self) -> None:
        self.attached: ListenerIndex[Event] = ListenerIndex()

    def to(self, *room_ids: int, from_: int = 0) -> Listener[Event]:
        subscription = Subscription(len(self.attached), (1, from_), set(room_ids))
        listener: Listener[Event] = Listener(subscription, 1, 2**50, "http://chat.example")
        self.attached.add(listener)
        return listener


@pytest.fixture
def listening() -> Listening:
    return Listening()


def test_nobody_is_in_a_hurry_for_receipts_or_rooms_without_listeners(listening: Listening) -> None:
    listening.to(LARGE)
    changes = log_of((ChangeKind.MESSAGE_READ, LARGE), (ChangeKind.MESSAGE_CREATED, ELSEWHERE))
    assert in_a_hurry(listening.attached, changes) == set()


def test_the_listeners_of_a_message_are_in_a_hurry_until_they_have_got_it(listening: Listening) -> None:
    listening.to(LARGE)
    first, _ahead = listening.to(SMALL, LARGE), listening.to(SMALL, from_=2)
    changes = log_of((ChangeKind.MESSAGE_READ, LARGE), (ChangeKind.MESSAGE_CREATED, SMALL))
    few = in_a_hurry(listening.attached, changes)
    assert few == {first}
    routing = Routing(listening.attached, changes, few)
    assert [routing.recipients(logged) for logged in changes] == [[first], [first]]
    assert in_a_hurry(listening.attached, changes) == set()


def test_the_others_get_the_receipts_later_and_nobody_gets_one_twice(listening: Listening) -> None:
    waiting, first = listening.to(LARGE), listening.to(SMALL, LARGE)
    changes = log_of((ChangeKind.MESSAGE_READ, LARGE), (ChangeKind.MESSAGE_CREATED, SMALL))
    for logged in changes:
        Routing(listening.attached, changes, {first}).recipients(logged)
    later = [*changes, LoggedChange((1, 3), changes[0].change)]
    routing = Routing(listening.attached, later)
    assert [set(routing.recipients(logged)) for logged in later] == [{waiting}, set(), {waiting, first}]


@pytest.mark.parametrize(
    ("kind", "room_id"),
    [
        (ChangeKind.PARTICIPANT_LEFT, ELSEWHERE),
        (ChangeKind.PARTICIPANT_JOINED, ELSEWHERE),
        (ChangeKind.ROOM_DELETED, ELSEWHERE),
        (ChangeKind.ROOM_CREATED, ELSEWHERE),
        (ChangeKind.BLOCK_CHANGED, NO_ROOM),
        (ChangeKind.ROOM_NOTIFY, ELSEWHERE),
    ],
)
def test_nothing_waits_where_rooms_or_blocks_change(listening: Listening, kind: ChangeKind, room_id: int) -> None:
    listening.to(LARGE)
    assert in_a_hurry(listening.attached, log_of((ChangeKind.MESSAGE_READ, LARGE), (kind, room_id))) is None


def test_messages_alone_do_not_wait(listening: Listening) -> None:
    listening.to(LARGE)
    assert in_a_hurry(listening.attached, log_of((ChangeKind.MESSAGE_CREATED, LARGE))) is None


def test_nothing_waits_behind_a_message_to_many(listening: Listening) -> None:
    for _ in range(MAX_IN_A_HURRY):
        listening.to(LARGE)
    changes = log_of((ChangeKind.MESSAGE_READ, LARGE), (ChangeKind.MESSAGE_CREATED, LARGE))
    assert in_a_hurry(listening.attached, changes) == set(listening.attached.all())
    listening.to(LARGE)
    assert in_a_hurry(listening.attached, changes) is None


def test_a_member_who_leaves_later_in_the_batch_receives_only_the_departure(listening: Listening) -> None:
    leaving, staying = listening.to(LARGE), listening.to(LARGE)
    receipt, left = log_of((ChangeKind.MESSAGE_READ, LARGE), (ChangeKind.PARTICIPANT_LEFT, LARGE))
    left = left._replace(change=left.change._replace(user_id=leaving.user_id))
    routing = Routing(listening.attached, [receipt, left])
    assert [set(routing.recipients(logged)) for logged in (receipt, left)] == [{staying}, {leaving, staying}]


def test_small_rooms_come_first_and_receipts_last(listening: Listening) -> None:
    large, small, read = [listening.to(LARGE), listening.to(LARGE)], [listening.to(SMALL)], [listening.to(ELSEWHERE)]
    receipt, to_large, to_small = log_of(
        (ChangeKind.MESSAGE_READ, ELSEWHERE), (ChangeKind.MESSAGE_CREATED, LARGE), (ChangeKind.MESSAGE_CREATED, SMALL)
    )
    routed = [(receipt, read), (to_large, large), (to_small, small)]
    assert list(small_rooms_first(routed)) == [*small, *large, *read]
    assert list(small_rooms_first(routed[1:2])) == []
