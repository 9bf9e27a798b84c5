"""Request counts of this process alone. Implements `RequestCounter`; `redis.counters` counts over all workers.

Why not flask-limiter: it costs as much as the rest of a request that reads (it resolves its limits for each request, in
115 µs), asks Redis three times for a limit with its headers, and answers 500 to all but the first of the running
requests when Redis hangs. Why not the counters below it (`limits.storage`): they walk through all counts in memory, up
to a hundred times a second, to find the expired ones.
"""

from collections import defaultdict, deque
from threading import Lock
from time import monotonic


class MemoryRequestCounter:
    """Counts in memory. They are lost when the process ends."""

    def __init__(self) -> None:
        self._lock = Lock()
        # By lifetime, so that the first entry of each queue is the next to expire.
        self._counts: defaultdict[int, dict[str, int]] = defaultdict(dict)
        self._expiries: defaultdict[int, deque[tuple[float, str]]] = defaultdict(deque)

    def add(self, key: str, seconds: int) -> int:
        """Add one to the count of a key and return the new count. The count expires `seconds` after the first call."""
        with self._lock:
            counts, now = self._counts[seconds], monotonic()
            expiries = self._expiries[seconds]
            while expiries and expiries[0][0] <= now:
                del counts[expiries.popleft()[1]]
            if key not in counts:
                counts[key] = 0
                expiries.append((now + seconds, key))
            counts[key] += 1
            return counts[key]
