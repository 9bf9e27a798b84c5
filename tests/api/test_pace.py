"""Receipts alone wait a little in the hub. Whatever else happens, each arrives once, and in its order."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from builders import MemoryChat, Person
from minichat.adapters.slots import FileStreamSlots
from minichat.api.events import JsonEvent, JsonEventWriter
from minichat.domain.model import Room
from minichat.domain.ports import Clock
from minichat.domain.presence import Presence
from minichat.live.cursors import Cursors
from minichat.live.ephemeral import Audience, EphemeralEvents
from minichat.live.hub import POLL_SECONDS, WRITTEN_AT_ONCE, Hub
from minichat.live.listeners import Listener
from minichat.live.pacing import Pace

TIMEOUT_SECONDS = 10.0


class HeldPace(Pace):
    """Lets receipts wait until the test allows them."""

    may_send = False
    seconds = 0.01

    def pause_seconds(self) -> float:
        return 0.0 if self.may_send else self.seconds


class FailingEphemeral(EphemeralEvents[JsonEvent]):
    """Ephemeral events that fail four times when the test wants it, and note when."""

    def __init__(self, presence: Presence, writer: JsonEventWriter, clock: Clock) -> None:
        super().__init__(presence, writer, clock)
        self.failures_left = 0
        self.failed_at: list[float] = []
        self.has_failed = threading.Event()

    def publish_presence(self, audience: Audience[JsonEvent]) -> bool:
        if not self.failures_left:
            return super().publish_presence(audience)
        self.failed_at.append(monotonic())
        self.failures_left -= 1
        if not self.failures_left:
            self.has_failed.set()
        raise RuntimeError("a fault of the presence")


@pytest.fixture
def chat() -> MemoryChat:
    return MemoryChat()


@pytest.fixture
def pace() -> HeldPace:
    return HeldPace()


@pytest.fixture
def writer(chat: MemoryChat) -> JsonEventWriter:
    return JsonEventWriter(chat.services.change_log, Cursors([b"k" * 32]), chat.clock)


@pytest.fixture
def ephemeral(chat: MemoryChat, writer: JsonEventWriter) -> FailingEphemeral:
    return FailingEphemeral(chat.services.presence, writer, chat.clock)


@pytest.fixture
def hub(
    chat: MemoryChat, writer: JsonEventWriter, ephemeral: FailingEphemeral, pace: HeldPace, tmp_path: Path
) -> Iterator[Hub[JsonEvent]]:
    hub = Hub(
        chat.services.change_log,
        writer,
        set,
        chat.clock,
        max_listeners=10,
        slots=FileStreamSlots(tmp_path / "slots", 20),
        ephemeral=ephemeral,
        pace=pace,
    )
    yield hub
    hub.close()


def listens(person: Person, hub: Hub[JsonEvent]) -> Listener[JsonEvent]:
    subscription = person.chat.services.change_log.subscribe(person.id)
    listener: Listener[JsonEvent] = Listener(subscription, 1, 2**50, "http://chat.example")
    hub.admit(listener)
    hub.attach(listener)
    return listener


def hears(listener: Listener[JsonEvent], last: object) -> list[object]:
    """Return the readers of receipts, the contents of messages and the types of other events, up to the last one."""
    heard: list[object] = []
    while last not in heard:
        events = listener.receive(TIMEOUT_SECONDS)
        assert events, heard
        for event in events:
            body = json.loads(event.json)
            is_receipt = body["type"] == "message.read"
            heard.append(body["data"]["user"] if is_receipt else body["data"].get("content", body["type"]))
    return heard


def room_of(ann: Person, *others: Person, messages: int = 1) -> Room:
    room = ann.makes_room("Tea", with_=others)
    for number in range(messages):
        ann.says(f"{number}", in_=room)
    return room


def test_receipts_wait_while_the_messages_of_other_rooms_arrive(
    chat: MemoryChat, hub: Hub[JsonEvent], pace: HeldPace
) -> None:
    ann, bob, carl, dora = chat.people("ann", "bob", "carl", "dora")
    room, other = room_of(ann, bob, carl, dora), ann.makes_room("Garden", with_=[dora])
    of_one, of_both = listens(bob, hub), listens(dora, hub)
    bob.reads(room, up_to=1)
    ann.says("one", in_=other)
    assert hears(of_both, "one") == [bob.id, "one"]
    carl.reads(room, up_to=1)
    late = listens(carl, hub)
    ann.says("two", in_=other)
    assert hears(of_both, "two") == [carl.id, "two"]
    assert of_one.take() == []
    pace.may_send = True
    assert hears(of_one, carl.id) == [bob.id, carl.id]
    ann.says("at last", in_=room)
    assert [hears(listener, "at last") for listener in (of_one, of_both, late)] == [["at last"]] * 3


def test_a_new_member_takes_the_receipts_along(chat: MemoryChat, hub: Hub[JsonEvent]) -> None:
    ann, bob, carl = chat.people("ann", "bob", "carl")
    room = room_of(ann, bob)
    of_ann, of_carl = listens(ann, hub), listens(carl, hub)
    bob.reads(room, up_to=1)
    ann.adds(carl, to=room)
    assert hears(of_ann, "participant.joined") == [bob.id, "participant.joined"]
    assert hears(of_carl, "participant.joined") == ["participant.joined"]


def test_many_receipts_do_not_wait(chat: MemoryChat, hub: Hub[JsonEvent]) -> None:
    ann, bob = chat.people("ann", "bob")
    room = room_of(ann, bob, messages=WRITTEN_AT_ONCE)
    listener = listens(ann, hub)
    for number in range(WRITTEN_AT_ONCE):
        bob.reads(room, up_to=number + 1)
    assert hears(listener, bob.id) == [bob.id]


def test_a_listener_that_leaves_gets_no_receipts_and_the_others_do(
    chat: MemoryChat, hub: Hub[JsonEvent], pace: HeldPace
) -> None:
    ann, bob, dora = chat.people("ann", "bob", "dora")
    room, garden = room_of(ann, bob), ann.makes_room("Garden", with_=[dora])
    gone, other, of_dora = listens(bob, hub), listens(bob, hub), listens(dora, hub)
    bob.reads(room, up_to=1)
    ann.says("one", in_=garden)
    assert hears(of_dora, "one") == ["one"], "the hub has read the receipt"
    hub.remove(gone)
    pace.may_send = True
    assert hears(other, bob.id) == [bob.id]
    assert gone.take() == []


def test_failures_after_a_short_pause_are_not_repeated_at_once(
    chat: MemoryChat, hub: Hub[JsonEvent], ephemeral: FailingEphemeral, pace: HeldPace
) -> None:
    ann, bob, dora = chat.people("ann", "bob", "dora")
    room, garden = room_of(ann, bob), ann.makes_room("Garden", with_=[dora])
    listens(bob, hub)
    of_dora = listens(dora, hub)
    pace.seconds = 0.000_01
    bob.reads(room, up_to=1)
    ann.says("one", in_=garden)
    assert hears(of_dora, "one") == ["one"]
    ephemeral.failures_left = 4
    assert ephemeral.has_failed.wait(TIMEOUT_SECONDS)
    assert ephemeral.failed_at[-1] - ephemeral.failed_at[0] >= 3 * POLL_SECONDS * 0.9
