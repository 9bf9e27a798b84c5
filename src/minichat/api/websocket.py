"""The WebSocket protocol of one request: handshake, messages, pace and closing.

wsproto speaks the protocol after the handshake, and this module owns the connection to its end. It does not know what
the messages mean.
"""

import base64
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import inf
from time import monotonic
from typing import Any, ClassVar

from flask import Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_set_header
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import CloseConnection, Message, Ping, TextMessage
from wsproto.utilities import LocalProtocolError, generate_accept_token

from minichat.api import errors
from minichat.api.direct import Outlet
from minichat.api.tls import TwoWayTls
from minichat.domain.ports import OwnConnection

MAX_MESSAGE_BYTES = 64 * 1024
"""The longest message that a client may send."""
FRAMES_PER_SECOND, FRAMES_AT_ONCE = 50, 200
"""How fast frames of any kind are read. Further frames wait in the network."""
CLOSING_SECONDS = 2.0
"""How long a client may take to answer a close frame."""
_VERSION = "Sec-WebSocket-Version"
_ACCEPTED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n\r\n"
)
_TOO_LARGE = (1009, "frame_too_large")
_ESTABLISHED = 1
"""The state of a TCP connection that neither end has closed, in Linux's `tcp_info`."""


class UpgradeRequired(errors.HttpError):
    """The request is no WebSocket handshake."""

    code = "upgrade_required"
    status = 426
    headers: ClassVar = {"Upgrade": "websocket", _VERSION: "13"}


class SocketsNotServed(errors.HttpError):
    """The web server does not hand over the connections of its requests."""

    code = "sockets_not_served"
    status = 503
    headers: ClassVar = {"Retry-After": "60"}


class UpgradeResponse(Response):
    """The response to a handshake. The connection carries no HTTP afterwards, so the server closes it at the end."""

    def __init__(self, run: Callable[[], bool]) -> None:
        """`run` uses the WebSocket until both ends have closed it.

        Or it returns True early: then the WebSocket is used elsewhere, and the response is not closed.
        """
        super().__init__(status=101)
        self._run = run

    def __call__(self, environ: Any, start_response: Any) -> Any:
        is_kept = False
        try:
            is_kept = self._run()
        finally:
            if not is_kept:
                self.close()
        raise StopIteration  # gunicorn then closes its connection without a response


class TokenBucket:
    """A steady rate with a burst. While a caller waits, other requests run."""

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = self._tokens = burst
        self._filled_at = monotonic()

    def wait(self) -> bool:
        """Take one token. If the bucket is empty, wait for the token. Return whether it was empty."""
        now = monotonic()
        filled = self._tokens + (now - self._filled_at) * self._per_second
        self._tokens = min(self._burst, filled) - 1
        self._filled_at = now
        time.sleep(max(0.0, -self._tokens / self._per_second))
        return self._tokens < 0


class Socket:
    """The server's end of the WebSocket that the current request opens."""

    def __init__(self) -> None:
        """Raises UpgradeRequired if the request is no handshake, or SocketsNotServed if there is no connection."""
        self._protocol = Connection(ConnectionType.SERVER)
        self._lock = threading.Lock()
        self._pace = TokenBucket(FRAMES_PER_SECOND, FRAMES_AT_ONCE)
        self._read_until = inf
        self._outlet: Outlet | None = None
        if not _is_handshake():
            raise UpgradeRequired
        self._key = request.headers["Sec-WebSocket-Key"].strip().encode()
        connection = request.environ.get("gunicorn.socket")
        if connection is None:
            raise SocketsNotServed
        self._connection: Any = TwoWayTls(connection) if isinstance(connection, ssl.SSLSocket) else connection

    def accept(self) -> None:
        """Answer the handshake. Raises OSError if the client has gone."""
        self._connection.sendall(_ACCEPTED % generate_accept_token(self._key))

    def keep(self, connection: OwnConnection) -> None:
        """Use this connection from now on, which outlives the request. `offer` sends on it."""
        self._connection, self._outlet = connection, Outlet(connection)

    def offer(self, frames: bytes) -> bool:
        """Send complete frames without waiting, and keep the rest. Return False if nothing was sent. Requires `keep`.

        Raises OSError if the client has gone.
        """
        # Nothing here waits, and greenlets share a kept connection: there is no need to hold the lock.
        assert self._outlet is not None, "the connection of a request belongs to its threads"
        if self._lock.locked() or self._protocol.state is not ConnectionState.OPEN:
            return False
        return self._outlet.offer(frames)

    @property
    def has_rest(self) -> bool:
        """Whether `offer` has kept a rest, which `flush` or the next message sends."""
        return self._outlet is not None and bool(self._outlet.rest)

    def flush(self) -> None:
        """Send the rest of frames that were offered. Raises OSError if the client has gone."""
        with self._lock:
            if self._outlet is not None:
                self._outlet.send()

    def send_json(self, json: bytes) -> None:
        """Send a text message. Raises OSError if the client has gone."""
        self._send(TextMessage(json.decode()))

    def ping(self) -> None:
        """Send a ping. Raises OSError if the client has gone."""
        self._send(Ping())

    @property
    def is_closing(self) -> bool:
        """Whether the server has sent a close frame."""
        return self._read_until < inf

    def close(self, code: int, reason: str) -> None:
        """Send a close frame. `messages` ends when the client has answered it, or after CLOSING_SECONDS.

        On a kept connection, nothing waits for the answer: the hub disconnects a client that does not answer.
        """
        with suppress(OSError):
            self._send(CloseConnection(code, reason))
        self._read_until = monotonic() + CLOSING_SECONDS
        self._connection.settimeout(CLOSING_SECONDS)

    def disconnect(self) -> None:
        """End the connection, when nobody uses it any more and the client had its time to close it.

        Otherwise the web server may wait for the client: gunicorn's worker with threads does so in its only accepting
        thread.
        """
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def messages(self) -> Iterator[bytes | None]:
        """Yield the client's messages until the connection ends, text in UTF-8.

        Yield None when nothing has arrived on a kept connection: go on when it is readable.

        Some clients, such as games, send their text in binary messages.
        """
        with suppress(OSError):  # the client has gone, or takes too long to close
            parts: list[bytes] = []
            size = 0
            for part in self._message_parts():
                if part is None:
                    yield None
                    continue
                data = part.data.encode() if isinstance(part.data, str) else bytes(part.data)
                size += len(data)
                if size > MAX_MESSAGE_BYTES:
                    self.close(*_TOO_LARGE)
                    yield from self._discard_until_closed()
                    return
                parts.append(data)
                if part.message_finished:
                    yield b"".join(parts)
                    parts, size = [], 0

    def _send(self, event: Any) -> None:
        """Send an event of the protocol. After a close frame, do nothing. Raises OSError if the client has gone."""
        with self._lock, suppress(LocalProtocolError):
            data = self._protocol.send(event)
            if self._outlet is not None:
                self._outlet.send(data)
            else:
                self._connection.sendall(data)

    def _received(self) -> Iterator[bytes | None]:
        """Yield data as it arrives, at last nothing at the end of the connection, until it is time to stop reading.

        Yield None when nothing has arrived on a kept connection. Raises OSError.
        """
        received: bytes | None = None
        while received != b"" and monotonic() < self._read_until:
            try:
                received = self._connection.recv(65_536)
            except BlockingIOError:
                received = None
            yield received

    def _message_parts(self) -> Iterator[Message[Any] | None]:
        """Yield messages in the parts in which they arrive, until both ends have closed. Raises OSError.

        Yield None when nothing has arrived on a kept connection.
        """
        for received in self._received():
            if received is None:
                yield None
                continue
            self._protocol.receive_data(received or None)
            for event in self._protocol.events():
                is_too_fast = self._pace.wait()
                if monotonic() >= self._read_until or (is_too_fast and self._is_disconnected()):
                    return  # the client has gone, and the rest of its frames would take minutes at this pace
                if isinstance(event, Message):
                    yield event
                elif isinstance(event, Ping):
                    self._send(event.response())
                elif isinstance(event, CloseConnection):
                    yield from self._answer_close(event)
                    return

    def _answer_close(self, event: CloseConnection) -> Iterator[None]:
        """Answer a close frame, or close after a malformed frame: wsproto reports both alike. Raises OSError."""
        if self._protocol.state in {ConnectionState.OPEN, ConnectionState.LOCAL_CLOSING}:
            self.close(event.code, event.reason or "")
            yield from self._discard_until_closed()
        else:
            self._send(event.response())

    def _discard_until_closed(self) -> Iterator[None]:
        """Read and discard further data until the client closes too, or until CLOSING_SECONDS are over. Raises OSError.

        If the server closed the connection first, the system might reset it, and the close frame would be lost. Yield
        None when nothing has arrived on a kept connection.
        """
        for received in self._received():
            if received is None:
                yield None
                continue
            self._protocol.receive_data(received)
            deque(self._protocol.events(), maxlen=0)
            if self._protocol.state is not ConnectionState.LOCAL_CLOSING:
                return
            time.sleep(0.001)  # yields to other requests, however much the client sends

    def _is_disconnected(self) -> bool:
        """Return whether either end has closed the connection, as far as the system knows."""
        try:
            state: int = self._connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        except (OSError, AttributeError):  # no TCP, or not Linux: the next heartbeat fails instead
            return False
        return state != _ESTABLISHED


def _is_handshake() -> bool:
    """Return whether the request is a handshake (RFC 6455, section 4.2.1). Only frames may follow it."""
    headers = request.headers
    try:
        key = base64.b64decode(headers.get("Sec-WebSocket-Key", ""), validate=True)
    except ValueError:
        return False
    is_http_1_1_get = request.method == "GET" and request.environ.get("SERVER_PROTOCOL") == "HTTP/1.1"
    is_upgrade = "websocket" in parse_set_header(headers.get("Upgrade"))
    is_of_connection = "upgrade" in parse_set_header(headers.get("Connection"))
    is_supported = headers.get(_VERSION) == "13"
    return is_http_1_1_get and is_upgrade and is_of_connection and is_supported and len(key) == 16 and not _has_body()


def _has_body() -> bool:
    """Return whether the request has a body. Some clients announce an empty one."""
    if "Transfer-Encoding" not in request.headers:
        return bool(request.content_length)
    try:
        return bool(request.get_data())
    except HTTPException:
        raise
    except Exception as error:  # each WSGI server raises its own errors for malformed chunks
        raise UpgradeRequired from error
