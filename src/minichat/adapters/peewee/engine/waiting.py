"""Waiting for the answer of a database server under gevent.

psycopg can wait under gevent, but it then uses gevent's emulation of `poll`. A watcher on gevent's own loop saves a
third of the worker's time per statement. This module knows no SQL.
"""

from typing import TypeVar

from psycopg.abc import PQGen
from psycopg.errors import OperationalError
from psycopg.waiting import Ready, Wait

Result = TypeVar("Result")

_READ, _WRITE = 1, 2  # libev's flags; psycopg's are the same


class Silence(OperationalError):
    """The server did not answer in time."""


def wait_by_gevent(gen: PQGen[Result], fileno: int, seconds: float | None) -> Result:
    """Run `gen` to its end and wait for the socket each time it requests that, like psycopg's `wait`.

    Raises Silence if one wait takes longer than `seconds`.
    """
    from gevent import get_hub
    from gevent.socket import wait

    loop = get_hub().loop
    try:
        wanted = next(gen)
        while True:
            flags = (_READ if wanted & Wait.R else 0) | (_WRITE if wanted & Wait.W else 0)
            wait(loop.io(fileno, flags), seconds, Silence("the database server does not answer"))
            wanted = gen.send(Ready.RW if wanted == Wait.RW else Ready(wanted))
    except StopIteration as ended:
        result: Result = ended.value
        return result
