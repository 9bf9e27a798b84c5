"""Counts of attempts, for throttling."""

from typing import Protocol

from minichat.domain.model import AttemptCount, Timestamp


class AttemptStore(Protocol):
    """Counts attempts by key: see `domain.throttling`."""

    def get(self, key: str) -> AttemptCount | None: ...

    def count(self, key: str, at: Timestamp, window: int) -> AttemptCount:
        """Count one attempt and return the new count, atomically: concurrent callers get different counts.

        The count restarts unless its first attempt `is_within` the window, in milliseconds.
        """

    def forget(self, key: str) -> None: ...

    def sweep(self, at: Timestamp, limit: int) -> int:
        """Delete up to `limit` counts whose window had ended at `at`; return how many."""
