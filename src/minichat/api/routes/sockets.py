"""`/ws/chat/<room>/`: the events of one room over a WebSocket, and the frames that its client sends.

One greenlet (or thread) reads and serves the client's frames one after another, so a fast client has to wait. Another
greenlet sends the events. The module `websocket` implements the protocol.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import urljoin

import marshmallow as ma
import orjson
from flask import Response, current_app, request

from minichat.addresses import origin
from minichat.api import errors
from minichat.api.arguments import Form, Rules, checked
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import base_url, context, presenter, services
from minichat.api.events import JsonEvent
from minichat.api.parsing import parse_json, read_stream_query
from minichat.api.policy import STREAM, WRITES
from minichat.api.request_state import caller, caller_id, request_state
from minichat.api.schemas.queries import EventsQuery
from minichat.api.schemas.requests import MessageFrame, ReadFrame, TypingFrame
from minichat.api.streaming import authenticate_again, events_of, open_listener, position_in, subscription_or_resync
from minichat.api.websocket import Socket, UpgradeResponse
from minichat.domain.errors import InvalidInput, NotAuthenticated
from minichat.domain.message_rules import check_client_id
from minichat.domain.retries import retry_on_conflict
from minichat.domain.text import Fields
from minichat.live.listeners import EndReason, Listener
from minichat.live.streaming import HEARTBEAT_SECONDS

log = logging.getLogger(__name__)

blueprint = Blueprint("sockets", __name__, url_prefix="/ws", description="Live updates over a WebSocket")

_CLOSE_CODES = {
    EndReason.CLIENT_GONE: (1000, ""),
    EndReason.TOO_SLOW: (1013, "too_slow"),
    EndReason.SESSION_ENDED: (4401, "session_ended"),
    EndReason.STOPPING: (1001, "stopping"),
    EndReason.FAILED: (1013, "unavailable"),
}
"""Code and reason of the close frame (RFC 6455, section 7.4). 4401 and 4403 are private to this API."""
_LEFT_ROOM = (4403, "not_a_participant")
_MESSAGE_FRAME, _READ_FRAME, _TYPING_FRAME = MessageFrame(), ReadFrame(), TypingFrame()


class OriginNotAllowed(errors.HttpError):
    """The settings do not allow the origin of the page that opens the WebSocket."""

    code = "origin_not_allowed"
    status = 403


@blueprint.route("/chat/<id:room_id>/", methods=["GET"], policy=STREAM)
@blueprint.arguments(EventsQuery, location="query", read=read_stream_query, rules=position_in)
@answers(101, None, 400, 403, 404, 426)
def room_socket(query: dict[str, Any], room_id: int) -> Response:
    """Open a WebSocket with the events of a room. Each message is an Event.

    You may send `{"type": "message", "content", "client_id"?, "reply_to"?}`, `{"type": "typing"}` and
    `{"type": "read", "seq"}`. For each, you get `{"type": "ack", "client_id", "message"?}` or `{"type": "problem", …}`.
    `after` resumes after a cursor; so do `lastEventId` and the header `Last-Event-ID`. Browsers can't send
    `Authorization`: pass a `ticket` instead.
    """
    services().room_access.as_participant(caller_id(), room_id)
    socket = Socket()
    _check_origin()  # last, because a proxy that forwards no `Upgrade` often changes `Host` too
    subscription, must_resync = subscription_or_resync(query, only=room_id)
    listener, close = open_listener(subscription)
    response = UpgradeResponse(Conversation(socket, listener, room_id, must_resync=must_resync).run)
    response.call_on_close(close)
    return response


class FrameHandler(NamedTuple):
    """The schema of one type of frame, and the function that serves it."""

    schema: ma.Schema
    serve: Callable[[Form], dict[str, Any]]
    """Returns the members of the acknowledgement."""
    rules: Rules | None = None


class Conversation:
    """One client's WebSocket in one room, in both directions."""

    def __init__(self, socket: Socket, listener: Listener[JsonEvent], room_id: int, *, must_resync: bool) -> None:
        self._socket = socket
        self._listener = listener
        self._room_id = room_id
        self._pinged_at = monotonic()
        self._events = events_of(listener, must_resync=must_resync)
        self._handlers: Mapping[str, FrameHandler] = {
            "message": FrameHandler(_MESSAGE_FRAME, self._send_message, self._check_sent),
            "read": FrameHandler(_READ_FRAME, self._mark_read),
            "typing": FrameHandler(_TYPING_FRAME, self._report_typing),
        }

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

    def _ping(self) -> None:
        """Send a ping if it is due, even between events: a client that only reads sends nothing except pongs."""
        if monotonic() - self._pinged_at >= HEARTBEAT_SECONDS:
            self._pinged_at = monotonic()
            self._socket.ping()

    @property
    def _has_left_room(self) -> bool:
        """Whether the user has left the room, and has received all its events up to then."""
        listener = self._listener
        is_up_to_date = listener.is_attached and listener.has_no_events
        return is_up_to_date and not listener.has_ended and not listener.subscription.rooms

    def _answer(self, message: bytes) -> None:
        """Serve one frame and send its acknowledgement or its problem. Do nothing once the listener has ended."""
        if self._listener.has_ended:
            return
        frame: dict[str, Any] = {}
        try:
            parsed = parse_json(message)
            frame = parsed if isinstance(parsed, dict) else {}
            reply = {"type": "ack", "client_id": None, **self._serve(parsed)}
        except Exception as error:  # noqa: BLE001 - reported like the error of any request, and the WebSocket stays open
            reply = self._problem(error, frame.get("client_id"))
        with suppress(OSError):
            self._socket.send_json(orjson.dumps(reply))

    def _problem(self, error: Exception, client_id: Any) -> dict[str, Any]:
        """Return the frame that reports an error. End the listener if its session has ended."""
        response = current_app.make_response(current_app.handle_user_exception(error))
        reply = {**orjson.loads(response.get_data()), "type": "problem"}
        if "Retry-After" in response.headers:
            reply["retry_after"] = int(response.headers["Retry-After"])
        if isinstance(client_id, str):
            reply["client_id"] = _normal(client_id)
        if isinstance(error, NotAuthenticated):
            self._listener.end(EndReason.SESSION_ENDED)
        return reply

    def _serve(self, frame: Any) -> dict[str, Any]:
        """Authenticate, count and serve a frame like a request. Return the members of its acknowledgement."""
        request_state().caller = authenticate_again()
        count = context().count_request
        if count is not None:
            count(caller_id(), WRITES)
        kind = frame.get("type") if isinstance(frame, dict) else None
        handler = self._handlers.get(kind) if isinstance(kind, str) else None
        if handler is None:
            raise InvalidInput.of("type", "not_a_choice")
        form = checked(handler.schema, {name: value for name, value in frame.items() if name != "type"}, handler.rules)
        return retry_on_conflict(lambda: handler.serve(form))

    def _check_sent(self, form: Form) -> None:
        services().messaging.check_sent(caller_id(), self._room_id, **form)

    def _send_message(self, form: Form) -> dict[str, Any]:
        sent = services().messaging.send(caller().user, self._room_id, **form)
        # The message has the id in its normal form, like all text.
        message = presenter(sent.details).message(sent.message, sent.receipts)
        return {"client_id": sent.message.client_id, "message": message}

    def _mark_read(self, form: Form) -> dict[str, Any]:
        services().participation.mark_read(caller_id(), self._room_id, form["seq"])
        return {}

    def _report_typing(self, _form: Form) -> dict[str, Any]:
        services().presence.typing(caller_id(), self._room_id)
        return {}


def _normal(client_id: str) -> str:
    """Return the id as a message would have it, or unchanged if no message can have it."""
    fields = Fields()
    normal = check_client_id(fields, client_id)
    return client_id if fields.found else normal


def _check_origin() -> None:
    """Raise OriginNotAllowed if the settings do not allow the page's origin.

    CORS does not cover WebSockets (RFC 6455, section 10.2).
    """
    named = request.headers.get("Origin")
    own = {f"{request.scheme}://{request.host}", urljoin(base_url(), "/").rstrip("/")}
    if named is not None and origin(named) not in own.union(context().origins):
        raise OriginNotAllowed
