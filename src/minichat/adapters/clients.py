"""Watches the connection of a streaming client, which may close while the server has nothing to send.

A closed connection becomes readable, with nothing to read. Under gevent the event loop watches for that, at the cost of
a few bytes for each connection. Elsewhere the next heartbeat fails. Implements `ClientWatcher`.
"""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from minichat.adapters import gevents

SILENCE_SECONDS = 10
"""How long sent data may stay unacknowledged: detects a client that vanished without closing its connection."""


class ConnectionWatch:
    def __init__(self, environ: dict[str, Any], on_closed: Callable[[], None]) -> None:
        """Call `on_closed` when the client of the WSGI request closes its connection."""
        self._connection: Any = environ.get("gunicorn.socket")
        self._on_closed = on_closed
        self._watcher: Any = None
        if self._connection is not None and gevents.runs_requests():
            from gevent import get_hub

            with suppress(OSError):  # no TCP
                self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_SECONDS * 1_000)
            self._watcher = get_hub().loop.io(self._connection.fileno(), 1)
            self._watcher.start(self._check)

    def disconnect(self) -> None:
        if self._connection is not None:
            shut_down(self._connection, socket.SHUT_RDWR)

    def stop(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None

    def _check(self) -> None:
        # The watch ends even if the client has sent data: then a failing heartbeat detects its end.
        self._watcher.stop()
        if _has_gone(self._connection):
            self._on_closed()


def shut_down(connection: Any, how: int) -> None:
    """Shut down one or both directions of a connection, so that its readers and writers find its end.

    gevent's own `shutdown` interrupts them at any point instead.
    """
    with suppress(OSError), gevents.native_socket_class()(fileno=os.dup(connection.fileno())) as same:
        same.shutdown(how)


def _has_gone(connection: Any) -> bool:
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True
