"""Counting requests, for rate limits."""

from typing import Protocol


class RequestCounter(Protocol):
    """Counts requests under keys that expire."""

    def add(self, key: str, seconds: int) -> int:
        """Add one to the count of a key and return the new count. It may expire after `seconds`. Raises nothing."""
