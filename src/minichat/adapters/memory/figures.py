"""Figures in memory: see `domain.ports.figures`."""

from collections import Counter
from collections.abc import Collection, Sequence

from minichat.adapters.memory.store import Store
from minichat.domain.model import DAY, HOUR, Figure, FigureCount, Timestamp


class MemoryTally:
    """Counts without storing anything: a test reads the counts."""

    def __init__(self) -> None:
        self.counts: Counter[Figure] = Counter()
        self.active: set[int] = set()

    def count(self, figure: Figure) -> None:
        self.counts[figure] += 1

    def saw(self, user_id: int) -> None:
        self.active.add(user_id)


class MemoryFigureStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, period: Timestamp, figure: Figure, count: int) -> None:
        figures = self._store.writable.figures
        figures[period, figure] = figures.get((period, figure), 0) + count

    def mark_active(self, user_ids: Collection[int], hour: Timestamp, day: Timestamp) -> tuple[int, int]:
        tables = self._store.writable
        in_hour = in_day = 0
        for user_id in set(user_ids):
            user = tables.users.get(user_id)
            if user is None or user.is_erased:
                continue
            last_hour, last_day = tables.activity.get(user_id, (0, 0))
            is_new_in_hour, is_new_in_day = _is_new(hour, last_hour, HOUR), _is_new(day, last_day, DAY)
            tables.activity[user_id] = hour if is_new_in_hour else last_hour, day if is_new_in_day else last_day
            in_hour += is_new_in_hour
            in_day += is_new_in_day
        return in_hour, in_day

    def between(self, since: Timestamp, until: Timestamp) -> Sequence[FigureCount]:
        figures = self._store.tables.figures
        return [FigureCount(*key, count) for key, count in sorted(figures.items()) if since <= key[0] < until]

    def erase(self, user_id: int) -> None:
        self._store.writable.activity.pop(user_id, None)

    def sweep(self, before: Timestamp, limit: int) -> int:
        figures = self._store.writable.figures
        old = sorted(key for key in figures if key[0] < before)[:limit]
        for key in old:
            del figures[key]
        return len(old)


def _is_new(period: Timestamp, last: Timestamp, length: int) -> bool:
    """Return whether the period follows the last one, or precedes it because the clock was set back."""
    return last < period or last > period + length
