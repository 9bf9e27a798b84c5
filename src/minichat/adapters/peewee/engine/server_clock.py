"""The clock of the database server, which all hosts of a chat share.

Clocks of hosts differ, and can be set. So a host asks the server for its time now and then, and counts on from there by
a clock that cannot be set. It asks in the background: reading the time waits for the server at most once. This module
knows no rule about time.
"""

import logging
import threading
import time
from collections.abc import Callable

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Statement
from minichat.domain.model import SECOND, Timestamp
from minichat.domain.ports import Clock

log = logging.getLogger(__name__)

ASK_INTERVAL = 30 * SECOND
"""Interval between two questions, in milliseconds."""
RETRY_INTERVAL = 5 * SECOND
"""The same after a failure."""
MAX_JITTER = 100
"""A smaller difference between two answers, in milliseconds, is the delay of the network."""
MAX_ROUND_TRIP = SECOND
"""An answer that takes longer, in milliseconds, is too inaccurate."""
NOTABLE_SKEW = 3 * SECOND
FIRST_ANSWER_SECONDS = 1.0
"""Maximum wait for the first answer. Until it arrives, the clock of this host counts."""


def server_clock(database: ChatDatabase, local: Clock) -> Clock:
    """Return the clock of the chat: the server's on PostgreSQL, `local` on SQLite, which one host uses alone."""
    statement = Statement.of_text(database, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")

    def ask() -> Timestamp:
        row = statement.one()
        assert row is not None, "a SELECT without FROM returns a row"
        return int(row[0])

    of_server: Clock = ServerClock(ask, local)
    return database.dialect.choose(sqlite=local, postgres=of_server)


class ServerClock:
    def __init__(self, ask: Callable[[], Timestamp], local: Clock, steady: Clock | None = None) -> None:
        """`ask` returns the server's time or raises an error. `steady` is a clock that cannot be set, with any zero."""
        self._ask = ask
        self._local = local
        self._steady = steady or _since_boot
        self._zero: Timestamp | None = None
        """The server's time at the zero of the steady clock; None before the first answer."""
        self._ask_at: Timestamp = 0
        """By the steady clock."""
        self._lock = threading.Lock()
        self._has_asked = threading.Event()

    def __call__(self) -> Timestamp:
        """Return the time of the server, in milliseconds since the Unix epoch."""
        steady = self._steady()
        if steady >= self._ask_at:
            self._begin_to_ask(steady)
        if self._zero is None and not self._has_asked.wait(FIRST_ANSWER_SECONDS):
            self._has_asked.set()  # a server that hangs delays no further call
        return self._local() if self._zero is None else self._zero + steady

    def _begin_to_ask(self, steady: Timestamp) -> None:
        with self._lock:
            if steady < self._ask_at:
                return  # another thread was faster
            self._ask_at = steady + ASK_INTERVAL
        # In a thread: a statement of this one could belong to a transaction.
        threading.Thread(target=self._update, name="minichat-clock", daemon=True).start()

    def _update(self) -> None:
        try:
            asked_at = self._steady()
            answer = self._ask()
            answered_at = self._steady()
            if answered_at - asked_at > MAX_ROUND_TRIP:
                self._ask_at = answered_at + RETRY_INTERVAL
            else:
                self._set(answer - (asked_at + answered_at) // 2)
        except Exception as error:  # noqa: BLE001 - whatever fails, time goes on
            self._ask_at = self._steady() + RETRY_INTERVAL
            log.debug("The database server has not answered with its time: %s", error)
        finally:
            self._has_asked.set()

    def _set(self, zero: Timestamp) -> None:
        if self._zero is not None and abs(zero - self._zero) <= MAX_JITTER:
            return
        skew = self._local() - (zero + self._steady())
        if abs(skew) >= NOTABLE_SKEW:
            log.warning(
                "The clock of this host is %.0f s %s the database server's, which counts: check NTP on both",
                abs(skew) / SECOND,
                "ahead of" if skew > 0 else "behind",
            )
        self._zero = zero


def _since_boot() -> Timestamp:
    """Return the milliseconds since the machine started, also those during which it was suspended."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
