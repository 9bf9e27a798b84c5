"""Metrics of the hints between workers."""

from typing import Protocol


class HintMonitor(Protocol):
    """Receives what a worker's metrics count of its connection with Redis."""

    def is_up(self, is_up: bool) -> None:
        """Record whether Redis answers."""

    def sent(self, topic: str) -> None:
        """Count a hint that this worker sent."""

    def received(self, topic: str) -> None:
        """Count a hint that another worker sent."""
