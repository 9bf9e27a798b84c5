"""`/ws/chat/<room>/`: a room's events over a WebSocket, and what its client says there.

wsproto speaks the protocol; this owns the connection from the handshake to its end. One greenlet (or thread) reads what
the client says, one frame after the other, and so no faster than it can be served; another sends what happens.
"""

import base64
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import inf
from time import monotonic
from typing import Any, ClassVar
from urllib.parse import urljoin

import orjson
from flask import Response, current_app, request
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import AcceptConnection, CloseConnection, Message, Ping, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from minichat.api import errors
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import base_url, context, presenter, services
from minichat.api.events import JsonEvent
from minichat.api.parsing import checked, parse_json
from minichat.api.policy import STREAM, WRITES
from minichat.api.request_state import caller, caller_id, request_state
from minichat.api.schemas.requests import EventsQuery, MessageFrame, ReadFrame, TypingFrame
from minichat.api.streaming import authenticate_again, open_listener, subscription_or_resync
from minichat.domain.errors import InvalidInput, NotAuthenticated
from minichat.domain.retries import retry_on_conflict
from minichat.live.listeners import EndReason, Listener
from minichat.live.streaming import HEARTBEAT_SECONDS, stream_events

log = logging.getLogger(__name__)

blueprint = Blueprint("sockets", __name__, url_prefix="/ws", description="Live updates")

FRAME_MOST = 64 * 1024
"""The longest message that a client may send, in bytes."""
FRAMES_PER_SECOND, FRAMES_AT_ONCE = 50, 200
"""How many frames of a client are read, of whatever kind; what comes faster waits in the network."""
FAREWELL_SECONDS = 2.0
"""How long a client may take to say goodbye."""
_CLOSING = {
    EndReason.CLIENT_GONE: (1000, ""),
    EndReason.TOO_SLOW: (1013, "too_slow"),
    EndReason.SESSION_ENDED: (4401, "session_ended"),
    EndReason.STOPPING: (1001, "stopping"),
    EndReason.FAILED: (1013, "unavailable"),
}
"""What a client is told when it is sent no more (RFC 6455, section 7.4); 4401 and 4403 are ours."""
_OUT = (4403, "not_a_participant")
_TOO_LARGE = (1009, "frame_too_large")
_ESTABLISHED = 1
"""The state of a TCP connection of which neither end has been closed, in Linux's `tcp_info`."""


class OriginNotAllowed(errors.Refused):
    """A page of another origin, which is not on the list, asks for a socket; browsers let it."""

    code = "origin_not_allowed"
    status = 403


class UpgradeRequired(errors.Refused):
    """This is no WebSocket handshake."""

    code = "upgrade_required"
    status = 426
    headers: ClassVar = {"Upgrade": "websocket", "Sec-WebSocket-Version": "13"}


@blueprint.route("/chat/<id:room_id>/", methods=["GET"], policy=STREAM)
@blueprint.arguments(EventsQuery, location="query")
@answers(101, None, 400, 403, 404, 426)
def room_socket(query: dict[str, Any], room_id: int) -> Response:
    """A WebSocket with what happens in a room: each message is an Event.

    You may send `{"type": "message", "content", "client_id"?, "reply_to"?}`, `{"type": "typing"}` and
    `{"type": "read", "seq"}`, and get `{"type": "ack", "client_id", "message"?}` or `{"type": "problem", …}` for each.
    `after` resumes behind a cursor. Browsers send no `Authorization`: give it a `ticket`.
    """
    _check_origin()
    services().rooms.as_participant(caller_id(), room_id)
    socket = Socket()
    subscription, must_resync = subscription_or_resync(query.get("after"), "after", only=room_id)
    listener, close = open_listener(subscription)
    response = Upgraded(Conversation(socket, listener, room_id, must_resync=must_resync).run)
    response.call_on_close(close)
    return response


class Upgraded(Response):
    """The answer to a handshake: what follows is no HTTP, so the server is to close the connection after it."""

    def __init__(self, converse: Callable[[], None]) -> None:
        super().__init__(status=101)
        self._converse = converse

    def __call__(self, environ: Any, start_response: Any) -> Any:
        try:
            self._converse()
        finally:
            self.close()
        raise StopIteration  # gunicorn's word for it


class Pace:
    """So many things a second, and a few more at once; what comes faster waits. Others always get their turn."""

    def __init__(self, per_second: float, at_once: float) -> None:
        self._per_second = per_second
        self._at_once = self._left = at_once
        self._looked_at = monotonic()

    def wait(self) -> bool:
        """Be there before each thing. True if it came too fast."""
        now = monotonic()
        self._left = min(self._at_once, self._left + (now - self._looked_at) * self._per_second) - 1
        self._looked_at = now
        time.sleep(max(0.0, -self._left / self._per_second))
        return self._left < 0


class Socket:
    """This end of the WebSocket that the request asks for. Raises UpgradeRequired if it does not, or can't have one."""

    def __init__(self) -> None:
        self._protocol = WSConnection(ConnectionType.SERVER)
        self._lock = threading.Lock()
        self._pace = Pace(FRAMES_PER_SECOND, FRAMES_AT_ONCE)
        self._read_until = inf
        if not _is_handshake():
            raise UpgradeRequired
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.items()]
        try:
            self._protocol.initiate_upgrade_connection(headers, request.path.encode())
            self._connection = request.environ["gunicorn.socket"]
        except (RemoteProtocolError, KeyError) as error:
            raise UpgradeRequired from error

    def accept(self) -> None:
        """Answer the handshake. Raises OSError if the client has gone."""
        self.send(AcceptConnection())

    def send(self, event: Any) -> None:
        """Send one thing of the protocol's. Raises OSError if the client has gone; after a farewell it does nothing."""
        with self._lock, suppress(LocalProtocolError):
            self._connection.sendall(self._protocol.send(event))

    def send_json(self, json: bytes) -> None:
        self.send(TextMessage(json.decode()))

    def close(self, code: int, reason: str) -> None:
        """Say goodbye; `texts` ends when the client has answered, or has had the time to."""
        with suppress(OSError):
            self.send(CloseConnection(code, reason))
        self._read_until = monotonic() + FAREWELL_SECONDS
        self._connection.settimeout(FAREWELL_SECONDS)

    def texts(self) -> Iterator[str | None]:
        """What the client says, message by message, until it goes; None for what is no text."""
        with suppress(OSError):  # it has gone, or takes too long to go
            parts: list[str] = []
            size = 0
            for message in self._messages():
                data = message.data
                size += len(data if isinstance(data, bytes) else data.encode())
                if size > FRAME_MOST:
                    self.close(*_TOO_LARGE)
                    self._let_finish()
                    return
                parts += [data] if isinstance(data, str) else []
                if message.message_finished:
                    yield "".join(parts) if isinstance(data, str) else None
                    parts, size = [], 0

    def _messages(self) -> Iterator[Message[Any]]:
        """The messages, in the pieces in which they come, until both ends part. Raises OSError."""
        received = b"-"
        while received and monotonic() < self._read_until:
            received = self._connection.recv(65_536)
            self._protocol.receive_data(received or None)
            for event in self._protocol.events():
                is_hasty = self._pace.wait()
                if monotonic() >= self._read_until or (is_hasty and self._has_been_closed()):
                    return  # what is left would take minutes at that pace, and nobody waits for it
                if isinstance(event, Message):
                    yield event
                elif isinstance(event, Ping):
                    self.send(event.response())
                elif isinstance(event, CloseConnection):
                    self._part(event)
                    return

    def _part(self, event: CloseConnection) -> None:
        """Part as the client has said, or as a malformed frame makes us, of which the protocol tells in the same way.
        Raises OSError.
        """
        if self._protocol.state in {ConnectionState.OPEN, ConnectionState.LOCAL_CLOSING}:
            self.close(event.code, event.reason or "")
            self._let_finish()
        else:
            self.send(event.response())

    def _let_finish(self) -> None:
        """Take what the client still sends, unread, until it says goodbye too, goes, or has had the time to. Were the
        connection closed before, the system would break it off, and our farewell might be lost. Raises OSError.
        """
        received = b"-"
        while received and monotonic() < self._read_until and self._protocol.state is ConnectionState.LOCAL_CLOSING:
            received = self._connection.recv(65_536)
            self._protocol.receive_data(received)
            deque(self._protocol.events(), maxlen=0)
            time.sleep(0.001)  # others get their turn, however much it is

    def _has_been_closed(self) -> bool:
        """Whether one of both ends has closed the connection, as far as the system tells."""
        try:
            state: int = self._connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        except (OSError, AttributeError):  # no TCP, or not Linux: the next heartbeat tells
            return False
        return state != _ESTABLISHED


class Conversation:
    """What is said on one socket, both ways."""

    def __init__(self, socket: Socket, listener: Listener[JsonEvent], room_id: int, *, must_resync: bool) -> None:
        self._socket = socket
        self._listener = listener
        self._room_id = room_id
        self._pinged_at = monotonic()
        self._events = stream_events(
            context().hub, services().change_log, context().events, listener, must_resync=must_resync
        )

    def run(self) -> None:
        """Talk until one of both has enough."""
        try:
            self._socket.accept()
        except OSError:
            return
        telling = threading.Thread(target=self._tell, name="minichat-socket", daemon=True)
        telling.start()
        try:
            for text in self._socket.texts():
                self._answer(text)
        finally:
            self._listener.end()
            telling.join()

    def _tell(self) -> None:
        """Send what happens, and say goodbye when it is over."""
        is_out = False
        try:
            for events in self._events:
                for event in events:
                    self._socket.send_json(event.json)
                self._ping()
                is_out = self._is_out
                if is_out:
                    break
        except OSError:
            log.debug("a client has gone without a word")
        except Exception:
            log.exception("what happens was not told any more")
            self._listener.end(EndReason.FAILED)
        self._listener.end()  # from here on nothing is done for it, and the hub cuts the connection if it stays
        self._socket.close(*(_OUT if is_out else _CLOSING[self._listener.end_reason or EndReason.CLIENT_GONE]))

    def _ping(self) -> None:
        """Ask for a sign of life where it is time to, however much is sent: who only listens gives none."""
        if monotonic() - self._pinged_at >= HEARTBEAT_SECONDS:
            self._pinged_at = monotonic()
            self._socket.send(Ping())

    @property
    def _is_out(self) -> bool:
        """Whether the client is in the room no more, and has been told all up to how that came."""
        listener = self._listener
        return (
            listener.is_attached
            and not listener.has_ended
            and not listener.subscription.rooms
            and listener.has_no_events
        )

    def _answer(self, text: str | None) -> None:
        """Do what a frame asks for, and say how that went; nothing more once we have said goodbye."""
        if self._listener.has_ended:
            return
        frame: dict[str, Any] = {}
        try:
            found = parse_json(b"" if text is None else text.encode())
            frame = found if isinstance(found, dict) else {}
            reply = {"type": "ack", "client_id": frame.get("client_id"), **self._done(found)}
        except Exception as error:  # noqa: BLE001 - told as any request would tell it, and the socket goes on
            answer = current_app.make_response(current_app.handle_user_exception(error))
            reply = {**orjson.loads(answer.get_data()), "type": "problem"}
            if "Retry-After" in answer.headers:
                reply["retry_after"] = int(answer.headers["Retry-After"])
            if isinstance(frame.get("client_id"), str):
                reply["client_id"] = frame["client_id"]
            if isinstance(error, NotAuthenticated):
                self._listener.end(EndReason.SESSION_ENDED)
        with suppress(OSError):
            self._socket.send_json(orjson.dumps(reply))

    def _done(self, frame: Any) -> dict[str, Any]:
        request_state().caller = authenticate_again()
        count = context().count_request
        if count is not None:
            count(caller_id(), WRITES)
        kind = frame.get("type") if isinstance(frame, dict) else None
        if not isinstance(kind, str) or kind not in _FRAMES:
            raise InvalidInput.of("type", "not_a_choice")
        schema, act = _FRAMES[kind]
        form = checked(schema, {name: frame[name] for name in frame if name != "type"})
        done: dict[str, Any] = retry_on_conflict(lambda: act(self, form))
        return done

    def _message(self, form: dict[str, Any]) -> dict[str, Any]:
        sent = services().messaging.send(
            caller().user, self._room_id, form["content"], form.get("client_id"), form.get("reply_to")
        )
        return {"message": presenter({sent.author.id: sent.author}).message(sent.message, sent.receipts)}

    def _read(self, form: dict[str, Any]) -> dict[str, Any]:
        services().rooms.mark_read(caller_id(), self._room_id, form["seq"])
        return {}

    def _typing(self, form: dict[str, Any]) -> dict[str, Any]:
        services().presence.typing(caller_id(), self._room_id)
        return {}


_FRAMES: dict[Any, Any] = {
    "message": (MessageFrame(), Conversation._message),  # noqa: SLF001 - the class's own table
    "read": (ReadFrame(), Conversation._read),  # noqa: SLF001
    "typing": (TypingFrame(), Conversation._typing),  # noqa: SLF001
}


def _is_handshake() -> bool:
    """Whether the request can be one at all (RFC 6455, section 4.2.1): nothing may follow it but frames."""
    try:
        key = base64.b64decode(request.headers.get("Sec-WebSocket-Key", ""), validate=True)
    except ValueError:
        return False
    is_plain = request.method == "GET" and request.environ.get("SERVER_PROTOCOL") == "HTTP/1.1"
    return is_plain and len(key) == 16 and not {"Content-Length", "Transfer-Encoding"} & set(request.headers.keys())


def _check_origin() -> None:
    """Raise OriginNotAllowed for a page from elsewhere: CORS does not cover sockets (RFC 6455, section 10.2)."""
    origin = request.headers.get("Origin")
    own = {f"{request.scheme}://{request.host}", urljoin(base_url(), "/").rstrip("/")}
    if origin is not None and origin not in own.union(context().origins):
        raise OriginNotAllowed
