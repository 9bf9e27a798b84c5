"""Metrics of the hints between workers."""

from typing import Protocol


class HintMonitor(Protocol):
    """Records the state of a worker's connection with Redis, and its hints, for the metrics."""

    def is_up(self, is_up: bool) -> None:
        """Record whether Redis answers."""

    def sent(self, topic: str) -> None:
        """Count a hint that this worker sent."""

    def received(self, topic: str) -> None:
        """Count a hint that another worker sent."""
