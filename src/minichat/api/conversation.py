"""The conversation over one WebSocket: it sends the events of a listener, and serves the client's frames.

The frames are served one after another, so a fast client has to wait. Sending and reading go on side by side, each in a
thread (or greenlet). On a kept connection both give their thread up when they have nothing to do: see `kept_sockets`.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic

from minichat.api.events import JsonEvent
from minichat.api.frames import Frames
from minichat.api.framing import PING
from minichat.api.streaming import events_of
from minichat.api.websocket import Socket
from minichat.domain.ports import OwnConnection
from minichat.live.listeners import EndReason, Listener
from minichat.live.streaming import HEARTBEAT_SECONDS

log = logging.getLogger(__name__)

_CLOSE_CODES = {
    EndReason.CLIENT_GONE: (1000, ""),
    EndReason.TOO_SLOW: (1013, "too_slow"),
    EndReason.SESSION_ENDED: (4401, "session_ended"),
    EndReason.STOPPING: (1001, "stopping"),
    EndReason.FAILED: (1013, "unavailable"),
}
"""Code and reason of the close frame (RFC 6455, section 7.4). 4401 and 4403 are private to this API."""
_LEFT_ROOM = (4403, "not_a_participant")


class Conversation:
    """One client's WebSocket in both directions: of one room, or of all rooms of its user if `room_id` is None."""

    def __init__(
        self, socket: Socket, listener: Listener[JsonEvent], room_id: int | None, *, must_resync: bool
    ) -> None:
        self._socket = socket
        self._listener = listener
        self._frames = Frames(room_id)
        self._is_of_one_room = room_id is not None
        self._pinged_at = monotonic()
        self._events = events_of(listener, must_resync=must_resync)
        self._messages = socket.messages()

    def run(self) -> None:
        """Serve the client until either end closes the WebSocket, by this thread and another one."""
        sender = threading.Thread(target=self.send_events, name="minichat-socket", daemon=True)
        sender.start()
        try:
            self.serve_frames()
        finally:
            self.end()
            sender.join()
            self._socket.disconnect()

    def keep(self, connection: OwnConnection) -> None:
        """Go on with this connection, which outlives the request."""
        self._socket.keep(connection)
        self._listener.sink = self._send_now

    def end(self) -> None:
        """Let `send_events` come to its end, and serve no further frame."""
        self._listener.end()

    def send_events(self, attend: Callable[[], None] | None = None) -> bool:
        """Send events until the listener ends or the user leaves the room, then close the WebSocket and return True.

        With `attend`, return False when there is nothing to send: the listener calls `attend` when there is again.
        """
        has_left = False
        try:
            for batch in self._events:
                self._socket.flush()
                for event in batch:
                    self._socket.send_json(event.json)
                self._ping()
                has_left = self._has_left_room
                if has_left:
                    break
                if attend is not None and self._listener.is_attached and self._listener.park(attend):
                    return False
        except OSError:
            log.debug("the client closed its connection without a close frame")
        except Exception:
            log.exception("sending events over a WebSocket failed")
            self._listener.end(EndReason.FAILED)
        self._listener.end()  # no frame is served from here on, and the hub disconnects a client that stays
        close_code = _CLOSE_CODES[self._listener.end_reason or EndReason.CLIENT_GONE]
        self._socket.close(*(_LEFT_ROOM if has_left else close_code))
        return True

    def serve_frames(self) -> bool:
        """Serve the client's frames until the end of the connection, and return True.

        Return False when none has arrived on a kept connection.
        """
        for message in self._messages:
            if message is None:
                if self._socket.is_closing:
                    self._listener.end()  # so that the hub disconnects a client that does not answer the close frame
                return False
            self._serve(message)
        return True

    def send_ping(self) -> None:
        """Send a ping over a kept connection, unless events are being sent."""
        if self._listener.is_parked:
            self._offer(PING)

    def _send_now(self, events: Sequence[JsonEvent]) -> bool:
        """Send events at once, as the sink of the listener. Return False if the connection takes nothing."""
        return self._offer(events[0].message if len(events) == 1 else b"".join([event.message for event in events]))

    def _offer(self, frames: bytes) -> bool:
        try:
            is_sent = self._socket.offer(frames)
        except OSError:
            self._listener.end()
            return True
        if self._socket.has_rest or self._has_no_room:
            self._listener.wake()
        return is_sent

    def _ping(self) -> None:
        """Send a ping if it is due, even between events: a client that only reads sends nothing except pongs."""
        if monotonic() - self._pinged_at >= HEARTBEAT_SECONDS:
            self._pinged_at = monotonic()
            self._socket.ping()

    @property
    def _has_left_room(self) -> bool:
        """Whether this WebSocket's only room is one that the user has left, and all its events up to then are sent."""
        listener = self._listener
        is_up_to_date = listener.is_attached and listener.has_no_events
        return is_up_to_date and not listener.has_ended and self._has_no_room

    @property
    def _has_no_room(self) -> bool:
        return self._is_of_one_room and not self._listener.subscription.rooms

    def _serve(self, message: bytes) -> None:
        """Serve one frame and send its answer. Do nothing once the listener has ended."""
        if self._listener.has_ended:
            return
        reply = self._frames.answer(message)
        if reply.ends_session:
            self._listener.end(EndReason.SESSION_ENDED)
        with suppress(OSError):
            self._socket.send_json(reply.json)
