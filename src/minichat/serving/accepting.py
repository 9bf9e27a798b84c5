"""A worker's server: it accepts connections, shares them with other workers, and drains the queue when it stops."""

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from gevent.pool import Pool
from gevent.server import StreamServer

from minichat.api.stream_requests import opens_stream
from minichat.serving.entrance import Entrance, first_bytes
from minichat.serving.shares import Share, pause_seconds

KEEPALIVE_SECONDS = 75
SILENCE_SECONDS = KEEPALIVE_SECONDS + 15
"""Maximum pause of a client within a request, or while it reads the answer."""
_WAITING = struct.Struct("@24xI")
"""The place of `tcpi_unacked` in the kernel's `tcp_info`: for a listening socket, the length of its queue."""
ACCEPTED_AT_ONCE = 64
"""After so many new connections, other work of the worker comes first. They take about 5 ms."""
TAKEN_OVER_AT_ONCE = 8
"""The same for connections beyond the worker's share, which another worker has left for too long."""


class DrainingServer(StreamServer):
    """gevent's server, changed to accept the connections in the kernel's queue before it closes.

    It leaves connections to other workers that have fewer: see `shares`. Those that open a stream pass the entrance. It
    also ends failed TLS handshakes quietly, and those of silent clients in time.
    """

    max_accept = 1

    def __init__(
        self,
        listener: Any,
        share: Share,
        pool: Pool,
        count: Callable[[], int],
        entrance: Entrance,
        handle: Callable[[Any, Any], object],
        **options: Any,
    ) -> None:
        """`count` returns the number of this worker's connections, with those that need no greenlet of the pool."""
        self._serve = handle
        super().__init__(listener, spawn=pool, **options)
        self._share = share
        self._entrance = entrance
        self._count = count

    def _do_read(self) -> None:
        """Accept a waiting connection, at once or after a pause."""
        lacking = self._share.lacking(self._count(), self._count_waiting())
        if lacking > 0:
            self._accept(min(lacking, ACCEPTED_AT_ONCE))
        else:
            self.stop_accepting()
            self._timer = self.loop.timer(pause_seconds(-lacking))
            self._timer.start(self._accept_rest)

    def _accept_rest(self) -> None:
        """Accept the connections that no other worker has accepted during the pause."""
        if self.started:
            self.start_accepting()
            self._accept(TAKEN_OVER_AT_ONCE)

    def _accept(self, most: int) -> None:
        """Accept connections, and publish how many there are now."""
        for _ in range(most):
            count = self._count()
            super()._do_read()  # type: ignore[misc]  # the stubs leave it out
            if self._count() == count:
                break  # none was waiting
        self._share.publish(self._count())

    def do_handle(self, client_socket: Any, address: Any) -> None:
        """Serve a connection in the pool, now or when it passes the entrance."""
        start = first_bytes(client_socket)
        if start is not None and opens_stream(start):
            self._entrance.wait(partial(super().do_handle, client_socket, address))
        elif start is None and not self.ssl_enabled:
            super().do_handle(client_socket, address, True)  # type: ignore[call-arg]  # passed on to `handle`
        else:
            super().do_handle(client_socket, address)

    def handle(self, client_socket: Any, address: Any, is_late: bool = False) -> None:
        """Serve a connection in its greenlet. If it `is_late`, its first bytes had not arrived when it was accepted."""
        if is_late:
            self._entrance.wait_if_late(client_socket)
        self._serve(client_socket, address)

    def _count_waiting(self) -> int:
        """Return how many connections wait in the kernel's queue, at least one."""
        try:
            state = self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _WAITING.size)
        except OSError:  # no TCP
            return 1
        waiting: int = _WAITING.unpack(state)[0]
        return max(1, waiting)

    def close(self) -> None:
        """Accept the waiting connections, then stop listening.

        Closing alone would reset them, and a proxy must not repeat requests that it has sent already.
        """
        with suppress(OSError):
            while self.started and not self.full() and (waiting := self.do_read()):
                self.do_handle(*waiting)
        self._entrance.open(self.full)  # a closed server serves nobody
        super().close()

    def wrap_socket_and_handle(self, client_socket: Any, address: Any) -> Any:
        """Serve a TLS connection. Port scanners and plain HTTP fail in the handshake, which is no error of ours."""
        client_socket.settimeout(SILENCE_SECONDS)
        with suppress(OSError):
            super().wrap_socket_and_handle(client_socket, address)
