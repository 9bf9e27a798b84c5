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

    def settimeout(self, seconds: float) -> None:
        """Set the longest wait of `sendall`."""

    def recv(self, size: int) -> bytes:
        """Return data that has arrived, or nothing at the end of the connection.

        Raises BlockingIOError if nothing has arrived, and OSError if the connection has failed.
        """

    def when_readable(self, action: Callable[[], object]) -> None:
        """Run `action` once, in a thread of its own, as soon as `recv` returns. Nothing else watches the connection.

        Requires that the connection is watched.
        """

    def getsockopt(self, *option: int) -> Any:
        """Return an option of the socket, as Python's sockets do. Raises OSError."""

    def close(self) -> None:
        """Close the connection."""


class ClientWatch(Protocol):
    """A watch over the connection of one request's client."""

    @property
    def can_take_over(self) -> bool:
        """Whether there is a connection that outlives the request. Otherwise the request's thread sends everything."""

    def take_over(self) -> OwnConnection:
        """Return a connection to the client that outlives the request, and watch that. Requires `can_take_over`."""

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
