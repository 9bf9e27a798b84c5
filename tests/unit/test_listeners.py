"""A listener passes events to its sink while its transport waits, and otherwise queues them, always in order."""

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from minichat.domain.changes import Subscription
from minichat.live.listeners import MAX_QUEUED, EndReason, Listener

TIMEOUT_SECONDS = 10.0


class Numbered(NamedTuple):
    number: int
    is_stored: bool = True


def listener_with(sink: Callable[[Sequence[Numbered]], bool]) -> Listener[Numbered]:
    listener: Listener[Numbered] = Listener(Subscription(1, (0,), {1}), 1, 2**50, "http://chat.example")
    listener.sink = sink
    return listener


class Transport:
    """Receives in a thread, as a greenlet would."""

    def __init__(self, listener: Listener[Numbered]) -> None:
        self.received: list[Numbered] = []
        self.is_back = threading.Event()
        self._listener = listener

    def waits(self) -> None:
        self.is_back.clear()
        threading.Thread(target=self._receive, daemon=True).start()
        while not (self._listener._is_free or self.is_back.is_set()):
            pass

    def _receive(self) -> None:
        self.received += self._listener.receive(TIMEOUT_SECONDS)
        self.is_back.set()


def test_events_take_the_direct_way_only_while_the_transport_waits() -> None:
    taken: list[Numbered] = []

    def sink(events: Sequence[Numbered]) -> bool:
        taken.extend(events)
        return True

    listener = listener_with(sink)
    transport = Transport(listener)
    listener.send([Numbered(1), Numbered(2)])
    assert taken == []
    transport.waits()
    assert transport.is_back.wait(TIMEOUT_SECONDS)
    assert transport.received == [Numbered(1), Numbered(2)]
    transport.waits()
    listener.send([Numbered(3)])
    assert taken == [Numbered(3)]
    listener.end()
    assert transport.is_back.wait(TIMEOUT_SECONDS)
    listener.send([Numbered(4)])
    assert taken == [Numbered(3)]


def test_events_that_the_sink_refuses_are_received_in_order() -> None:
    listener = listener_with(lambda _: False)
    transport = Transport(listener)
    transport.waits()
    listener.send([Numbered(1), Numbered(2)])
    assert transport.is_back.wait(TIMEOUT_SECONDS)
    transport.waits()
    listener.send([Numbered(3)])
    assert transport.is_back.wait(TIMEOUT_SECONDS)
    assert transport.received == [Numbered(1), Numbered(2), Numbered(3)]


def test_after_a_wake_up_events_are_queued_until_the_transport_waits_again() -> None:
    taken: list[Numbered] = []

    def sink(events: Sequence[Numbered]) -> bool:
        taken.extend(events)
        listener.wake()  # as if the system had taken a part only
        return True

    listener = listener_with(sink)
    transport = Transport(listener)
    transport.waits()
    listener.send([Numbered(1)])
    listener.send([Numbered(2)])
    assert transport.is_back.wait(TIMEOUT_SECONDS)
    while len(transport.received) < 1:
        transport.waits()
        assert transport.is_back.wait(TIMEOUT_SECONDS)
    assert (taken, transport.received) == ([Numbered(1)], [Numbered(2)])


def test_the_queue_behind_a_sink_that_takes_nothing_is_bounded() -> None:
    listener = listener_with(lambda _: False)
    for number in range(MAX_QUEUED + 1):
        listener.send([Numbered(number)])
    assert listener.end_reason is EndReason.TOO_SLOW
