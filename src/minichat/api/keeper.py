"""The keeper: one thread for all streams and WebSockets of a worker that need none of their own.

It sends heartbeats, and attends to those that ask for it. What takes long gets a thread of its own. This module knows
no protocol: `kept_streams` and `kept_sockets` are what it keeps.
"""

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from queue import Empty, SimpleQueue
from time import monotonic

from minichat.domain.ports import OwnConnection
from minichat.live.streaming import HEARTBEAT_SECONDS

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
"""Interval between two checks for heartbeats that are due."""
SENT_AT_ONCE = 200
"""The number of heartbeats that are sent before other work of the process runs."""


class Kept(ABC):
    """A stream or WebSocket with its own connection. A method may raise OSError if the client has gone."""

    __slots__ = ("_connection", "_keeper", "_when_closed", "is_closed")

    def __init__(self, keeper: "Keeper", connection: OwnConnection, when_closed: Callable[[], None]) -> None:
        self._keeper = keeper
        self._connection = connection
        self._when_closed = when_closed
        self.is_closed = False

    @abstractmethod
    def send_heartbeat(self) -> None:
        """Send a heartbeat without waiting, unless events are being sent."""

    @abstractmethod
    def serve(self) -> bool:
        """Do what there is to do without waiting. Return False if that is not possible."""

    @abstractmethod
    def serve_slowly(self) -> None:
        """Do what there is to do, in a thread of its own."""

    def close(self) -> None:
        """Release everything. A second call does nothing."""
        if not self.is_closed:
            self.is_closed = True
            self._keeper.release()
            self._when_closed()
            self._connection.close()

    def _attend(self) -> None:
        """Ask the keeper to serve this soon."""
        self._keeper.attend(self)


class Keeper:
    """What one worker keeps, and the thread that attends to it."""

    def __init__(self) -> None:
        self.count = 0
        """The number of connections that are kept."""
        self._waiting: SimpleQueue[Kept] = SimpleQueue()
        self._quiet: deque[tuple[float, Kept]] = deque()
        """All that are kept with the time of the next heartbeat, in order."""
        self._thread: threading.Thread | None = None

    def keep(self, kept: Kept) -> None:
        """Serve it now, and attend to it until it is closed."""
        self.count += 1
        self._quiet.append((monotonic() + HEARTBEAT_SECONDS, kept))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="minichat-keeper", daemon=True)
            self._thread.start()
        self._serve(kept)

    def release(self) -> None:
        """Count one less. It is called once for each that is kept."""
        self.count -= 1

    def attend(self, kept: Kept) -> None:
        """Let the thread serve it soon."""
        self._waiting.put(kept)

    def _run(self) -> None:
        while True:
            with suppress(Empty):
                self._serve(self._waiting.get(timeout=TICK_SECONDS))
                time.sleep(0)  # thousands of streams may end at once, and other work goes on
            self._send_heartbeats()

    def _send_heartbeats(self) -> None:
        """Send the heartbeats that are due."""
        for number in count(1):
            if not self._quiet or self._quiet[0][0] > monotonic():
                return
            _, kept = self._quiet.popleft()
            if not kept.is_closed:
                self._guarded(kept, kept.send_heartbeat)
                self._quiet.append((monotonic() + HEARTBEAT_SECONDS, kept))
            if number % SENT_AT_ONCE == 0:
                time.sleep(0)

    def _serve(self, kept: Kept) -> None:
        def serve() -> None:
            if not kept.serve():
                threading.Thread(
                    target=self._guarded, args=(kept, kept.serve_slowly), name="minichat-kept", daemon=True
                ).start()

        self._guarded(kept, serve)

    def _guarded(self, kept: Kept, act: Callable[[], object]) -> None:
        """Act, and close what is kept if its client has gone or the act fails."""
        try:
            act()
        except OSError:
            log.debug("the client closed its connection")
            kept.close()
        except Exception:
            log.exception("a stream or WebSocket failed")
            kept.close()
