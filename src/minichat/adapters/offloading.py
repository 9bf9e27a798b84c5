"""Run slow native code without blocking the other requests of the worker, and limit how much of it runs at once.

This module knows neither the code nor whether gevent runs the requests: `gevents` chooses the `Offload`.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from minichat.adapters.queues import FairQueue

T = TypeVar("T")


class Offload(Protocol):
    """Runs a blocking function without blocking other requests, and returns its result."""

    def __call__(self, function: Callable[[], T], /) -> T: ...


def run_here(function: Callable[[], T], /) -> T:
    """Run the function in this thread. Native code releases the GIL, so other threads continue."""
    return function()


class ConcurrencyLimit:
    """Runs a bounded number of functions at once, lets a bounded number wait, and rejects the rest."""

    def __init__(self, offload: Offload, *, max_running: int, max_waiting: int, patience_seconds: float) -> None:
        """`patience_seconds` is the longest time that a function waits before it runs."""
        self._offload = offload
        self._queue = FairQueue(max_running, max_waiting=max_waiting, resource="the same resource")
        self._patience_seconds = patience_seconds

    def run(self, function: Callable[[], T]) -> T:
        """Return the function's result. Raises Unavailable if too many wait, or if the wait is too long."""
        self._queue.acquire(self._patience_seconds)
        try:
            return self._offload(function)
        finally:
            self._queue.release()
