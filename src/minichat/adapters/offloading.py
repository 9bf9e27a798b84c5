"""Slow work in native code: bounded in number, and where it does not hold up the other requests of the worker."""

import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from minichat.domain.errors import Unavailable

T = TypeVar("T")


class Offload(Protocol):
    """Runs a blocking function where it does not hold up other requests, and returns what it returned."""

    def __call__(self, function: Callable[[], T], /) -> T: ...


def run_here(function: Callable[[], T], /) -> T:
    """The `Offload` of a process with a thread per request: native code lets the other threads run by itself."""
    return function()


class Turns:
    """As many run at once as the machine can bear; a few more wait; the rest are told to come back."""

    def __init__(self, offload: Offload, *, at_once: int, most_waiting: int, patience: float) -> None:
        """`patience` is how long a request waits for its turn, in seconds."""
        self._offload = offload
        self._turns = threading.BoundedSemaphore(at_once)
        self._most_waiting = most_waiting
        self._patience = patience
        self._waiting = 0

    def run(self, function: Callable[[], T]) -> T:
        """Run the function in a turn of its own. Raises Unavailable when too many wait, or for too long."""
        if self._waiting >= self._most_waiting:
            raise Unavailable("too many are waiting for their turn")
        self._waiting += 1
        try:
            is_mine = self._turns.acquire(timeout=self._patience)
        finally:
            self._waiting -= 1
        if not is_mine:
            raise Unavailable("waiting for a turn took too long")
        try:
            return self._offload(function)
        finally:
            self._turns.release()
