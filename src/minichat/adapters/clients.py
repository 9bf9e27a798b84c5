"""Watches the connection of a streaming client, which may close while the server has nothing to send.

A closed connection becomes readable, with nothing to read. Under gevent the event loop watches each connection for
that, at the cost of a few bytes. Without gevent the next heartbeat fails and ends the stream. Implements
`ClientWatcher`.
"""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from minichat.adapters import gevents

SILENCE_SECONDS = 10
"""Maximum time that sent data may stay unacknowledged. It detects a client that vanished silently."""


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
        # Data from the client also ends the watch. A failing heartbeat then detects the closed connection.
        self._watcher.stop()
        if _has_gone(self._connection):
            self._on_closed()


def shut_down(connection: Any, how: int) -> None:
    """Shut down one or both directions of a connection, so that its readers and writers see its end.

    Do not use gevent's own `shutdown`: it interrupts them at any point.
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
