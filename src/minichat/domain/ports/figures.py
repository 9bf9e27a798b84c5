"""Figures about the use of the server: where they are counted, and where the counts are stored."""

from collections.abc import Collection, Sequence
from typing import Protocol

from minichat.domain.model import Figure, FigureCount, Timestamp


class Tally(Protocol):
    """Counts in this process, in less than a microsecond. The counts reach the `FigureStore` some seconds later."""

    def count(self, figure: Figure) -> None:
        """Count one."""

    def saw(self, user_id: int) -> None:
        """Note that a user is active."""


class FigureStore(Protocol):
    def add(self, period: Timestamp, figure: Figure, count: int) -> None:
        """Add to the count of a period. Concurrent calls are all counted."""

    def mark_active(self, user_ids: Collection[int], hour: Timestamp, day: Timestamp) -> tuple[int, int]:
        """Mark users as active; return how many of them are new in the hour, and in the day.

        Only the latest hour and day of each user are stored. Leave out erased accounts. It needs no lock.
        """

    def between(self, since: Timestamp, until: Timestamp) -> Sequence[FigureCount]:
        """Return the counts of all periods from `since` on and before `until`, by period."""

    def erase(self, user_id: int) -> None:
        """Delete the mark of a user. The counts stay."""

    def sweep(self, before: Timestamp, limit: int) -> int:
        """Delete up to `limit` counts of periods before that time; return how many."""
