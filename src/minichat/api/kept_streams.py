"""Event streams that have caught up. They need no greenlet, so an idle stream takes little memory.

The hub writes events to their connections, as far as these take them at once. The keeper does the rest: heartbeats, and
the end of a stream. A stream whose connection is full gets a thread of its own until it has sent all queued events.
"""

import secrets
from collections.abc import Callable, Sequence

from minichat.api.direct import Outlet
from minichat.api.events import JsonEvent
from minichat.api.framing import chunk_of
from minichat.api.keeper import Keeper, Kept
from minichat.domain.ports import OwnConnection
from minichat.live.listeners import Listener

HEARTBEAT = b":\n"
"""A comment line. A blank line after it would end an event."""
RETRY_MILLISECONDS = 1_500
"""How long clients that reconnect by themselves wait: this time to twice as long, so that they don't return at once."""
_HEARTBEAT_CHUNK = chunk_of(HEARTBEAT)
_LAST_CHUNK = b"0\r\n\r\n"


def retry_line() -> bytes:
    """Return how long to wait before reconnecting, by another random time for each stream."""
    # Without a blank line, which would be an event without data for some clients.
    return b"retry: %d\n" % (RETRY_MILLISECONDS + secrets.randbelow(RETRY_MILLISECONDS))


class KeptStream(Kept):
    """An attached listener with the connection of its response, which is sent in chunks."""

    __slots__ = ("_listener", "_outlet")

    def __init__(
        self, keeper: Keeper, listener: Listener[JsonEvent], connection: OwnConnection, when_closed: Callable[[], None]
    ) -> None:
        super().__init__(keeper, connection, when_closed)
        self._listener = listener
        self._outlet = Outlet(connection)

    def begin(self, frame: bytes = b"") -> None:
        """Send from now on, this frame first. The response must have begun."""
        self._outlet.rest = chunk_of(frame) if frame else b""
        self._listener.sink = self._send
        self._keeper.keep(self)

    def send_heartbeat(self) -> None:
        if self._listener.is_parked:
            self._outlet.offer(_HEARTBEAT_CHUNK)
            if self._outlet.rest:
                self._listener.wake()

    def serve(self) -> bool:
        while self._outlet.flush():
            if self._listener.has_ended:
                self._outlet.offer(chunk_of(retry_line()) + _LAST_CHUNK)
                self.close()
                return True
            if self._listener.park(self._attend):
                return True
            self._outlet.rest = b"".join([event.chunk for event in self._listener.take()])
        return False

    def serve_slowly(self) -> None:
        while not self.serve():
            self._outlet.send()

    def _send(self, events: Sequence[JsonEvent]) -> bool:
        """Send events at once, as the sink of the listener. Return False if the connection takes nothing."""
        data = events[0].chunk if len(events) == 1 else b"".join([event.chunk for event in events])
        try:
            is_sent = self._outlet.offer(data)
        except OSError:
            self._listener.end()
            return True
        if self._outlet.rest:
            self._listener.wake()
        return is_sent
