"""One listener's stream, from its cursor on: first the events of the change log, then those that the hub publishes.

Every transport sends the events that `stream_events` yields. This module knows no transport.
"""

import time
from collections.abc import Iterator, Sequence

from minichat.domain.changes import ChangeLog
from minichat.domain.errors import ResyncRequired, Unavailable
from minichat.live.events import EventT, EventWriter
from minichat.live.hub import Hub
from minichat.live.listeners import EndReason, Listener

HEARTBEAT_SECONDS = 15.0
"""The longest time between two yields. A transport sends a heartbeat when it gets no events."""
CATCH_UP_BATCH = 100
"""How many changes are read at once for a listener that catches up."""
CATCH_UP_CHUNK = 10
"""How many of their events are yielded at once."""


def stream_events(
    hub: Hub[EventT],
    change_log: ChangeLog,
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
        yield from _catch_up(hub, change_log, writer, listener)
    except (ResyncRequired, Unavailable):
        listener.end(EndReason.FAILED)  # the client reconnects, and receives the error then
    timeout_seconds = 0.0  # a transport may have to act as soon as its listener has caught up
    while not listener.has_ended:
        yield listener.receive(timeout_seconds)
        timeout_seconds = HEARTBEAT_SECONDS


def _catch_up(
    hub: Hub[EventT], change_log: ChangeLog, writer: EventWriter[EventT], listener: Listener[EventT]
) -> Iterator[Sequence[EventT]]:
    """Yield the log's events after the listener's position. At the log's end, attach the listener to the hub."""
    subscription = listener.subscription
    has_more = True
    while _may_catch_up(listener) and (has_more or not hub.attach(listener)):
        # One batch of one listener at a time, so that a client after a long absence does not delay current events.
        with hub.catch_up_lock, change_log.at_one_moment():
            changes, has_more = change_log.read(subscription, CATCH_UP_BATCH)
            # Written before the first is sent, because sending may take long and members may leave meanwhile.
            events = writer.write_all(changes, listener.base_url, subscription.user_id)
            if not has_more:
                listener.blocked_ids = change_log.blocked_by(subscription.user_id)
        time.sleep(0)
        for start in range(0, len(events), CATCH_UP_CHUNK):
            if _may_catch_up(listener):
                yield events[start : start + CATCH_UP_CHUNK]


def _may_catch_up(listener: Listener[EventT]) -> bool:
    """Return whether to go on. A gone client does not stop this: the transport notices it when it sends."""
    return listener.end_reason in {None, EndReason.CLIENT_GONE}
