"""Noticing that a client has closed its connection."""

from collections.abc import Callable
from typing import Any, Protocol


class ClientWatch(Protocol):
    """A watch over the connection of one request's client."""

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
