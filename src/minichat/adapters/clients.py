"""Noticing that a client has gone, while the server has nothing to send to it.

A closed connection shows by being readable, with nothing to read. Under gevent the event loop watches for that, for no
more than a few bytes a connection; elsewhere it is noticed when the next heartbeat can't be sent.
"""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from minichat.adapters import gevents

SILENCE_SECONDS = 10
"""For how long a client may not take what was sent; one that vanishes without a word is noticed by that."""


class ConnectionWatch:
    def __init__(self, environ: dict[str, Any], on_closed: Callable[[], None]) -> None:
        """Call `on_closed` when the client of that WSGI request closes the connection."""
        self._connection: Any = environ.get("gunicorn.socket")
        self._on_closed = on_closed
        self._watcher: Any = None
        if self._connection is not None and gevents.runs_requests():
            from gevent import get_hub

            with suppress(OSError):  # no TCP
                self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_SECONDS * 1_000)
            self._watcher = get_hub().loop.io(self._connection.fileno(), 1)
            self._watcher.start(self._look)

    def disconnect(self) -> None:
        if self._connection is not None:
            shut_down(self._connection, socket.SHUT_RDWR)

    def stop(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None

    def _look(self) -> None:
        # Should it have sent something instead, it is heard no more, and noticed by the heartbeat.
        self._watcher.stop()
        if _has_gone(self._connection):
            self._on_closed()


def shut_down(connection: Any, how: int) -> None:
    """Shut the connection down for who reads or writes, as the system does: they find that it has ended.

    gevent's own `shutdown` breaks them off instead, in the middle of whatever they do.
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
