"""Connections to a database server, lent out one at a time.

A greenlet or thread has a connection for as long as a statement or a transaction takes, so a worker needs far fewer of
them than it has clients. Waiting for one is in order, and bounded in time and number.
"""

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from minichat.domain.errors import Unavailable

Connection = Any  # psycopg's, of whatever kind of row

MAX_WAITING = 256
"""How many may wait for a connection; the queue never grows beyond that."""


class Pool:
    def __init__(self, connect: Callable[[], Connection], most: int) -> None:
        """`connect` makes a connection; there are `most` at a time."""
        self._connect = connect
        self._most = most
        self._forget_all()

    def take(self, patience: float) -> Connection:
        """A connection of one's own, to be given back. Raises Unavailable after `patience` seconds without one, and
        what `connect` raises.
        """
        if self._pid != os.getpid():  # a connection must not be carried over a fork
            self._forget_all()
        self._await_turn(patience)
        try:
            # The one that was used last: its server process has everything at hand.
            return self._idle.pop() if self._idle else self._connect()
        except BaseException:
            self._pass_on()
            raise

    def give_back(self, connection: Connection) -> None:
        """Let others have it. When it is closed, the server may be another by now: those who waited with it go too."""
        if connection.closed:
            self.close_idle()
        else:
            self._idle.append(connection)
        self._pass_on()

    def close_idle(self) -> None:
        """Close the connections that nobody has; new ones are made when they are needed."""
        while self._idle:
            self._idle.pop().close()

    def _await_turn(self, patience: float) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            if len(self._queue) >= MAX_WAITING:
                raise Unavailable("too many wait for a connection to the database")
            turn = threading.Event()
            self._queue.append(turn)
        try:
            if turn.wait(patience) or not self._is_withdrawn(turn):
                return
        except BaseException:
            if not self._is_withdrawn(turn):
                self._pass_on()
            raise
        raise Unavailable("no connection to the database became free")

    def _is_withdrawn(self, turn: threading.Event) -> bool:
        """Whether one waits no more; if not, the turn has just come."""
        with self._lock:
            if turn.is_set():
                return False
            self._queue.remove(turn)
            return True

    def _pass_on(self) -> None:
        # To who has waited longest, and not to whoever asks next: a semaphore would let the busiest go first.
        with self._lock:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._free += 1

    def _forget_all(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._free = self._most
        self._queue: deque[threading.Event] = deque()
        self._idle: list[Connection] = []
