"""WebSockets that hold no thread while nothing is sent or received, so an idle one takes little memory.

The hub writes events to their connections, as far as these take them at once; the keeper sends pings. Sending gets a
thread of its own to catch up, for a full connection, and for the end. Reading gets one when frames arrive.
"""

import logging
from collections.abc import Callable
from contextvars import copy_context

from minichat.api.conversation import Conversation
from minichat.api.keeper import Keeper, Kept
from minichat.domain.ports import OwnConnection

log = logging.getLogger(__name__)


class KeptSocket(Kept):
    """A conversation with its own connection."""

    __slots__ = ("_context", "_conversation", "_open_directions")

    def __init__(
        self, keeper: Keeper, conversation: Conversation, connection: OwnConnection, when_closed: Callable[[], None]
    ) -> None:
        """Call this in the request of the WebSocket, whose frames are served like requests."""
        super().__init__(keeper, connection, when_closed)
        self._conversation = conversation
        self._context = copy_context()
        self._open_directions = 2

    def begin(self) -> None:
        """Send and read from now on, and return at once. The handshake must have been answered."""
        self._conversation.keep(self._connection)
        self._keeper.keep(self)
        try:
            self._connection.when_readable(self._read)
        except OSError:
            self.close()
            raise

    def send_heartbeat(self) -> None:
        self._conversation.send_ping()

    def serve(self) -> bool:
        return False  # every reason to send here may take long

    def serve_slowly(self) -> None:
        if self._conversation.send_events(self._attend):
            self._end_direction()

    def _read(self) -> None:
        """Serve the frames that have arrived."""
        is_over = True
        try:
            is_over = self._context.run(self._conversation.serve_frames)
        except Exception:
            log.exception("reading from a WebSocket failed")
        if is_over:
            self._conversation.end()
            self._end_direction()
        elif not self.is_closed:
            self._connection.when_readable(self._read)

    def _end_direction(self) -> None:
        """Close the connection with the second direction that ends."""
        self._open_directions -= 1
        if not self._open_directions:
            self.close()
