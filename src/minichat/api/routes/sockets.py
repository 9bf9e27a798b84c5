"""`/ws/chat/<room>/` and `/ws/chat/`: the events of a room, or of all rooms, over a WebSocket, and the client's frames.

One greenlet (or thread) reads and serves the client's frames one after another, so a fast client has to wait. Another
greenlet sends the events. `websocket` implements the protocol, and `frames` serves the frames.
"""

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from flask import Response, request

from minichat.addresses import origin
from minichat.api import errors
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import base_url, context, services
from minichat.api.events import JsonEvent
from minichat.api.frames import Frames
from minichat.api.parsing import read_stream_query
from minichat.api.policy import STREAM
from minichat.api.request_state import caller_id
from minichat.api.schemas.queries import EventsQuery
from minichat.api.streaming import events_of, open_stream, position_in, subscription_or_resync
from minichat.live.listeners import EndReason, Listener
from minichat.live.streaming import HEARTBEAT_SECONDS

if TYPE_CHECKING:
    from minichat.api.websocket import Socket

log = logging.getLogger(__name__)

blueprint = Blueprint(
    "sockets",
    __name__,
    url_prefix="/ws",
    description="Live updates over a WebSocket. This page can't open one: see docs/live.md.",
)

_CLOSE_CODES = {
    EndReason.CLIENT_GONE: (1000, ""),
    EndReason.TOO_SLOW: (1013, "too_slow"),
    EndReason.SESSION_ENDED: (4401, "session_ended"),
    EndReason.STOPPING: (1001, "stopping"),
    EndReason.FAILED: (1013, "unavailable"),
}
"""Code and reason of the close frame (RFC 6455, section 7.4). 4401 and 4403 are private to this API."""
_LEFT_ROOM = (4403, "not_a_participant")


class OriginNotAllowed(errors.HttpError):
    """The settings do not allow the origin of the page that opens the WebSocket."""

    code = "origin_not_allowed"
    status = 403


@blueprint.route("/chat/<id:room_id>/", methods=["GET"], policy=STREAM)
@blueprint.arguments(EventsQuery, location="query", read=read_stream_query, rules=position_in)
@answers(101, None, 400, 403, 404, 426)
def open_room_socket(query: dict[str, Any], room_id: int) -> Response:
    """Open a WebSocket with the events of a room. Each message is an Event.

    You may send `{"type": "message", "content", "client_id"?, "reply_to"?, "mention_ids"?}`, `{"type": "typing"}` and
    `{"type": "read", "seq"}`. For each, you get `{"type": "ack", "client_id", "message"?}` or `{"type": "problem", …}`.
    `after` resumes after a cursor; so do `lastEventId` and the header `Last-Event-ID`. Browsers can't send
    `Authorization`: pass a `ticket` instead.
    """
    services().room_access.as_participant(caller_id(), room_id)
    return _open_socket(query, room_id)


@blueprint.route("/chat/", methods=["GET"], policy=STREAM)
@blueprint.arguments(EventsQuery, location="query", read=read_stream_query, rules=position_in)
@answers(101, None, 400, 403, 426)
def open_socket(query: dict[str, Any]) -> Response:
    """Open one WebSocket with the events of all your rooms. Each message is an Event.

    You may send the frames of a room's WebSocket, each with its `room`. Every `ack` and `problem` names the `room` of
    its frame, and comes in the order of the frames. Leaving a room does not close the WebSocket. It resumes like a
    room's, and takes a `ticket` too.
    """
    return _open_socket(query, None)


def _open_socket(query: dict[str, Any], room_id: int | None) -> Response:
    """Return the response that opens a WebSocket of a room, or of all rooms of the caller.

    Raises UpgradeRequired, SocketsNotServed, OriginNotAllowed, InvalidCursor, and the errors of `open_stream`.
    """
    from minichat.api.websocket import Socket, UpgradeResponse  # late: it loads wsproto, and clients may do without

    socket = Socket()
    _check_origin()  # last, because a proxy that forwards no `Upgrade` often changes `Host` too
    subscription, must_resync = subscription_or_resync(query, only=room_id)
    stream = open_stream(subscription)
    socket.use(stream.outlet)
    response = UpgradeResponse(Conversation(socket, stream.listener, room_id, must_resync=must_resync).run)
    response.call_on_close(stream.close)
    return response


class Conversation:
    """One client's WebSocket in both directions: of one room, or of all rooms of its user if `room_id` is None."""

    def __init__(
        self, socket: "Socket", listener: Listener[JsonEvent], room_id: int | None, *, must_resync: bool
    ) -> None:
        self._socket = socket
        self._listener = listener
        self._frames = Frames(room_id)
        self._is_of_one_room = room_id is not None
        self._pinged_at = monotonic()
        self._events = events_of(listener, must_resync=must_resync)
        listener.sink = self._offer

    def run(self) -> None:
        """Serve the client until either end closes the WebSocket."""
        try:
            self._socket.accept()
        except OSError:
            return
        sender = threading.Thread(target=self._send_events, name="minichat-socket", daemon=True)
        sender.start()
        try:
            for message in self._socket.messages():
                self._answer(message)
        finally:
            self._listener.end()
            sender.join()
            self._socket.disconnect()

    def _send_events(self) -> None:
        """Send events until the listener ends or the user leaves the room, then close the WebSocket."""
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
        except OSError:
            log.debug("the client closed its connection without a close frame")
        except Exception:
            log.exception("sending events over a WebSocket failed")
            self._listener.end(EndReason.FAILED)
        self._listener.end()  # no frame is served from here on, and the hub disconnects a client that stays
        close_code = _CLOSE_CODES[self._listener.end_reason or EndReason.CLIENT_GONE]
        self._socket.close(*(_LEFT_ROOM if has_left else close_code))

    def _offer(self, events: Sequence[JsonEvent]) -> bool:
        """Send events at once: the sink of the listener."""
        try:
            is_sent = self._socket.offer(b"".join([event.message for event in events]))
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

    def _answer(self, message: bytes) -> None:
        """Serve one frame and send its answer. Do nothing once the listener has ended."""
        if self._listener.has_ended:
            return
        reply = self._frames.answer(message)
        if reply.ends_session:
            self._listener.end(EndReason.SESSION_ENDED)
        with suppress(OSError):
            self._socket.send_json(reply.json)


def _check_origin() -> None:
    """Raise OriginNotAllowed if the settings do not allow the page's origin.

    CORS does not cover WebSockets (RFC 6455, section 10.2).
    """
    named = request.headers.get("Origin")
    own = {f"{request.scheme}://{request.host}", urljoin(base_url(), "/").rstrip("/")}
    if named is not None and origin(named) not in own.union(context().origins):
        raise OriginNotAllowed
