"""Watches the connections of streaming clients, which may close while the server has nothing to send.

The kernel reports the end of a connection through one epoll instance per process, whatever the client has sent before
and whether the connection is encrypted or not. Under gevent the event loop waits for these reports, otherwise a thread.
Implements `ClientWatcher`.
"""

import os
import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from minichat.adapters import gevents
from minichat.domain.errors import StreamsNotServed

SILENCE_SECONDS = 10
"""Maximum time that sent data may stay unacknowledged. It detects a client that vanished silently."""
REPORTED_AT_ONCE = 16
"""After so many closed connections, other work of the process comes first. Each takes about 100 µs to clean up."""


class Connections:
    """The watched connections of this process. The first watch starts the waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._epoll: Any = None
        self._on_closed: dict[int, Callable[[], None]] = {}

    def watch(self, environ: dict[str, Any], on_closed: Callable[[], None]) -> "ConnectionWatch":
        """Call `on_closed` when the client of the WSGI request closes its connection.

        Raises StreamsNotServed if the server serves one request at a time.
        """
        if not environ["wsgi.multithread"]:
            raise StreamsNotServed
        connection = environ.get("gunicorn.socket")
        if connection is not None:
            with suppress(OSError):  # no TCP
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_SECONDS * 1_000)
            self.add(connection.fileno(), on_closed)
        return ConnectionWatch(self, connection)

    def remove(self, descriptor: int) -> Callable[[], None] | None:
        """Stop watching a connection, and return its `on_closed`. Do nothing if it is not watched."""
        on_closed = self._on_closed.pop(descriptor, None)
        if on_closed is not None:
            with suppress(OSError):  # the connection has been closed already
                self._epoll.unregister(descriptor)
        return on_closed

    def add(self, descriptor: int, on_closed: Callable[[], None]) -> None:
        """Call `on_closed` when the other end of the connection closes it."""
        with self._lock:
            if self._epoll is None:
                self._epoll = gevents.native_epoll_class()()
                gevents.whenever_readable(self._epoll.fileno(), self._report)
        self._on_closed[descriptor] = on_closed
        # A client that closes its own direction only also counts as gone.
        self._epoll.register(descriptor, select.EPOLLRDHUP | select.EPOLLONESHOT)

    def _report(self) -> None:
        for descriptor, _ in self._epoll.poll(0, REPORTED_AT_ONCE):
            on_closed = self._on_closed.get(descriptor)
            if on_closed is not None:
                on_closed()


class ConnectionWatch:
    """The watch over one connection. Without a connection it does nothing."""

    def __init__(self, connections: Connections, connection: Any) -> None:
        self._connections = connections
        self._connection = connection
        self._descriptor = -1 if connection is None else connection.fileno()

    @property
    def send_now(self) -> Callable[[bytes], int] | None:
        return None if self._connection is None else gevents.send_now(self._connection)

    def take_over(self) -> "OwnConnection":
        own = OwnConnection(self._connection)
        on_closed = self._connections.remove(self._descriptor)
        self._connection, self._descriptor = own, own.fileno()
        if on_closed is not None:
            self._connections.add(self._descriptor, on_closed)
        return own

    def disconnect(self) -> None:
        if self._connection is not None:
            shut_down(self._connection, socket.SHUT_RDWR)

    def stop(self) -> None:
        self._connections.remove(self._descriptor)


class OwnConnection:
    """A duplicate of a connection of the web server. Implements the port of the same name."""

    def __init__(self, connection: Any) -> None:
        self._timeout_seconds = connection.gettimeout()
        self._native = gevents.native_socket_class()(fileno=os.dup(connection.fileno()))
        self._native.setblocking(False)
        self.send_now: Callable[[bytes], int] = self._native.send

    def fileno(self) -> int:
        descriptor: int = self._native.fileno()
        return descriptor

    def sendall(self, data: bytes) -> None:
        with socket.socket(fileno=os.dup(self.fileno())) as waiting:  # gevent's, if there is gevent
            waiting.settimeout(self._timeout_seconds)
            waiting.sendall(data)

    def close(self) -> None:
        self._native.close()


def shut_down(connection: Any, how: int) -> None:
    """Shut down one or both directions of a connection, so that its readers and writers see its end.

    Do not use gevent's own `shutdown`: it interrupts them at any point.
    """
    with suppress(OSError), gevents.native_socket_class()(fileno=os.dup(connection.fileno())) as same:
        same.shutdown(how)
