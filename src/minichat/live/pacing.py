"""The pace of receipts: they wait a little after a long sending, so that several reach each listener in one write.

A receipt goes to all readers of its room. A hundred of them a second, each written on its own to a thousand listeners,
would take all the time of the workers. This module knows neither the log nor the listeners.
"""

from collections.abc import Callable
from time import monotonic

SHARE = 10
"""Receipts wait for so many times the duration of the last sending, so they take about a tenth of the hub's time."""
MAX_PAUSE_SECONDS = 0.1
"""The longest pause. It holds for the whole worker: a message to a large room delays the receipts of small ones."""


class Pace:
    """When the hub may send receipts again."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._due = 0.0

    def pause_seconds(self) -> float:
        """Return how long receipts must still wait, 0 if they need not."""
        return max(0.0, self._due - self._now())

    def sent(self, began: float) -> None:
        """Let receipts wait with regard to a sending that began at this time and is complete."""
        now = self._now()
        self._due = now + min(MAX_PAUSE_SECONDS, SHARE * (now - began))
