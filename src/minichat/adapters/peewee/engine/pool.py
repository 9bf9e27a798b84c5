"""Connections to a database server, lent to one holder at a time.

A greenlet or thread holds a connection only for a statement or a transaction, so a worker needs far fewer connections
than it has clients. If the server refuses another connection, such as at its `max_connections`, requests share those
that the pool has. This module knows nothing of SQL.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg

from minichat.adapters.queues import FairQueue

log = logging.getLogger(__name__)

Connection = Any  # `engine.connections.ChatConnection`

MAX_WAITING = 256
"""Maximum number of requests of one process that wait for a connection."""
RETRY_SECONDS = 1.0
"""How long the pool does without another connection after the server has refused one."""


class Pool:
    def __init__(self, connect: Callable[[], Connection], size: int) -> None:
        """`connect` opens a connection; the pool opens at most `size` of them."""
        self._connect = connect
        self._size = size
        self._reset()

    def take(self, patience_seconds: float) -> Connection:
        """Lend a connection, which the caller must give back.

        Raises Unavailable after `patience_seconds` without one, and the errors of `connect` if the pool has no
        connection to wait for.
        """
        if self._pid != os.getpid():  # a connection must not be carried over a fork
            self._reset()
        started = time.monotonic()
        if self._withheld and started >= self._refused_at + RETRY_SECONDS:
            self._restore_slot()
        self.queue.acquire(patience_seconds)
        while (connection := self._idle_or_new()) is None:
            self.queue.acquire(max(0.0, started + patience_seconds - time.monotonic()), is_first=True)
        return connection

    def give_back(self, connection: Connection) -> None:
        """Return a connection to the pool.

        If it is closed, the server may have been replaced, so close the idle connections too.
        """
        if connection.closed:
            self._close(connection)
            self.close_idle()
        else:
            self._idle.append(connection)
        self.queue.release()

    def close_idle(self) -> None:
        """Close the idle connections; `take` opens new ones when it needs them."""
        while self._idle:
            self._close(self._idle.pop())

    def _idle_or_new(self) -> Connection | None:
        """Return a connection for the caller's slot, or None if the slot is withheld. Release the slot on an error."""
        try:
            while self._idle:
                connection = self._idle.pop()  # the newest first: its server process has its caches warm
                if not connection.is_outdated:
                    return connection
                self._close(connection)
            return self._opened()
        except psycopg.OperationalError as error:
            if self._withhold_slot(error):
                return None
            self.queue.release()
            raise
        except BaseException:
            self.queue.release()
            raise

    def _opened(self) -> Connection:
        with self._lock:
            self._open += 1
        try:
            connection = self._connect()
        except BaseException:
            with self._lock:
                self._open -= 1
            raise
        self._is_short = False
        if self._withheld:  # the server has room again
            self._restore_slot()
        return connection

    def _close(self, connection: Connection) -> None:
        connection.close()
        with self._lock:
            self._open -= 1

    def _withhold_slot(self, error: psycopg.OperationalError) -> bool:
        """Keep the caller's slot from all requests, after a refusal. Return False if the pool has none open."""
        with self._lock:
            if not self._open:
                return False
            if not self._is_short:
                self._is_short = True
                log.warning("the database refuses another connection, so requests wait for the open ones: %s", error)
            self._withheld += 1
            self._refused_at = time.monotonic()
        return True

    def _restore_slot(self) -> None:
        """Give one withheld slot to a request, which then tries to open a connection."""
        with self._lock:
            if not self._withheld:
                return  # another thread was faster
            self._withheld -= 1
            self._refused_at = time.monotonic()
        self.queue.release()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self.queue = FairQueue(self._size, max_waiting=MAX_WAITING, resource="a connection to the database")
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._open = 0
        """The number of connections, with those that are just being opened."""
        self._withheld = 0
        """The number of slots that no request gets, because the server has refused their connections."""
        self._is_short = False
        """Whether the last attempt to open a connection was refused."""
        self._refused_at = float("-inf")
        """The time of the last refusal or attempt, by the monotonic clock."""
