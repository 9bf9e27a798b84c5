"""Sending events directly: the hub writes them to the connection of a request that waits for events.

The greenlet of the request sleeps on. To wake it for each event would cost several times as much as the sending itself.
If the system does not take all of an event, the greenlet sends the rest, and the events behind it.
"""

from collections.abc import Callable
from typing import Any

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
