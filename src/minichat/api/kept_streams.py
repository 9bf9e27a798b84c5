"""Event streams that have caught up. They need no greenlet, so an idle stream takes little memory.

The hub writes events to their connections, as far as these take them at once. One thread, the keeper, does the rest:
heartbeats, and the end of a stream. A stream whose connection is full gets a thread of its own until it has sent all
queued events.
"""

import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from queue import Empty, SimpleQueue
from time import monotonic, sleep

from minichat.api.events import JsonEvent
from minichat.api.framing import chunk_of
from minichat.domain.ports import OwnConnection
from minichat.live.listeners import Listener
from minichat.live.streaming import HEARTBEAT_SECONDS

log = logging.getLogger(__name__)

HEARTBEAT = b":\n"
"""A comment line. A blank line after it would end an event."""
TICK_SECONDS = 0.5
"""Interval between two checks for heartbeats that are due."""
SENT_AT_ONCE = 200
"""The number of heartbeats that are sent before other work of the process runs."""
RETRY_MILLISECONDS = 1_500
"""How long clients that reconnect by themselves wait: this time to twice as long, so that they don't return at once."""
_HEARTBEAT_CHUNK = chunk_of(HEARTBEAT)
_LAST_CHUNK = b"0\r\n\r\n"


def retry_line() -> bytes:
    """Return how long to wait before reconnecting, by another random time for each stream."""
    # Without a blank line, which would be an event without data for some clients.
    return b"retry: %d\n" % (RETRY_MILLISECONDS + secrets.randbelow(RETRY_MILLISECONDS))


class KeptStream:
    """An attached listener with the connection of its response, which is sent in chunks."""

    __slots__ = ("_close", "_connection", "_keeper", "_rest", "_send_now", "is_closed", "listener")

    def __init__(
        self,
        keeper: "Keeper",
        listener: Listener[JsonEvent],
        connection: OwnConnection,
        close: Callable[[], None],
    ) -> None:
        self._keeper = keeper
        self.listener = listener
        self._connection = connection
        self._send_now = connection.send_now
        self._close = close
        self._rest = b""
        """Data that the connection did not take yet."""
        self.is_closed = False

    def send(self, events: Sequence[JsonEvent]) -> bool:
        """Send events at once, as the sink of the listener. Return False if the connection takes nothing."""
        try:
            is_sent = self._offer(b"".join([event.chunk for event in events]))
        except OSError:
            self.listener.end()
            return True
        if is_sent and self._rest:
            self.listener.wake()
        return is_sent

    def send_heartbeat(self) -> None:
        """Send a heartbeat, unless events are being sent. Raises OSError."""
        if self.listener.is_parked and self._offer(_HEARTBEAT_CHUNK) and self._rest:
            self.listener.wake()

    def serve(self) -> bool:
        """Send what is queued, until nothing is; then park the listener or close the stream.

        Return False if the connection takes nothing more now. Raises OSError.
        """
        while not self._rest or (self._offer(b"") and not self._rest):
            if self.listener.has_ended:
                self._offer(chunk_of(retry_line()) + _LAST_CHUNK)
                self.close()
                return True
            if self.listener.park(self._attend):
                return True
            self._rest = b"".join([event.chunk for event in self.listener.take()])
        return False

    def serve_slowly(self) -> None:
        """Do the same in a thread of its own, which waits for the connection. Raises OSError."""
        while not self.serve():
            rest, self._rest = self._rest, b""
            self._connection.sendall(rest)

    def close(self) -> None:
        """Release everything. A second call does nothing."""
        if not self.is_closed:
            self.is_closed = True
            self._keeper.count -= 1
            self._close()
            self._connection.close()

    def _attend(self) -> None:
        self._keeper.attend(self)

    def _offer(self, data: bytes) -> bool:
        """Send data after the rest, and keep what the connection does not take. Return False if it takes nothing."""
        data = self._rest + data
        try:
            sent = self._send_now(data)
        except BlockingIOError:
            return False
        self._rest = data[sent:]
        return True


class Keeper:
    """The kept streams of one worker, and the thread that attends to them."""

    def __init__(self) -> None:
        self.count = 0
        """The number of kept streams."""
        self._waiting: SimpleQueue[KeptStream] = SimpleQueue()
        self._quiet: deque[tuple[float, KeptStream]] = deque()
        """Streams with the time of their next heartbeat, in order."""
        self._thread: threading.Thread | None = None

    def keep(self, listener: Listener[JsonEvent], connection: OwnConnection, close: Callable[[], None]) -> None:
        """Serve the stream of an attached listener to its end. Its response must have begun."""
        stream = KeptStream(self, listener, connection, close)
        listener.sink = stream.send
        self.count += 1
        self._quiet.append((monotonic() + HEARTBEAT_SECONDS, stream))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="minichat-streams", daemon=True)
            self._thread.start()
        self._serve(stream)

    def attend(self, stream: KeptStream) -> None:
        """Let the thread serve a stream soon."""
        self._waiting.put(stream)

    def _run(self) -> None:
        while True:
            with suppress(Empty):
                self._serve(self._waiting.get(timeout=TICK_SECONDS))
                sleep(0)  # thousands of streams may end at once, and other work goes on
            self._send_heartbeats()

    def _send_heartbeats(self) -> None:
        """Send the heartbeats that are due."""
        for number in count(1):
            if not self._quiet or self._quiet[0][0] > monotonic():
                return
            _, stream = self._quiet.popleft()
            if not stream.is_closed:
                self._guarded(stream, stream.send_heartbeat)
                self._quiet.append((monotonic() + HEARTBEAT_SECONDS, stream))
            if number % SENT_AT_ONCE == 0:
                sleep(0)

    def _serve(self, stream: KeptStream) -> None:
        def serve() -> None:
            if not stream.serve():
                threading.Thread(
                    target=self._guarded, args=(stream, stream.serve_slowly), name="minichat-stream", daemon=True
                ).start()

        self._guarded(stream, serve)

    def _guarded(self, stream: KeptStream, act: Callable[[], object]) -> None:
        """Act, and close the stream if its client has gone or the act fails."""
        try:
            act()
        except OSError:
            log.debug("the client closed its connection")
            stream.close()
        except Exception:
            log.exception("a stream failed")
            stream.close()
