"""The hub alone: each listener receives its events, also if the log is long, the database fails or a client is slow."""

import json
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import pytest

from builders import MemoryChat, Person
from minichat.adapters.slots import FileStreamSlots
from minichat.api.events import JsonEvent, JsonEventWriter
from minichat.domain.changes import ChangeBatch, ChangeLog, Subscription
from minichat.domain.errors import StreamsNotServed, Unavailable
from minichat.domain.model import NO_ROOM, Change, ChangeKind, LoggedChange, LogPosition, Room
from minichat.domain.presence import Presence
from minichat.live.cursors import Cursors
from minichat.live.ephemeral import Audience, EphemeralEvents
from minichat.live.events import Addressed
from minichat.live.hub import BATCH_SIZE, GOODBYE_SECONDS, PERSISTING_SECONDS, WRITTEN_AT_ONCE, Hub
from minichat.live.listeners import MAX_QUEUED, EndReason, Listener
from minichat.live.streaming import HEARTBEAT_SECONDS, stream_events

NEVER = 2**50
BASE_URL = "http://chat.example"
TIMEOUT_SECONDS = 10.0


class FailingWriter(JsonEventWriter):
    """An event writer whose next call fails if `fails_next` is set."""

    fails_next = False

    def write(self, batch: Sequence[Addressed], base_url: str) -> list[Mapping[int, JsonEvent]]:
        if self.fails_next:
            self.fails_next = False
            raise Unavailable("disk I/O error")
        return super().write(batch, base_url)


class SlowWriter(JsonEventWriter):
    """An event writer that waits a while before each batch, until `may_hurry`."""

    def __init__(self, log: ChangeLog, cursors: Cursors, clock: Callable[[], int]) -> None:
        super().__init__(log, cursors, clock)
        self.written = 0
        self.has_begun, self.may_hurry = threading.Event(), threading.Event()

    def write(self, batch: Sequence[Addressed], base_url: str) -> list[Mapping[int, JsonEvent]]:
        self.has_begun.set()
        self.may_hurry.wait(0.05)
        self.written += len(batch)
        return super().write(batch, base_url)


class SlowLog:
    """A change log whose next answer waits for `may_answer` if `is_slow_next` is set."""

    def __init__(self, log: ChangeLog) -> None:
        self._log = log
        self.is_slow_next = False
        self.has_read, self.may_answer = threading.Event(), threading.Event()
        self.after_reading: Callable[[], object] = lambda: None
        """Called when a listener that catches up has read."""

    def read(self, subscription: Subscription, limit: int) -> ChangeBatch:
        found = self._log.read(subscription, limit)
        self.after_reading()
        return found

    def after(self, position: LogPosition, limit: int) -> Sequence[LoggedChange]:
        found = self._log.after(position, limit)
        if found and self.is_slow_next:
            self.is_slow_next = False
            self.has_read.set()
            assert self.may_answer.wait(TIMEOUT_SECONDS)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


class HeldEphemeral(EphemeralEvents[JsonEvent]):
    """Ephemeral events that the hub can't publish before the test allows it."""

    def __init__(self, presence: Presence, writer: JsonEventWriter, clock: Callable[[], int]) -> None:
        super().__init__(presence, writer, clock)
        self.may_publish, self.has_published = threading.Event(), threading.Event()

    def publish_presence(self, audience: Audience[JsonEvent]) -> bool:
        assert self.may_publish.wait(TIMEOUT_SECONDS)
        return super().publish_presence(audience)

    def publish_typing(self, audience: Audience[JsonEvent], end: int) -> None:
        super().publish_typing(audience, end)
        self.has_published.set()


class Received(NamedTuple):
    kind: str
    content: str | None = None

    @classmethod
    def of(cls, event: JsonEvent) -> "Received":
        body = json.loads(event.json)
        return cls(body["type"], body["data"].get("content"))


class Client:
    """A client with an admitted listener, which the test attaches to the hub."""

    def __init__(
        self, person: Person, hub: Hub[JsonEvent], writer: JsonEventWriter, *, only: int | None = None
    ) -> None:
        self._log = person.chat.services.change_log
        self._writer = writer
        self._from_start = self._log.subscribe(person.id, only=only)
        self._last_id: str | None = None
        self.listener: Listener[JsonEvent] = Listener(self._from_start.copy(), 1, NEVER, BASE_URL)
        hub.admit(self.listener)

    def receive_until(self, content: str) -> list[Received]:
        """Return all events up to a message with this content. If the listener ends, resume from the log."""
        found: list[Received] = []
        while not found or found[-1].content != content:
            events = self.listener.receive(TIMEOUT_SECONDS)
            if self.listener.has_ended:
                return found + [Received.of(event) for event in self._missed()]
            assert events, found
            found += [Received.of(event) for event in events]
            self._last_id = json.loads(events[-1].json).get("id", self._last_id)
        return found

    def _missed(self) -> list[JsonEvent]:
        """Return the events of the log after the last one received."""
        user_id = self._from_start.user_id
        changes = self._log.read(self._from_start, NEVER).changes
        written = self._writer.write([Addressed(logged, [user_id]) for logged in changes], BASE_URL)
        events = [event for by_user in written for event in by_user.values()]
        ids = [json.loads(event.json)["id"] for event in events]
        return events[ids.index(self._last_id) + 1 :] if self._last_id in ids else events


@pytest.fixture
def chat() -> MemoryChat:
    return MemoryChat()


@pytest.fixture
def writer(chat: MemoryChat) -> FailingWriter:
    return FailingWriter(chat.services.change_log, Cursors([b"k" * 32]), chat.clock)


@pytest.fixture
def log(chat: MemoryChat) -> SlowLog:
    return SlowLog(chat.services.change_log)


MakeHub = Callable[..., Hub[JsonEvent]]


@pytest.fixture
def make_hub(chat: MemoryChat, log: Any, writer: FailingWriter, tmp_path: Path) -> Iterator[MakeHub]:
    made: list[Hub[JsonEvent]] = []

    def make(**options: Any) -> Hub[JsonEvent]:
        defaults = {
            "writer": writer,
            "live_sessions": set,
            "max_listeners": 10,
            "slots": FileStreamSlots(tmp_path / "slots", 20),
            "ephemeral": EphemeralEvents(chat.services.presence, writer, chat.clock),
        }
        made.append(Hub(log, clock=chat.clock, **{**defaults, **options}))
        return made[-1]

    yield make
    for hub in made:
        hub.close()


@pytest.fixture
def hub(make_hub: MakeHub) -> Hub[JsonEvent]:
    return make_hub()


Connect = Callable[[Person], Client]


@pytest.fixture
def connect(hub: Hub[JsonEvent], writer: FailingWriter) -> Connect:
    return lambda person: Client(person, hub, writer)


def test_an_event_that_could_not_be_written_is_not_lost(
    chat: MemoryChat, hub: Hub[JsonEvent], writer: FailingWriter, connect: Connect
) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Tea", with_=[bob])
    client = connect(bob)
    ann.says("one", in_=room)
    writer.fails_next = True
    ann.says("two", in_=room)
    hub.attach(client.listener)
    assert client.receive_until("two") == [("message.created", "one"), ("message.created", "two")]


@pytest.mark.parametrize("short_by", [1, 2])
def test_a_room_created_at_the_end_of_a_batch_reaches_its_participants(
    chat: MemoryChat, hub: Hub[JsonEvent], connect: Connect, short_by: int
) -> None:
    ann, bob = chat.people("ann", "bob")
    elsewhere = ann.makes_room("Elsewhere")
    client = connect(bob)
    for _ in range(BATCH_SIZE - short_by):
        ann.says("to myself", in_=elsewhere)
    room = ann.makes_room("Tea", with_=[bob])
    ann.says("hello", in_=room)
    hub.attach(client.listener)
    assert [event.kind for event in client.receive_until("hello")] == [
        *("room.created", "participant.joined", "participant.joined", "message.created")
    ]


def test_a_slow_hub_sends_a_former_member_no_events_of_the_room(
    chat: MemoryChat, hub: Hub[JsonEvent], connect: Connect
) -> None:
    ann, bob = chat.people("ann", "bob")
    room, elsewhere, other = ann.makes_room("Tea", with_=[bob]), ann.makes_room("Own"), ann.makes_room("X", with_=[bob])
    client = connect(bob)
    ann.says("for your ears only", in_=room)
    for _ in range(BATCH_SIZE):
        ann.says("to myself", in_=elsewhere)
    bob.leaves(room)
    ann.says("hello", in_=other)
    hub.attach(client.listener)
    assert client.receive_until("hello") == [("participant.left", None), ("message.created", "hello")]


def test_a_user_removed_while_the_hub_reads_does_not_receive_later_edits(
    chat: MemoryChat, hub: Hub[JsonEvent], log: SlowLog, connect: Connect
) -> None:
    ann, bob, carl = chat.people("ann", "bob", "carl")
    room, other = ann.makes_room("Tea", with_=[bob, carl]), ann.makes_room("Garden", with_=[bob])
    removed, remaining = connect(bob), connect(carl)
    hub.attach(removed.listener)
    hub.attach(remaining.listener)
    log.is_slow_next = True
    sent = ann.says("hello", in_=room)
    assert log.has_read.wait(TIMEOUT_SECONDS)
    ann.removes(bob, from_=room)
    ann.rewrites(sent.message, "among us")
    ann.says("at last", in_=other)
    log.may_answer.set()
    assert removed.receive_until("at last") == [("participant.left", None), ("message.created", "at last")]
    assert remaining.receive_until("among us")[0] == ("message.created", "among us")


def test_a_new_listener_does_not_wait_for_all_events_of_a_batch(chat: MemoryChat, make_hub: MakeHub) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Tea", with_=[bob])
    writer = SlowWriter(chat.services.change_log, Cursors([b"k" * 32]), chat.clock)
    hub = make_hub(writer=writer)
    first = Client(bob, hub, writer)
    contents = [f"{number}" for number in range(4 * WRITTEN_AT_ONCE)]
    for content in contents:
        ann.says(content, in_=room)
    hub.attach(first.listener)
    assert writer.has_begun.wait(TIMEOUT_SECONDS)
    second = Client(bob, hub, writer)
    hub.attach(second.listener)
    assert writer.written < len(contents)
    ann.says("at last", in_=room)
    writer.may_hurry.set()
    assert [event.content for event in first.receive_until("at last")] == [*contents, "at last"]
    assert second.receive_until("at last") == [("message.created", "at last")]


def test_a_listener_that_the_hub_has_overtaken_receives_everything_once(
    chat: MemoryChat, hub: Hub[JsonEvent], connect: Connect
) -> None:
    ann, bob, carl = chat.people("ann", "bob", "carl")
    room, left = ann.makes_room("Tea", with_=[bob, carl]), ann.makes_room("Garden", with_=[bob, carl])
    joined = ann.makes_room("Attic", with_=[bob])
    early, late, another = connect(bob), connect(carl), connect(bob)
    hub.attach(early.listener)
    ann.says("one", in_=room)
    ann.says("hidden from those who leave", in_=left)
    carl.leaves(left)
    ann.says("before carl", in_=joined)
    carl.joins(joined)
    ann.says("two", in_=joined)
    heard = early.receive_until("two")
    hub.attach(late.listener)
    hub.attach(another.listener)
    assert late.listener.is_attached
    ann.says("three", in_=joined)
    assert early.receive_until("three") == [("message.created", "three")]
    assert another.receive_until("three") == [*heard, ("message.created", "three")]
    assert late.receive_until("three") == [
        ("message.created", "one"),
        ("participant.left", None),
        ("participant.joined", None),
        ("message.created", "two"),
        ("message.created", "three"),
    ]


def test_a_stream_that_has_caught_up_attaches_although_others_keep_sending(
    chat: MemoryChat, hub: Hub[JsonEvent], log: SlowLog, writer: FailingWriter, connect: Connect
) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Tea", with_=[bob])
    early, late = connect(bob), connect(bob)
    hub.attach(early.listener)

    def overtake() -> None:
        ann.says(f"{chat.clock()}", in_=room)
        early.receive_until(f"{chat.clock()}")
        chat.clock.advance(1)

    overtake()
    log.after_reading = overtake
    batches = stream_events(hub, writer, late.listener, must_resync=False)
    heard = [Received.of(event) for batch in islice(batches, 3) for event in batch]
    assert late.listener.is_attached
    ann.says("at last", in_=room)
    early.receive_until("at last")
    while heard[-1].content != "at last":
        heard += [Received.of(event) for event in next(batches)]
    assert len(heard) == len(set(heard)) == 3


def test_typing_of_a_user_who_was_blocked_while_a_stream_opened_does_not_reach_it(
    chat: MemoryChat, hub: Hub[JsonEvent], connect: Connect
) -> None:
    ann, bob, carl = chat.people("ann", "bob", "carl")
    room = ann.makes_room(with_=[bob, carl])
    early, late = connect(carl), connect(ann)
    hub.attach(early.listener)
    ann.blocks(bob)
    types(bob, room)
    assert "typing" in kinds(early.listener, 1)
    ann.says("hello", in_=room)
    early.receive_until("hello")
    hub.attach(late.listener)  # it still has the blocks from before
    carl.says("at last", in_=room)
    assert Received("typing") not in late.receive_until("at last")


def test_typing_of_a_user_who_is_blocked_in_the_batch_of_an_attachment_does_not_reach_the_blocker(
    chat: MemoryChat, make_hub: MakeHub, writer: FailingWriter
) -> None:
    ann, bob, carl = chat.people("ann", "bob", "carl")
    room = ann.makes_room(with_=[bob, carl])
    hub: Hub[JsonEvent]
    waiting: list[Client] = []

    def attach_waiting(_delay: float) -> None:
        while waiting:
            hub.attach(waiting.pop().listener)

    # The hub records the delay after it has read the changes, and before it publishes them.
    hub = make_hub(record_delay=attach_waiting)
    early, late = Client(carl, hub, writer), Client(ann, hub, writer)
    hub.attach(early.listener)
    waiting.append(late)
    ann.blocks(bob)
    ann.says("hello", in_=room)
    early.receive_until("hello")
    late.receive_until("hello")
    types(bob, room)
    assert "typing" in kinds(early.listener, 1)
    carl.says("at last", in_=room)
    assert Received("typing") not in late.receive_until("at last")


def test_an_unexpected_error_ends_the_listeners_that_the_hub_has_overtaken_too(
    chat: MemoryChat, hub: Hub[JsonEvent], log: SlowLog, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Tea", with_=[bob])
    clients = early, late = connect(bob), connect(bob)
    hub.attach(early.listener)
    ann.says("one", in_=room)
    early.receive_until("one")
    with monkeypatch.context() as broken:
        broken.setattr(log, "after", lambda *_: 1 / 0, raising=True)
        hub.attach(late.listener)
        for client in clients:
            assert client.listener.receive(TIMEOUT_SECONDS) == []
            assert client.listener.end_reason == EndReason.FAILED
    following = connect(bob)
    hub.attach(following.listener)
    ann.says("two", in_=room)
    assert following.receive_until("two") == [("message.created", "two")]


def test_the_delay_of_a_change_is_recorded_once_although_the_hub_goes_back(
    chat: MemoryChat, make_hub: MakeHub, writer: FailingWriter
) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Tea", with_=[bob])
    delays: list[float] = []
    hub = make_hub(record_delay=delays.append)
    early, late = Client(bob, hub, writer), Client(bob, hub, writer)
    hub.attach(early.listener)
    ann.says("one", in_=room)
    early.receive_until("one")
    chat.clock.advance(5)
    hub.attach(late.listener)
    late.receive_until("one")
    ann.says("two", in_=room)
    early.receive_until("two")
    assert delays == [0, 0]


def test_a_listener_that_leaves_before_the_hub_has_gone_back_gets_nothing(
    chat: MemoryChat, hub: Hub[JsonEvent], log: SlowLog, connect: Connect
) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Tea", with_=[bob])
    early, gone, ended = connect(bob), connect(bob), connect(bob)
    hub.attach(early.listener)
    ann.says("one", in_=room)
    early.receive_until("one")
    log.is_slow_next = True
    hub.attach(gone.listener)
    hub.attach(ended.listener)
    assert log.has_read.wait(TIMEOUT_SECONDS)
    hub.remove(gone.listener)
    ended.listener.end()
    log.may_answer.set()
    ann.says("two", in_=room)
    assert early.receive_until("two") == [("message.created", "two")]
    assert gone.listener.has_no_events
    assert hub.user_ids() == {bob.id}
    hub.remove(ended.listener)
    hub.remove(early.listener)
    assert hub.user_ids() == set()


def test_of_several_receipts_of_one_reader_the_newest_arrives(
    chat: MemoryChat, hub: Hub[JsonEvent], connect: Connect
) -> None:
    ann, bob, carl = chat.people("ann", "bob", "carl")
    room, other = ann.makes_room("Tea", with_=[bob, carl]), ann.makes_room("Garden", with_=[bob])
    client = connect(ann)
    for number in range(1, 4):
        ann.says(f"{number}", in_=room)
        bob.reads(room, up_to=number)
    ann.says("elsewhere", in_=other)
    bob.reads(other, up_to=1)
    carl.reads(room, up_to=2)
    ann.says("at last", in_=room)
    hub.attach(client.listener)
    events: list[JsonEvent] = []
    while not events or b"at last" not in events[-1].json:
        events += client.listener.receive(TIMEOUT_SECONDS)
    receipts = [json.loads(event.json)["data"] for event in events if b"message.read" in event.frame[:200]]
    assert [(data["user"], data["room"], data["last_read_seq"]) for data in receipts] == [
        (bob.id, room.id, 3),
        (bob.id, other.id, 1),
        (carl.id, room.id, 2),
    ]


def test_a_private_change_reaches_only_the_listeners_of_its_user(
    chat: MemoryChat, hub: Hub[JsonEvent], connect: Connect
) -> None:
    ann, bob = chat.people("ann", "bob")
    room, other = ann.makes_room("Tea", with_=[bob]), ann.makes_room("Garden", with_=[bob])
    clients = [connect(ann), connect(ann), connect(bob)]
    clients.append(Client(ann, hub, clients[0]._writer, only=room.id))
    for client in clients:
        hub.attach(client.listener)
    for change in (
        Change(ChangeKind.ROOM_NOTIFY, other.id, 1, user_id=ann.id),
        Change(ChangeKind.BLOCK_CHANGED, NO_ROOM, 2, user_id=ann.id, other_id=bob.id),
        Change(ChangeKind.ROOM_NOTIFY, room.id, 3, user_id=ann.id),
    ):
        with chat.memory.store.transaction(room=change.room_id):
            chat.memory.changes.record(change)
    ann.says("hello", in_=room)
    heard = [[event.kind for event in client.receive_until("hello")] for client in clients]
    assert heard == [
        *[["room.notify", "block.changed", "room.notify", "message.created"]] * 2,
        ["message.created"],
        ["room.notify", "message.created"],
    ]


def test_a_change_of_another_worker_arrives_without_a_wake_up(
    chat: MemoryChat, hub: Hub[JsonEvent], connect: Connect
) -> None:
    ann, bob = chat.people("ann", "bob")
    room, client = ann.makes_room("Tea", with_=[bob]), connect(bob)
    hub.attach(client.listener)  # the hub reads the log once at this moment
    ann.says("first", in_=room)
    client.receive_until("first")
    began = monotonic()
    ann.says("second", in_=room)
    assert client.receive_until("second") == [("message.created", "second")]
    assert monotonic() - began < 1


def test_the_queue_of_a_listener_that_receives_nothing_is_bounded(
    chat: MemoryChat, hub: Hub[JsonEvent], connect: Connect
) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Tea", with_=[bob])
    stuck, other = connect(bob), connect(bob)
    hub.attach(stuck.listener)
    hub.attach(other.listener)
    for number in range(2 * MAX_QUEUED // 100):
        for _ in range(99):
            ann.says("hello", in_=room)
        ann.says(f"{number}", in_=room)
        other.receive_until(f"{number}")
    assert stuck.listener.end_reason == EndReason.TOO_SLOW
    assert stuck.listener._queue.qsize() <= MAX_QUEUED + 1
    assert not other.listener.has_ended


def test_a_stream_yields_at_once_when_its_listener_has_caught_up(
    chat: MemoryChat, hub: Hub[JsonEvent], writer: FailingWriter, connect: Connect
) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Tea", with_=[bob])
    listener = connect(bob).listener
    ann.removes(bob, from_=room)
    batches = stream_events(hub, writer, listener, must_resync=False)
    assert next(batches) == []
    assert [Received.of(event) for event in next(batches)] == [("participant.left", None)]
    began = monotonic()
    assert next(batches) == []
    assert monotonic() - began < HEARTBEAT_SECONDS / 2
    assert listener.is_attached


def test_a_listener_is_attached_before_its_missed_events_are_sent(
    chat: MemoryChat, hub: Hub[JsonEvent], writer: FailingWriter, connect: Connect
) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Tea", with_=[bob])
    other = connect(bob)
    hub.attach(other.listener)
    listener = connect(bob).listener
    ann.says("missed", in_=room)
    batches = stream_events(hub, writer, listener, must_resync=False)
    assert next(batches) == []
    assert [Received.of(event) for event in next(batches)] == [("message.created", "missed")]
    assert listener.is_attached  # otherwise it had to read again after the next message
    ann.says("current", in_=room)
    other.receive_until("current")
    assert [Received.of(event) for event in next(batches)] == [("message.created", "current")]


class SlowSlots(FileStreamSlots):
    """Slots that run `meanwhile` before the next `acquire`, as if that asked another host."""

    meanwhile: Callable[[], object] | None = None

    def acquire(self, user_id: int) -> int | None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super().acquire(user_id)


def test_a_listener_that_loses_the_race_for_the_last_place_keeps_no_slot(
    chat: MemoryChat, make_hub: MakeHub, writer: FailingWriter, tmp_path: Path
) -> None:
    ann, bob = chat.people("ann", "bob")
    slots = SlowSlots(tmp_path / "slots", 1)
    hub = make_hub(max_listeners=1, slots=slots)
    slots.meanwhile = lambda: Client(ann, hub, writer)
    with pytest.raises(Unavailable, match="limit of open streams"):
        Client(bob, hub, writer)
    assert slots.acquire(bob.user.id) == 0
    assert slots.acquire(ann.user.id) is None


def test_a_first_listener_misses_nothing_while_the_hub_reads_for_listeners_that_have_gone(
    chat: MemoryChat, hub: Hub[JsonEvent], log: SlowLog, connect: Connect
) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Tea", with_=[bob])
    gone, new = connect(bob), connect(bob)
    hub.attach(gone.listener)
    ann.says("one", in_=room)
    assert gone.receive_until("one") == [("message.created", "one")]
    log.is_slow_next = True
    ann.says("two", in_=room)
    assert log.has_read.wait(TIMEOUT_SECONDS)
    hub.remove(gone.listener)
    hub.attach(new.listener)  # there is no other listener, so the hub goes back to its position
    log.may_answer.set()
    assert new.receive_until("two") == [("message.created", "one"), ("message.created", "two")]


def test_a_stopping_server_disconnects_a_client_only_after_the_time_for_goodbyes(
    chat: MemoryChat, make_hub: MakeHub, writer: FailingWriter
) -> None:
    ann = chat.person("ann")
    is_checking, has_stopped, disconnected = threading.Event(), threading.Event(), []

    def live_sessions(session_ids: Collection[int]) -> Collection[int]:
        is_checking.set()
        assert has_stopped.wait(TIMEOUT_SECONDS)
        return session_ids

    hub = make_hub(live_sessions=live_sessions)
    listener = Client(ann, hub, writer).listener
    listener.disconnect = lambda: disconnected.append(listener)
    assert is_checking.wait(TIMEOUT_SECONDS)
    hub.close()
    has_stopped.set()
    for thread in threading.enumerate():
        if thread.name == "minichat-hub":
            thread.join(TIMEOUT_SECONDS)
    assert listener.end_reason == EndReason.STOPPING
    assert disconnected == []
    listener.ended_at -= GOODBYE_SECONDS
    hub.close()
    hub.close()
    assert disconnected == [listener]


def test_a_client_that_cannot_be_disconnected_is_disconnected_again_later(
    chat: MemoryChat, make_hub: MakeHub, writer: FailingWriter
) -> None:
    hub, attempts = make_hub(), []
    listener = Client(chat.person("ann"), hub, writer).listener
    listener.disconnect = lambda: attempts.append(listener)
    hub.close()
    listener.ended_at -= GOODBYE_SECONDS
    hub.close()
    hub.close()
    assert len(attempts) == 1
    listener.ended_at -= PERSISTING_SECONDS + GOODBYE_SECONDS
    hub.close()
    hub.close()
    assert len(attempts) == 2


def test_a_client_that_stays_is_disconnected_while_the_database_does_not_answer(
    chat: MemoryChat, make_hub: MakeHub, writer: FailingWriter
) -> None:
    asked, was_disconnected = threading.Event(), threading.Event()

    def live_sessions(_session_ids: Collection[int]) -> Collection[int]:
        asked.set()
        raise Unavailable("disk I/O error")

    listener = Client(chat.person("ann"), make_hub(live_sessions=live_sessions), writer).listener
    assert asked.wait(TIMEOUT_SECONDS)
    listener.disconnect = was_disconnected.set
    listener.end(EndReason.TOO_SLOW)
    assert was_disconnected.wait(TIMEOUT_SECONDS)


def test_a_listener_of_a_stopping_server_ends_at_once_without_an_error(
    chat: MemoryChat, hub: Hub[JsonEvent], connect: Connect
) -> None:
    ann = chat.person("ann")
    hub.close()
    listener = connect(ann).listener
    assert listener.end_reason == EndReason.STOPPING
    hub.attach(listener)
    assert listener.receive(TIMEOUT_SECONDS) == []


class SmallWorker:
    """A process that carries a given number of streams and stops when the test calls `stop`."""

    def __init__(self, max_streams: int) -> None:
        self._max_streams = max_streams
        self._has_started, self._action = threading.Event(), lambda: None

    def max_streams(self) -> int:
        return self._max_streams

    def when_stopping(self, action: Callable[[], None]) -> None:
        self._action = action
        self._has_started.set()

    def stop(self) -> None:
        assert self._has_started.wait(TIMEOUT_SECONDS)
        threading.Thread(target=self._action, daemon=True).start()


def test_a_worker_for_one_request_at_a_time_serves_no_streams(
    chat: MemoryChat, make_hub: MakeHub, writer: FailingWriter
) -> None:
    hub = make_hub(worker=SmallWorker(0))
    with pytest.raises(StreamsNotServed):
        Client(chat.person("ann"), hub, writer)


def test_a_small_worker_refuses_the_streams_that_would_leave_no_place_for_requests(
    chat: MemoryChat, make_hub: MakeHub, writer: FailingWriter
) -> None:
    ann, bob = chat.people("ann", "bob")
    hub = make_hub(worker=SmallWorker(1))
    first = Client(ann, hub, writer)
    with pytest.raises(Unavailable, match="limit of open streams"):
        Client(bob, hub, writer)
    hub.remove(first.listener)
    assert not Client(bob, hub, writer).listener.has_ended


def test_all_streams_end_when_the_worker_stops_and_later_clients_that_stay_are_disconnected(
    chat: MemoryChat, make_hub: MakeHub, writer: FailingWriter
) -> None:
    ann, bob = chat.people("ann", "bob")
    worker = SmallWorker(10)
    hub = make_hub(worker=worker)
    early = Client(ann, hub, writer).listener
    worker.stop()
    assert early.receive(TIMEOUT_SECONDS) == []
    assert early.end_reason == EndReason.STOPPING
    late, was_disconnected = Client(bob, hub, writer).listener, threading.Event()
    late.disconnect = was_disconnected.set
    assert late.end_reason == EndReason.STOPPING
    assert was_disconnected.wait(TIMEOUT_SECONDS)


# Typing: a client may report it as soon as another has opened a stream, long before the stream has caught up


@pytest.fixture
def held(chat: MemoryChat, writer: FailingWriter) -> HeldEphemeral:
    return HeldEphemeral(chat.services.presence, writer, chat.clock)


def types(person: Person, room: Room) -> None:
    person.chat.services.presence.typing(person.id, room.id)


def kinds(listener: Listener[JsonEvent], count: int) -> list[str]:
    """Receive so many events, and return their kinds."""
    found: list[str] = []
    while len(found) < count:
        events = listener.receive(TIMEOUT_SECONDS)
        assert events, found
        found += [Received.of(event).kind for event in events]
    return found


@pytest.mark.parametrize("is_first", [True, False])
def test_typing_between_the_start_of_a_stream_and_its_attachment_is_published(
    chat: MemoryChat, make_hub: MakeHub, writer: FailingWriter, held: HeldEphemeral, is_first: bool
) -> None:
    ann, bob, carl = chat.people("ann", "bob", "carl")
    room = ann.makes_room(with_=[bob, carl])
    hub = make_hub(ephemeral=held)
    earlier = [] if is_first else [Client(carl, hub, writer).listener]
    for listener in earlier:
        hub.attach(listener)
    late = Client(bob, hub, writer).listener
    types(ann, room)
    held.may_publish.set()
    assert held.has_published.wait(TIMEOUT_SECONDS)
    for listener in earlier:
        assert kinds(listener, 1) == ["typing"]
    hub.attach(late)
    ann.says("hello", in_=room)
    assert kinds(late, 2) == ["typing", "message.created"]
    for listener in earlier:
        assert kinds(listener, 1) == ["message.created"]


def test_typing_directly_after_the_attachment_of_the_first_stream_is_published(
    chat: MemoryChat, make_hub: MakeHub, writer: FailingWriter, held: HeldEphemeral
) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room(with_=[bob])
    hub = make_hub(ephemeral=held)
    listener = Client(bob, hub, writer).listener
    hub.attach(listener)
    types(ann, room)
    held.may_publish.set()
    assert kinds(listener, 1) == ["typing"]


def test_typing_from_before_a_stream_or_by_its_user_or_elsewhere_is_not_published(
    chat: MemoryChat, make_hub: MakeHub, writer: FailingWriter, held: HeldEphemeral
) -> None:
    ann, bob = chat.people("ann", "bob")
    room, elsewhere = ann.makes_room(with_=[bob]), ann.makes_room()
    types(ann, room)
    hub = make_hub(ephemeral=held)
    listener = Client(bob, hub, writer).listener
    types(bob, room)
    types(ann, elsewhere)
    hub.attach(listener)
    held.may_publish.set()
    ann.says("hello", in_=room)
    assert kinds(listener, 1) == ["message.created"]


def test_typing_of_a_blocked_user_does_not_reach_the_blocker(
    chat: MemoryChat, hub: Hub[JsonEvent], writer: FailingWriter, connect: Connect
) -> None:
    ann, bob, carl = chat.people("ann", "bob", "carl")
    room = ann.makes_room(with_=[bob, carl])
    ann.blocks(bob)
    clients = [connect(ann), Client(ann, hub, writer, only=room.id), connect(carl)]
    types(bob, room)

    def batches(client: Client) -> Iterator[list[str]]:
        for batch in stream_events(hub, writer, client.listener, must_resync=False):
            yield [Received.of(event).kind for event in batch]

    assert next(batch for batch in batches(clients[2]) if batch) == ["typing"]
    for client in clients[:2]:
        assert list(islice(batches(client), 2)) == [[], []]

    def hear(content: str) -> list[int]:
        """Let Bob type, and speak once Carl has the notice. Return how many typing events Ann's clients receive."""
        chat.clock.advance(4)
        types(bob, room)
        heard: list[Received] = []
        while Received("typing") not in heard:
            heard = [Received.of(event) for event in clients[2].listener.receive(TIMEOUT_SECONDS)]
            assert heard
        bob.says(content, in_=room)
        *received, _ = [client.receive_until(content).count(Received("typing")) for client in clients]
        return received

    assert hear("from the start") == [0, 0]
    ann.unblocks(bob)
    assert hear("unblocked") == [1, 1]
    ann.blocks(bob)
    assert hear("blocked again") == [0, 0]
    carl.blocks(ann)
    assert hear("another block") == [0, 0]


def test_a_stream_that_catches_up_for_long_gets_no_typing_from_its_beginning(
    chat: MemoryChat, make_hub: MakeHub, writer: FailingWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room(with_=[bob])
    hub = make_hub()
    listener = Client(bob, hub, writer).listener
    types(ann, room)
    monkeypatch.setattr("minichat.live.hub.TYPING_SECONDS", 0.0)  # the client would show it no longer
    hub.attach(listener)
    ann.says("hello", in_=room)
    assert kinds(listener, 1) == ["message.created"]


def test_a_clock_that_is_set_back_prolongs_no_stream(chat: MemoryChat, hub: Hub[JsonEvent]) -> None:
    ann = chat.person("ann")
    listener: Listener[JsonEvent] = Listener(ann.subscribe(), 1, chat.clock() + 60_000, BASE_URL)
    hub.admit(listener)
    chat.clock.advance(-7_200)
    assert 59 < listener.ends_at - monotonic() <= 60
    assert not listener.has_expired(chat.clock())
    listener.ends_at -= 60
    assert listener.has_expired(chat.clock())
