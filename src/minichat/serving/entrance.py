"""The entrance of a worker: connections that open a stream wait here, and requests at other connections overtake them.

After a restart thousands of clients return at once. A connection that waits here needs no greenlet, which would take
10 KiB, and its request is not parsed yet. A connection that is accepted before its first bytes arrive has a greenlet,
which looks at them when they arrive, and then waits here as well. It does not wait for those without a greenlet: they
wait for a place in the pool, which such greenlets may have filled.
"""

import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import gevent
from gevent.lock import Semaphore

from minichat.api.stream_requests import opens_stream
from minichat.serving import yielding

PEEKED_BYTES = 128
FIRST_BYTES_SECONDS = 1.0
"""Maximum wait for the first bytes of a connection. Clients that return after an interruption send at once."""


class Entrance:
    """The connections that wait, in the order of their arrival. The length is that of those without a greenlet."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], object]] = deque()
        self._turn = Semaphore()
        """Late streams wait for it, each in its greenlet."""
        self._porter: gevent.Greenlet[[], None] | None = None
        self._is_open = False

    def __len__(self) -> int:
        return len(self._waiting)

    def wait(self, serve: Callable[[], object]) -> None:
        """Call `serve` when those that came before have passed, and return at once. `serve` starts a greenlet."""
        if self._is_open:
            serve()
            return
        self._waiting.append(serve)
        if not self._porter:  # never begun, or done
            self._porter = gevent.spawn(self._let_in)

    def wait_if_late(self, client: Any) -> None:
        """Wait for the first bytes of a connection. If they open a stream, return when late ones before it have passed.

        Return without an error if nothing arrives: the server notices that itself.
        """
        start = b""
        with gevent.Timeout(FIRST_BYTES_SECONDS, False), suppress(OSError):  # type: ignore[arg-type]  # no error
            start = client.recv(PEEKED_BYTES, socket.MSG_PEEK)
        if opens_stream(start):
            with self._turn:
                if not self._is_open:
                    yielding.sleep(0)  # the requests that have arrived at other connections come first

    def open(self, is_full: Callable[[], bool]) -> None:
        """Let everybody pass at once, now and later: the server that has accepted them closes.

        Where that is full, connections without a greenlet are closed, and their clients ask again for their streams.
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


def first_bytes(client: Any) -> bytes | None:
    """Return the first bytes that have arrived at a connection, or None. Leave them there."""
    try:
        start: bytes = client._sock.recv(PEEKED_BYTES, socket.MSG_PEEK)  # noqa: SLF001 - gevent's own would wait
    except OSError:
        return None
    return start
