"""A TLS connection that one thread reads while another writes. It knows nothing of the data."""

import select
import ssl
import threading
from typing import Any


class TwoWayTls:
    """The part of a socket that a WebSocket needs, over a TLS connection.

    OpenSSL must not be called by two threads at once, and a blocking read would keep the connection until data arrives.
    So each call is short, and the waiting is outside the lock.
    """

    def __init__(self, connection: ssl.SSLSocket) -> None:
        self._connection = connection
        self._connection.setblocking(False)
        self._lock = threading.Lock()
        self._timeout_ms: float | None = None

    def settimeout(self, seconds: float) -> None:
        """Set the longest wait of the following calls."""
        self._timeout_ms = seconds * 1_000

    def recv(self, size: int) -> bytes:
        """Return data, or nothing at the end of the connection. Raises OSError."""
        while True:
            with self._lock:
                try:
                    return self._connection.recv(size)
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
                    reason = error
            self._wait(reason)

    def sendall(self, data: bytes) -> None:
        """Send all data. Raises OSError."""
        rest = memoryview(data)
        while rest:
            with self._lock:
                try:
                    rest = rest[self._connection.send(rest) :]
                    continue
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
                    reason = error
            self._wait(reason)

    def shutdown(self, how: int) -> None:
        """End one or both directions of the connection. Raises OSError."""
        self._connection.shutdown(how)

    def getsockopt(self, *args: Any) -> Any:
        return self._connection.getsockopt(*args)

    def _wait(self, reason: ssl.SSLError) -> None:
        """Wait until OpenSSL can go on. Raises TimeoutError."""
        poll = select.poll()
        poll.register(self._connection, select.POLLOUT if isinstance(reason, ssl.SSLWantWriteError) else select.POLLIN)
        if not poll.poll(self._timeout_ms):
            raise TimeoutError
