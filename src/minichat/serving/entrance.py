"""The entrance of a worker: connections that open a stream wait here, and requests at other connections overtake them.

After a restart thousands of clients return at once. A connection that waits here needs no greenlet, which would take
10 KiB, and its request is not parsed yet.
"""

import socket
from collections import deque
from collections.abc import Callable
from typing import Any

import gevent

from minichat.api.stream_requests import opens_stream
from minichat.serving import yielding

PEEKED_BYTES = 128


class Entrance:
    """The connections that wait, in the order of their arrival."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], object]] = deque()
        self._porter: gevent.Greenlet[[], None] | None = None
        self._is_open = False

    def __len__(self) -> int:
        return len(self._waiting)

    def wait(self, serve: Callable[[], object]) -> None:
        """Call `serve` when those that came before have passed, and return at once."""
        if self._is_open:
            serve()
            return
        self._waiting.append(serve)
        if not self._porter:  # never begun, or done
            self._porter = gevent.spawn(self._let_in)

    def open(self, is_full: Callable[[], bool]) -> None:
        """Let everybody pass at once, now and later: the server that has accepted them closes.

        Where that is full, the connections of the others are closed, and their clients ask again for their streams.
        """
        self._is_open = True
        while self._waiting and not is_full():
            self._waiting.popleft()()
        self._waiting.clear()

    def _let_in(self) -> None:
        while self._waiting:
            yielding.sleep(0)  # the requests that have arrived at other connections come first
            if self._waiting:
                self._waiting.popleft()()


def asks_for_stream(client: Any) -> bool:
    """Return whether the data that has arrived at a connection opens a stream. Leave all of it there."""
    try:
        start: bytes = client._sock.recv(PEEKED_BYTES, socket.MSG_PEEK)  # noqa: SLF001 - gevent's own would wait
    except OSError:
        return False
    return opens_stream(start)
