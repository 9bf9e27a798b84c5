"""Connections to a database server, lent to one holder at a time.

A greenlet or thread holds a connection only for a statement or a transaction, so a worker needs far fewer connections
than it has clients. This module knows nothing of SQL.
"""

import os
from collections.abc import Callable
from typing import Any

from minichat.adapters.queues import FairQueue

Connection = Any  # `engine.connections.ChatConnection`

MAX_WAITING = 256
"""Maximum number of requests of one process that wait for a connection."""


class Pool:
    def __init__(self, connect: Callable[[], Connection], size: int) -> None:
        """`connect` opens a connection; the pool opens at most `size` of them."""
        self._connect = connect
        self._size = size
        self._reset()

    def take(self, patience_seconds: float) -> Connection:
        """Lend a connection, which the caller must give back.

        Raises Unavailable after `patience_seconds` without one, and the errors of `connect`.
        """
        if self._pid != os.getpid():  # a connection must not be carried over a fork
            self._reset()
        self.queue.acquire(patience_seconds)
        try:
            while self._idle:
                connection = self._idle.pop()  # the newest first: its server process has its caches warm
                if not connection.is_outdated:
                    return connection
                connection.close()
            return self._connect()
        except BaseException:
            self.queue.release()
            raise

    def give_back(self, connection: Connection) -> None:
        """Return a connection to the pool.

        If it is closed, the server may have been replaced, so close the idle connections too.
        """
        if connection.closed:
            self.close_idle()
        else:
            self._idle.append(connection)
        self.queue.release()

    def close_idle(self) -> None:
        """Close the idle connections; `take` opens new ones when it needs them."""
        while self._idle:
            self._idle.pop().close()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self.queue = FairQueue(self._size, max_waiting=MAX_WAITING, resource="a connection to the database")
        self._idle: list[Connection] = []
