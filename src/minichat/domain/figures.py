"""Figures about the use of the server, counted by the hour (UTC) over all workers and hosts.

Counting is cheap where it happens: a `Tally` of each process gathers, and `record` stores its sums every few seconds.
So no request waits for a counter that others also change. The figures name nobody: of each user, the database holds the
latest active hour and day alone, to count nobody twice.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from minichat.domain.model import DAY, HOUR, Figure, FigureSpan, Series, Timestamp
from minichat.domain.ports import Clock, FigureStore, Transaction

PATIENCE_SECONDS = 2.0
"""Maximum time that the counts wait for other writers: they can be stored later."""
HOURS_SHOWN = 24
"""The span of one day is the last 24 hours. Longer spans have a count for each day."""
SHOWN = (Figure.REGISTRATIONS, Figure.ACTIVE, Figure.MESSAGES, Figure.STREAMS, Figure.REFUSALS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    transaction: Transaction
    clock: Clock
    figure_store: FigureStore

    def record(
        self, counts: Mapping[tuple[Timestamp, Figure], int], active: Mapping[Timestamp, Collection[int]]
    ) -> None:
        """Add counts of hours, and the users who were active in hours, in one transaction. Raises Unavailable."""
        totals = dict(counts)
        with self.transaction(patience_seconds=PATIENCE_SECONDS):
            for hour, user_ids in sorted(active.items()):
                day = hour - hour % DAY
                in_hour, in_day = self.figure_store.mark_active(user_ids, hour, day)
                totals[hour, Figure.ACTIVE] = totals.get((hour, Figure.ACTIVE), 0) + in_hour
                totals[day, Figure.ACTIVE_IN_DAY] = totals.get((day, Figure.ACTIVE_IN_DAY), 0) + in_day
            # In one order for all workers, which prevents deadlocks.
            for (period, figure), count in sorted(totals.items()):
                if count:
                    self.figure_store.add(period, figure, count)

    def span(self, days: int) -> FigureSpan:
        """Return the figures of the last 24 hours for one day, or of that many days by the day, today included."""
        now = self.clock()
        is_hourly = days == 1
        length = HOUR if is_hourly else DAY
        number = HOURS_SHOWN if is_hourly else days
        last = now - now % length
        periods = [last - length * back for back in range(number - 1, -1, -1)]
        counts: dict[tuple[Timestamp, Figure], int] = {}
        for period, figure, count in self.figure_store.between(periods[0], last + length):
            key = period - period % length, figure
            counts[key] = counts.get(key, 0) + count
        sources = {Figure.ACTIVE: Figure.ACTIVE if is_hourly else Figure.ACTIVE_IN_DAY}
        series = [
            Series(figure, [counts.get((period, sources.get(figure, figure)), 0) for period in periods])
            for figure in SHOWN
        ]
        return FigureSpan(periods, is_hourly, series)
