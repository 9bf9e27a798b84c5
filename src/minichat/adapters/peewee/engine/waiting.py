"""Waiting for the answer of a database server under gevent.

psycopg can wait under gevent, but it then uses gevent's emulation of `poll`. A watcher on gevent's own loop saves a
third of the worker's time per statement. This module knows no SQL.
"""

from typing import Any, TypeVar

from psycopg.abc import PQGen
from psycopg.errors import OperationalError
from psycopg.waiting import Ready, Wait

Result = TypeVar("Result")

_READ, _WRITE = 1, 2  # libev's flags; psycopg's are the same


class Silence(OperationalError):
    """The server did not answer in time."""


class Watchers:
    """The watchers of one socket, which its connection keeps.

    A loop registers the socket of a new watcher with the kernel, which takes a fifth of the time of a statement.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, int], Any] = {}

    def of(self, fileno: int, flags: int) -> Any:
        """Return the watcher that waits for these flags on the loop of this thread."""
        from gevent import get_hub

        loop = get_hub().loop
        watcher = self._kept.get((loop, flags))
        if watcher is None:
            watcher = self._kept[loop, flags] = loop.io(fileno, flags)
        return watcher

    def close(self) -> None:
        """Close the watchers, before the socket is closed."""
        while self._kept:
            self._kept.popitem()[1].close()


def wait_by_gevent(gen: PQGen[Result], fileno: int, seconds: float | None, watchers: Watchers) -> Result:
    """Run `gen` to its end and wait for the socket each time it requests that, like psycopg's `wait`.

    Raises Silence if one wait takes longer than `seconds`.
    """
    from gevent.socket import wait

    try:
        wanted = next(gen)
        while True:
            flags = (_READ if wanted & Wait.R else 0) | (_WRITE if wanted & Wait.W else 0)
            wait(watchers.of(fileno, flags), seconds, Silence("the database server does not answer"))
            wanted = gen.send(Ready.RW if wanted == Wait.RW else Ready(wanted))
    except StopIteration as ended:
        result: Result = ended.value
        return result
