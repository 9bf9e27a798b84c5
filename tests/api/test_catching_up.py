"""Listeners that catch up at the same time share one reading, and each receives exactly its own events."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from builders import MemoryChat, Person
from minichat.api.events import JsonEvent, JsonEventWriter
from minichat.domain.changes import LOOK_AHEAD, ChangeBatch, ChangeLog, Subscription
from minichat.domain.errors import ResyncRequired, Unavailable
from minichat.live.catching_up import BATCH, MAX_TOGETHER, CatchingUp, Missed
from minichat.live.cursors import Cursors
from minichat.live.events import Addressed
from minichat.live.listeners import Listener

NEVER = 2**50
BASE_URL = "http://chat.example"
TIMEOUT_SECONDS = 10.0


class CountingWriter(JsonEventWriter):
    """An event writer that counts its batches, and fails if a test sets an error."""

    batches = 0
    error: Exception | None = None

    def write(self, batch: Sequence[Addressed], base_url: str) -> list[Mapping[int, JsonEvent]]:
        self.batches += 1
        if self.error is not None:
            raise self.error
        return super().write(batch, base_url)


class HeldLog:
    """A change log that lets nobody read alone before as many listeners as the test names wait."""

    def __init__(self, log: ChangeLog) -> None:
        self._log = log
        self.catching_up: CatchingUp[JsonEvent]
        self.awaited = 0
        self.may_follow, self.has_begun = threading.Event(), threading.Event()

    def read(self, subscription: Subscription, limit: int) -> ChangeBatch:
        until_all_wait = threading.Event()
        while not self.has_begun.is_set() and len(self.catching_up.waiting) <= self.awaited:
            self.may_follow.set()
            until_all_wait.wait(0.001)
        self.has_begun.set()
        return self._log.read(subscription, limit)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


@pytest.fixture
def chat() -> MemoryChat:
    return MemoryChat()


@pytest.fixture
def writer(chat: MemoryChat) -> CountingWriter:
    return CountingWriter(chat.services.change_log, Cursors([b"k" * 32]), chat.clock)


def attach(_listener: object) -> bool:
    """Attach a listener to no hub."""
    return True


class Crowd:
    """Listeners that begin to catch up while another one reads, so that they wait together."""

    def __init__(self, chat: MemoryChat, writer: CountingWriter, attach: Callable[[Any], bool] = attach) -> None:
        self._log = HeldLog(chat.services.change_log)
        self._catching_up: CatchingUp[JsonEvent] = CatchingUp(self._log, writer, attach)  # type: ignore[arg-type]
        self._log.catching_up = self._catching_up

    def catches_up(self, listeners: Sequence[Listener[JsonEvent]], leader: Listener[JsonEvent]) -> list[Any]:
        """Return what each listener gets, or the error that it raises."""
        self._log.awaited = len(listeners)
        self._log.may_follow.clear()
        self._log.has_begun.clear()
        with ThreadPoolExecutor(len(listeners) + 1) as threads:
            first = threads.submit(self._catching_up.next_of, leader)
            assert self._log.may_follow.wait(TIMEOUT_SECONDS)
            others = [threads.submit(self._catching_up.next_of, listener) for listener in listeners]
            first.result(TIMEOUT_SECONDS)
            return [other.exception(TIMEOUT_SECONDS) or other.result() for other in others]


@pytest.fixture
def crowd(chat: MemoryChat, writer: CountingWriter) -> Crowd:
    return Crowd(chat, writer)


def listener_of(person: Person, position: Any = None, base_url: str = BASE_URL) -> Listener[JsonEvent]:
    return Listener(person.subscribe(position), 1, NEVER, base_url)


def read_alone(person: Person, position: Any, writer: JsonEventWriter) -> list[bytes]:
    missed = CatchingUp(person.chat.services.change_log, writer, attach).next_of(listener_of(person, position))
    return [event.frame for event in missed.events]


def frames(missed: Missed[JsonEvent]) -> list[bytes]:
    return [event.frame for event in missed.events]


def test_each_of_many_readers_receives_its_own_view_of_the_same_messages(
    chat: MemoryChat, writer: CountingWriter, crowd: Crowd
) -> None:
    ann, bob, carl, dora, eve = people = chat.people("ann", "bob", "carl", "dora", "eve")
    room, private = ann.makes_room(with_=people[1:]), ann.makes_room(with_=[dora])
    position = ann.subscribe().position
    carl.blocks(ann)
    messages = [ann.says(f"message {number}", in_=room) for number in range(5)]
    bob.reads(room, up_to=3)
    chat.services.reactions.add(dora.id, messages[1].message.id, "👍")
    bob.says("mine", in_=room)
    ann.says("between us", in_=private)
    eve.leaves(room)
    listeners = [listener_of(person, position) for person in people]
    found = crowd.catches_up(listeners, listener_of(ann))
    assert [frames(missed) for missed in found] == [read_alone(person, position, writer) for person in people]
    assert [missed.is_attached for missed in found] == [True] * 5
    assert [listener.blocked_ids for listener in listeners] == [set(), set(), {ann.id}, set(), set()]
    assert b"between us" not in b"".join(frames(found[1]))
    assert [json.loads(event.json)["type"] for event in found[4].events] == ["participant.left"]


def test_listeners_at_one_place_need_one_batch_of_look_ups(
    chat: MemoryChat, writer: CountingWriter, crowd: Crowd
) -> None:
    people = chat.people(*(f"person{number}" for number in range(10)))
    room = people[0].makes_room(with_=people[1:])
    position = people[0].subscribe().position
    for number in range(20):
        people[0].says(str(number), in_=room)
    found = crowd.catches_up([listener_of(person, position) for person in people], listener_of(people[0]))
    assert [len(missed.events) for missed in found] == [20] * 10
    assert writer.batches == 2  # of the one that came first, and of all others
    second, third = found[1:3]
    assert all(event is other for event, other in zip(second.events, third.events, strict=True))


def test_listeners_whose_rooms_are_quiet_share_a_turn_however_long_the_log_is(
    chat: MemoryChat, writer: CountingWriter, crowd: Crowd
) -> None:
    ann, bob, carl = chat.people("ann", "bob", "carl")
    room, other = ann.makes_room(with_=[bob]), carl.makes_room()
    position = ann.subscribe().position
    for number in range(LOOK_AHEAD * BATCH):
        carl.says(str(number), in_=other)
    bob.says("hello", in_=room)
    found = crowd.catches_up([listener_of(person, position) for person in (ann, bob) * 5], listener_of(carl))
    assert [(len(missed.events), missed.is_attached) for missed in found] == [(1, True)] * 10
    assert writer.batches == 2  # each turn of its own would wait for further listeners


def test_a_turn_ends_when_its_listeners_have_many_changes_of_their_own(
    chat: MemoryChat, writer: CountingWriter, crowd: Crowd
) -> None:
    people = chat.people("ann", "bob", "carl", "dora")
    rooms = [person.makes_room() for person in people]
    position = people[0].subscribe().position
    for number in range(BATCH // 2):
        for person, room in zip(people, rooms, strict=True):
            person.says(str(number), in_=room)
    found = crowd.catches_up([listener_of(person, position) for person in people], listener_of(people[0]))
    assert [(len(missed.events), missed.is_attached) for missed in found] == [(BATCH // 2, True)] * 4
    assert writer.batches == 3  # after two of them, other work of the process comes first


def test_no_more_than_a_bounded_number_of_listeners_share_a_reading(
    chat: MemoryChat, writer: CountingWriter, crowd: Crowd
) -> None:
    [ann] = chat.people("ann")
    room = ann.makes_room()
    position = ann.subscribe().position
    ann.says("hello", in_=room)
    found = crowd.catches_up([listener_of(ann, position) for _ in range(MAX_TOGETHER + 1)], listener_of(ann))
    assert [len(missed.events) for missed in found] == [1] * (MAX_TOGETHER + 1)
    assert writer.batches == 3


def test_listeners_at_different_addresses_or_places_receive_their_own_events(
    chat: MemoryChat, writer: CountingWriter, crowd: Crowd
) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room(with_=[bob])
    early = ann.subscribe().position
    ann.says("one", in_=room)
    late = ann.subscribe().position
    ann.says("two", in_=room)
    listeners = [
        *(listener_of(ann, late), listener_of(bob, early), listener_of(bob, late)),
        listener_of(bob, early, "http://other.example"),
    ]
    found = crowd.catches_up(listeners, listener_of(ann))
    assert [[json.loads(event.json)["data"]["content"] for event in missed.events] for missed in found] == [
        *(["two"], ["one", "two"], ["two"], ["one", "two"])
    ]
    assert b"http://other.example/" in b"".join(frames(found[3]))


def test_a_listener_is_attached_by_the_reading_that_reaches_the_end_of_the_log(
    chat: MemoryChat, writer: CountingWriter
) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room(with_=[bob])
    position = ann.subscribe().position
    ann.says("hello", in_=room)
    for number in range(BATCH):
        ann.says(f"{number}", in_=room)
    attached: list[tuple[int, Any]] = []

    def attach(listener: Listener[JsonEvent]) -> None:
        attached.append((listener.user_id, listener.subscription.position))

    catching_up: CatchingUp[JsonEvent] = CatchingUp(chat.services.change_log, writer, attach)
    listener = listener_of(bob, position)
    end = ann.subscribe().position
    found = [catching_up.next_of(listener) for _ in range(2)]
    assert [(len(missed.events), missed.is_attached) for missed in found] == [(BATCH, False), (1, True)]
    assert attached == [(bob.id, end)]


def test_a_failure_of_the_database_fails_every_listener_of_the_reading(
    chat: MemoryChat, writer: CountingWriter, crowd: Crowd
) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room(with_=[bob])
    position = ann.subscribe().position
    leader = listener_of(ann)
    listeners = [listener_of(ann, position), listener_of(bob, position)]
    ann.says("hello", in_=room)
    original = writer.write

    def fail_for_several(batch: Sequence[Addressed], base_url: str) -> list[Mapping[int, JsonEvent]]:
        if any(len(addressed.user_ids) > 1 for addressed in batch):
            raise Unavailable("disk I/O error")
        return original(batch, base_url)

    writer.write = fail_for_several  # type: ignore[method-assign]
    assert [type(error) for error in crowd.catches_up(listeners, leader)] == [Unavailable] * 2


def test_an_attaching_that_fails_loses_no_event_of_the_other_listeners(
    chat: MemoryChat, writer: CountingWriter
) -> None:
    ann, bob, carl = people = chat.people("ann", "bob", "carl")
    room = ann.makes_room(with_=[bob, carl])
    position = ann.subscribe().position
    ann.says("hello", in_=room)

    def attach(listener: Listener[JsonEvent]) -> bool:
        if listener.user_id == ann.id:
            raise Unavailable("no")
        return False

    crowd = Crowd(chat, writer, attach)
    error, *found = crowd.catches_up([listener_of(person, position) for person in people], listener_of(bob))
    assert isinstance(error, Unavailable)
    assert [frames(missed) for missed in found] == [read_alone(person, position, writer) for person in (bob, carl)]


def test_a_listener_that_is_too_late_for_the_log_fails_alone(
    chat: MemoryChat, writer: CountingWriter, crowd: Crowd
) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room(with_=[bob])
    late = listener_of(ann)
    ann.says("one", in_=room)
    chat.clock.advance(seconds=1)
    with chat.memory.store.transaction():
        chat.memory.changes.sweep(chat.clock(), 100)
    position = bob.subscribe().position
    bob.says("two", in_=room)
    error, found = crowd.catches_up([late, listener_of(bob, position)], listener_of(bob))
    assert isinstance(error, ResyncRequired)
    assert len(found.events) == 1


def test_a_long_absence_is_read_in_batches(chat: MemoryChat, writer: CountingWriter, crowd: Crowd) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room(with_=[bob])
    position = ann.subscribe().position
    for number in range(BATCH + 1):
        ann.says(str(number), in_=room)
    listeners = [listener_of(ann, position), listener_of(bob, position)]
    found = crowd.catches_up(listeners, listener_of(ann))
    assert [(len(missed.events), missed.is_attached) for missed in found] == [(BATCH, False)] * 2
    found = crowd.catches_up(listeners, listener_of(ann))
    assert [(len(missed.events), missed.is_attached) for missed in found] == [(1, True)] * 2
