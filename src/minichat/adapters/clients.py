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
from functools import partial
from typing import Any

from minichat.adapters import gevents
from minichat.domain.errors import StreamsNotServed

SILENCE_SECONDS = 10
"""Maximum time that sent data may stay unacknowledged. It detects a client that vanished silently."""
REPORTED_AT_ONCE = 16
"""After so many closed connections, other work of the process comes first. Each takes about 100 µs to clean up."""


# A client that closes its own direction only also counts as gone.
_CLOSED = select.EPOLLRDHUP | select.EPOLLONESHOT


class Connections:
    """The watched connections of this process. The first watch starts the waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._epoll: Any = None
        self._actions: dict[int, Callable[[], None]] = {}

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
        """Stop watching a connection, and return its action. Do nothing if it is not watched."""
        action = self._actions.pop(descriptor, None)
        if action is not None:
            with suppress(OSError):  # the connection has been closed already
                self._epoll.unregister(descriptor)
        return action

    def add(self, descriptor: int, on_closed: Callable[[], None]) -> None:
        """Call `on_closed` when the other end of the connection closes it."""
        with self._lock:
            if self._epoll is None:
                self._epoll = gevents.native_epoll_class()()
                gevents.whenever_readable(self._epoll.fileno(), self._report)
        self._actions[descriptor] = on_closed
        self._epoll.register(descriptor, _CLOSED)

    def change(self, descriptor: int, on_readable: Callable[[], None]) -> None:
        """Replace the action: call `on_readable` once there is data to read, or the end of the connection."""
        self._actions[descriptor] = on_readable
        self._epoll.modify(descriptor, _CLOSED | select.EPOLLIN)

    def _report(self) -> None:
        for descriptor, _ in self._epoll.poll(0, REPORTED_AT_ONCE):
            action = self._actions.get(descriptor)
            if action is not None:
                action()


class ConnectionWatch:
    """The watch over one connection. Without a connection it does nothing."""

    __slots__ = ("_connection", "_connections", "_descriptor")

    def __init__(self, connections: Connections, connection: Any) -> None:
        self._connections = connections
        self._connection = connection
        self._descriptor = -1 if connection is None else connection.fileno()

    @property
    def can_take_over(self) -> bool:
        return self._connection is not None and gevents.can_share(self._connection)

    def take_over(self) -> "OwnConnection":
        own = OwnConnection(self._connection, self._connections)
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

    __slots__ = ("_native", "_timeout_seconds", "_watched", "send_now")

    def __init__(self, connection: Any, watched: Connections) -> None:
        """`watched` are the connections among which `when_readable` waits."""
        self._timeout_seconds = connection.gettimeout()
        self._native = gevents.native_socket_class()(fileno=os.dup(connection.fileno()))
        self._native.setblocking(False)
        self._watched = watched
        self.send_now: Callable[[bytes], int] = self._native.send

    def fileno(self) -> int:
        descriptor: int = self._native.fileno()
        return descriptor

    def sendall(self, data: bytes) -> None:
        with socket.socket(fileno=os.dup(self.fileno())) as waiting:  # gevent's, if there is gevent
            waiting.settimeout(self._timeout_seconds)
            waiting.sendall(data)

    def settimeout(self, seconds: float) -> None:
        self._timeout_seconds = seconds

    def recv(self, size: int) -> bytes:
        data: bytes = self._native.recv(size)
        return data

    def when_readable(self, action: Callable[[], object]) -> None:
        self._watched.change(self.fileno(), partial(gevents.start, action))

    def getsockopt(self, *option: int) -> Any:
        return self._native.getsockopt(*option)

    def close(self) -> None:
        self._native.close()


def shut_down(connection: Any, how: int) -> None:
    """Shut down one or both directions of a connection, so that its readers and writers see its end.

    Do not use gevent's own `shutdown`: it interrupts them at any point.
    """
    with suppress(OSError), gevents.native_socket_class()(fileno=os.dup(connection.fileno())) as same:
        same.shutdown(how)
