"""Sending without a thread: the hub writes events to a connection as far as the system takes them at once.

To wake a greenlet for each event would cost several times as much as the sending itself. If the system does not take
all of an event, a greenlet sends the rest, and the events behind it.
"""

from minichat.domain.ports import OwnConnection


class Outlet:
    """A connection, with the rest of the data that it did not take yet."""

    __slots__ = ("_connection", "_send_now", "rest")

    def __init__(self, connection: OwnConnection) -> None:
        self._connection = connection
        self._send_now = connection.send_now
        self.rest = b""

    def offer(self, data: bytes) -> bool:
        """Send data without waiting, and keep the rest. Return False if nothing was sent. Raises OSError."""
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
        """Send the rest as far as the connection takes it at once. Return whether nothing is left. Raises OSError."""
        rest, self.rest = self.rest, b""
        if rest and not self.offer(rest):
            self.rest = rest
        return not self.rest

    def send(self, data: bytes = b"") -> None:
        """Send the rest and then the data, which may wait. Raises OSError."""
        if not data or not self.offer(data):
            self.rest += data
        rest, self.rest = self.rest, b""
        if rest:
            self._connection.sendall(rest)
