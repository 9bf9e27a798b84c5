"""Noticing that a client has closed its connection."""

from collections.abc import Callable
from typing import Any, Protocol


class OwnConnection(Protocol):
    """A connection that stays open when the web server closes its own."""

    def send_now(self, data: bytes) -> int:
        """Send as many bytes as the connection takes at once, and return their number.

        Raises BlockingIOError if that is none, and OSError if the connection has ended.
        """

    def sendall(self, data: bytes) -> None:
        """Send all bytes, which may block. Raises OSError."""

    def close(self) -> None:
        """Close the connection."""


class ClientWatch(Protocol):
    """A watch over the connection of one request's client."""

    @property
    def send_now(self) -> Callable[[bytes], int] | None:
        """A function that sends as many bytes as the connection takes at once, and returns their number.

        It raises BlockingIOError if that is none, and OSError if the connection has ended. None if only the thread of
        the request may send.
        """

    def take_over(self) -> OwnConnection:
        """Return a connection to the client that outlives the request, and watch that. Requires `send_now`."""

    def disconnect(self) -> None:
        """Close the connection, even while a response is being sent."""

    def stop(self) -> None:
        """Stop the watch."""


class ClientWatcher(Protocol):
    """Starts a watch for each streaming request."""

    def __call__(self, environ: dict[str, Any], on_closed: Callable[[], None], /) -> ClientWatch:
        """Watch the client of a WSGI request, and call `on_closed` when it closes the connection.

        Raises StreamsNotServed if the server serves one request at a time.
        """
