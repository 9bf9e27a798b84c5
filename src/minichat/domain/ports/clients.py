"""Noticing that a client has closed its connection."""

from collections.abc import Callable
from typing import Any, Protocol


class ClientWatch(Protocol):
    """A watch over the connection of one request's client."""

    @property
    def send_now(self) -> Callable[[bytes], int] | None:
        """A function that sends as many bytes as the connection takes at once, and returns their number.

        It raises BlockingIOError if that is none, and OSError if the connection has ended. None if only the thread of
        the request may send, or if the web server does not send the chunks of a response as they are.
        """

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
