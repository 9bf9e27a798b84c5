"""Sending events directly: the hub writes them to the connection of a request that waits for events.

The greenlet of the request sleeps on. To wake it for each event would cost several times as much as the sending itself.
If the system does not take all of an event, the greenlet sends the rest, and the events behind it.
"""

from collections.abc import Callable, Sequence
from typing import Any

from minichat.api.events import JsonEvent
from minichat.live.listeners import Listener

SendNow = Callable[[bytes], int]
"""Sends what the connection takes at once, and returns the number of bytes. Raises BlockingIOError if it takes none."""


class Outlet:
    """The connection of one request, with the rest of the data that it did not take yet."""

    def __init__(self, connection: Any, send_now: SendNow) -> None:
        self._connection = connection
        self._send_now = send_now
        self.rest = b""

    def offer(self, data: bytes) -> bool:
        """Send data without blocking, and keep the rest. Return False if nothing was sent. Raises OSError."""
        if self.rest:
            return False
        try:
            sent = self._send_now(data)
        except BlockingIOError:
            return False
        if sent < len(data):
            self.rest = data[sent:]
        return True

    def flush(self) -> bool:
        """Send the rest, which may block. Return whether there was one. Raises OSError."""
        rest, self.rest = self.rest, b""
        if rest:
            self._connection.sendall(rest)
        return bool(rest)


def sink_of_stream(listener: Listener[JsonEvent], outlet: Outlet) -> Callable[[Sequence[JsonEvent]], bool]:
    """Return the sink of a listener whose transport is a chunked response of server-sent events."""

    def send(events: Sequence[JsonEvent]) -> bool:
        chunks = events[0].chunk if len(events) == 1 else b"".join([event.chunk for event in events])
        try:
            is_sent = outlet.offer(chunks)
        except OSError:
            listener.end()
            return True
        if outlet.rest:
            listener.wake()
        return is_sent

    return send
