"""The hub by itself: who listens hears all, also when the log is long, the database falters or they are too slow."""

import json
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from builders import MemoryChat, Person
from minichat.adapters.slots import FileStreamSlots
from minichat.api.events import JsonEvent, JsonEventWriter
from minichat.domain.changes import ChangeLog
from minichat.domain.errors import Unavailable
from minichat.domain.model import LoggedChange, LogPosition
from minichat.live.cursors import Cursors
from minichat.live.ephemeral import EphemeralEvents
from minichat.live.hub import BATCH_SIZE, Hub
from minichat.live.listeners import MAX_QUEUED, EndReason, Listener
from minichat.live.streaming import HEARTBEAT_SECONDS, stream_events

FAR = 2**50
BASE = "http://chat.example"
PATIENCE = 10.0


class FalteringWriter(JsonEventWriter):
    """Can't ask the database once, when told so."""

    falters = False

    def write(self, logged: LoggedChange, base: str, user_ids: Collection[int]) -> Mapping[int, JsonEvent]:
        if self.falters:
            self.falters = False
            raise Unavailable("disk I/O error")
        return super().write(logged, base, user_ids)


class SlowLog:
    """The change log of a database that takes its time to answer, when told so."""

    def __init__(self, log: ChangeLog) -> None:
        self._log = log
        self.is_slow = False
        self.has_read, self.may_answer = threading.Event(), threading.Event()

    def after(self, position: LogPosition, limit: int) -> Sequence[LoggedChange]:
        found = self._log.after(position, limit)
        if found and self.is_slow:
            self.is_slow = False
            self.has_read.set()
            assert self.may_answer.wait(PATIENCE)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


@pytest.fixture
def chat() -> MemoryChat:
    return MemoryChat()


@pytest.fixture
def writer(chat: MemoryChat) -> FalteringWriter:
    return FalteringWriter(chat.services.change_log, Cursors([b"k" * 32]), chat.clock)


@pytest.fixture
def log(chat: MemoryChat) -> SlowLog:
    return SlowLog(chat.services.change_log)


@pytest.fixture
def hub(chat: MemoryChat, log: Any, writer: FalteringWriter, tmp_path: Path) -> Iterator[Hub]:
    slots, ephemeral = (
        FileStreamSlots(tmp_path / "slots", 20),
        EphemeralEvents(chat.services.presence, writer, chat.clock),
    )
    hub = Hub(log, writer, set, chat.clock, max_listeners=10, slots=slots, ephemeral=ephemeral)
    yield hub
    hub.close()


class Ear:
    """Somebody's listener, admitted, who is yet to enter."""

    def __init__(self, person: Person, hub: Hub, writer: JsonEventWriter) -> None:
        self._log = person.chat.services.change_log
        self._writer = writer
        self._twin = person.subscribe()
        self._last: str | None = None
        self.listener = Listener(self._twin.copy(), 1, FAR, BASE)
        hub.admit(self.listener)

    def hears(self, until: str) -> list[tuple[str, str | None]]:
        """The types and contents of what comes, until that is said; who is sent away resumes."""
        found: list[tuple[str, str | None]] = []
        while not found or found[-1][1] != until:
            events = self.listener.receive(PATIENCE)
            if self.listener.has_ended:
                return found + [told(event) for event in self._missed()]
            assert events, found
            found += [told(event) for event in events]
            self._last = json.loads(events[-1].json)["id"]
        return found

    def _missed(self) -> list[JsonEvent]:
        """What the log says behind the last that came."""
        heard = [one for logged in self._log.read(self._twin, FAR).changes for one in self._written(logged)]
        ids = [json.loads(event.json)["id"] for event in heard]
        return heard[ids.index(self._last) + 1 :] if self._last in ids else heard

    def _written(self, logged: LoggedChange) -> list[JsonEvent]:
        return list(self._writer.write(logged, BASE, [self._twin.user_id]).values())


def told(event: JsonEvent) -> tuple[str, str | None]:
    body = json.loads(event.json)
    return body["type"], body["data"].get("content")


Listen = Callable[[Person], Ear]


@pytest.fixture
def listen(hub: Hub, writer: FalteringWriter) -> Listen:
    return lambda person: Ear(person, hub, writer)


def test_an_event_that_could_not_be_written_is_not_lost(
    chat: MemoryChat, hub: Hub, writer: FalteringWriter, listen: Listen
) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Tea", with_=[bob])
    ear = listen(bob)
    ann.says("one", in_=room)
    writer.falters = True
    ann.says("two", in_=room)
    hub.attach(ear.listener)
    assert ear.hears("two") == [("message.created", "one"), ("message.created", "two")]


@pytest.mark.parametrize("short", [1, 2])
def test_a_room_that_is_made_where_one_reading_of_the_log_ends_is_told(
    chat: MemoryChat, hub: Hub, listen: Listen, short: int
) -> None:
    ann, bob = chat.people("ann", "bob")
    elsewhere = ann.makes_room("Elsewhere")
    ear = listen(bob)
    for _ in range(BATCH_SIZE - short):
        ann.says("to myself", in_=elsewhere)
    room = ann.makes_room("Tea", with_=[bob])
    ann.says("hello", in_=room)
    hub.attach(ear.listener)
    assert [kind for kind, _ in ear.hears("hello")] == [
        *("room.created", "participant.joined", "participant.joined", "message.created")
    ]


def test_of_a_room_that_one_has_left_nothing_is_told_however_far_the_hub_is_behind(
    chat: MemoryChat, hub: Hub, listen: Listen
) -> None:
    ann, bob = chat.people("ann", "bob")
    room, elsewhere, other = ann.makes_room("Tea", with_=[bob]), ann.makes_room("Own"), ann.makes_room("X", with_=[bob])
    ear = listen(bob)
    ann.says("for your ears only", in_=room)
    for _ in range(BATCH_SIZE):
        ann.says("to myself", in_=elsewhere)
    bob.leaves(room)
    ann.says("hello", in_=other)
    hub.attach(ear.listener)
    assert ear.hears("hello") == [("participant.left", None), ("message.created", "hello")]


def test_who_is_removed_while_the_hub_reads_is_not_told_what_is_written_afterwards(
    chat: MemoryChat, hub: Hub, log: SlowLog, listen: Listen
) -> None:
    ann, bob, carl = chat.people("ann", "bob", "carl")
    room, other = ann.makes_room("Tea", with_=[bob, carl]), ann.makes_room("Garden", with_=[bob])
    removed, stays = listen(bob), listen(carl)
    hub.attach(removed.listener)
    hub.attach(stays.listener)
    log.is_slow = True
    sent = ann.says("hello", in_=room)
    assert log.has_read.wait(PATIENCE)
    ann.removes(bob, from_=room)
    ann.rewrites(sent.message, "among us")
    ann.says("at last", in_=other)
    log.may_answer.set()
    assert removed.hears("at last") == [("participant.left", None), ("message.created", "at last")]
    assert stays.hears("among us")[0] == ("message.created", "among us")


def test_what_waits_for_one_who_takes_nothing_is_bounded(chat: MemoryChat, hub: Hub, listen: Listen) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Tea", with_=[bob])
    stuck, other = listen(bob), listen(bob)
    hub.attach(stuck.listener)
    hub.attach(other.listener)
    for number in range(2 * MAX_QUEUED // 100):
        for _ in range(99):
            ann.says("hello", in_=room)
        ann.says(f"{number}", in_=room)
        other.hears(f"{number}")
    assert stuck.listener.end_reason == EndReason.TOO_SLOW
    assert stuck.listener._queue.qsize() <= MAX_QUEUED + 1
    assert not other.listener.has_ended


def test_who_has_caught_up_is_asked_at_once_whether_there_is_more_to_hear(
    chat: MemoryChat, hub: Hub, writer: FalteringWriter
) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Tea", with_=[bob])
    ear = Ear(bob, hub, writer)
    ann.removes(bob, from_=room)
    steps = stream_events(hub, chat.services.change_log, writer, ear.listener, must_resync=False)
    assert next(steps) == []
    assert [told(event) for event in next(steps)] == [("participant.left", None)]
    began = monotonic()
    assert next(steps) == []
    assert monotonic() - began < HEARTBEAT_SECONDS / 2
    assert ear.listener.is_attached


class SlowSlots(FileStreamSlots):
    """Lets something happen while it is asked for a slot, as one does that asks another host."""

    meanwhile: Callable[[], object] | None = None

    def acquire(self, user_id: int) -> int | None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super().acquire(user_id)


def test_of_two_who_want_the_last_place_at_once_one_gets_it_and_the_other_keeps_no_slot(
    chat: MemoryChat, writer: FalteringWriter, tmp_path: Path
) -> None:
    ann, bob = chat.people("ann", "bob")
    slots, ephemeral = SlowSlots(tmp_path / "slots", 1), EphemeralEvents(chat.services.presence, writer, chat.clock)
    hub = Hub(chat.services.change_log, writer, set, chat.clock, max_listeners=1, slots=slots, ephemeral=ephemeral)
    slots.meanwhile = lambda: Ear(ann, hub, writer)
    with pytest.raises(Unavailable, match="limit of open streams"):
        Ear(bob, hub, writer)
    assert slots.acquire(bob.user.id) == 0
    assert slots.acquire(ann.user.id) is None
    hub.close()


def test_who_comes_alone_while_the_hub_reads_for_those_who_have_gone_misses_nothing(
    chat: MemoryChat, hub: Hub, log: SlowLog, listen: Listen
) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Tea", with_=[bob])
    gone, comes = listen(bob), listen(bob)
    hub.attach(gone.listener)
    ann.says("one", in_=room)
    assert gone.hears("one") == [("message.created", "one")]
    log.is_slow = True
    ann.says("two", in_=room)
    assert log.has_read.wait(PATIENCE)
    hub.remove(gone.listener)
    assert hub.attach(comes.listener), "nobody else listens, so it is read on from there"
    log.may_answer.set()
    assert comes.hears("two") == [("message.created", "one"), ("message.created", "two")]


def test_who_is_told_that_the_server_stops_has_the_time_to_go(
    chat: MemoryChat, writer: FalteringWriter, tmp_path: Path
) -> None:
    ann = chat.person("ann")
    is_checking, has_stopped, was_cut = threading.Event(), threading.Event(), threading.Event()

    def live_among(session_ids: Collection[int]) -> Collection[int]:
        is_checking.set()
        assert has_stopped.wait(PATIENCE)
        return session_ids

    slots, ephemeral = (
        FileStreamSlots(tmp_path / "slots", 1),
        EphemeralEvents(chat.services.presence, writer, chat.clock),
    )
    hub = Hub(
        chat.services.change_log, writer, live_among, chat.clock, max_listeners=1, slots=slots, ephemeral=ephemeral
    )
    listener = Ear(ann, hub, writer).listener
    listener.disconnect = was_cut.set
    assert is_checking.wait(PATIENCE)
    hub.close()
    has_stopped.set()
    for thread in threading.enumerate():
        if thread.name == "minichat-hub":
            thread.join(PATIENCE)
    assert listener.end_reason == EndReason.STOPPING
    assert not was_cut.is_set()
    hub.close()
    assert was_cut.is_set()


def test_who_comes_when_the_server_stops_is_sent_elsewhere_and_not_away(
    chat: MemoryChat, hub: Hub, writer: FalteringWriter
) -> None:
    ann = chat.person("ann")
    hub.close()
    listener = Ear(ann, hub, writer).listener
    assert listener.end_reason == EndReason.STOPPING
    assert hub.attach(listener)
    assert listener.receive(PATIENCE) == []
