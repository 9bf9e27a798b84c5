"""One listener's stream, from its cursor on: first the events of the change log, then those that the hub publishes.

Every transport sends the events that `stream_events` yields. This module knows no transport.
"""

from collections.abc import Iterator, Sequence

from minichat.domain.errors import ResyncRequired, Unavailable
from minichat.live.events import EventT, EventWriter
from minichat.live.hub import Hub
from minichat.live.listeners import EndReason, Listener

HEARTBEAT_SECONDS = 15.0
"""The longest time between two yields. A transport sends a heartbeat when it gets no events."""


def stream_events(
    hub: Hub[EventT],
    writer: EventWriter[EventT],
    listener: Listener[EventT],
    *,
    must_resync: bool,
) -> Iterator[Sequence[EventT]]:
    """Yield the listener's events until its end.

    The first item holds `resync` if `must_resync`, and is empty otherwise. An empty item also means that the listener
    has just caught up, or that a heartbeat is due.
    """
    yield [writer.resync()] if must_resync else []
    try:
        yield from _catch_up(hub, listener)
    except (ResyncRequired, Unavailable):
        listener.end(EndReason.FAILED)  # the client reconnects, and receives the error then
    timeout_seconds = 0.0  # a transport may have to act as soon as its listener has caught up
    while not listener.has_ended:
        yield listener.receive(timeout_seconds)
        timeout_seconds = HEARTBEAT_SECONDS


def _catch_up(hub: Hub[EventT], listener: Listener[EventT]) -> Iterator[Sequence[EventT]]:
    """Yield the log's events after the listener's position, until the listener is attached to the hub."""
    is_attached = False
    while _may_catch_up(listener) and not is_attached:
        missed = hub.catching_up.next_of(listener)
        is_attached = missed.is_attached
        if missed.events and _may_catch_up(listener):
            yield missed.events


def _may_catch_up(listener: Listener[EventT]) -> bool:
    """Return whether to go on. A gone client does not stop this: the transport notices it when it sends."""
    return listener.end_reason in {None, EndReason.CLIENT_GONE}
