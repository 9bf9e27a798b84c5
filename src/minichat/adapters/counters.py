"""Counters for rate limits in this process alone; those of all workers and hosts together are in `redis`.

Not by flask-limiter: it costs as much as the rest of a request that reads (it resolves its limits anew each time, for
115 µs), asks Redis three times for a limit with its headers, and answers 500 to all but the first of the requests that
are under way when Redis hangs. Nor by the counters below it (`limits.storage`): those in memory are all walked through,
up to a hundred times a second, to find the ones that are over.
"""

from collections import defaultdict, deque
from threading import Lock
from time import monotonic


class MemoryRequestCounter:
    """Counters of this process, forgotten when it ends."""

    def __init__(self) -> None:
        self._lock = Lock()
        # By their lifetime, so that the oldest of each queue is the first to go.
        self._counts: defaultdict[int, dict[str, int]] = defaultdict(dict)
        self._ends: defaultdict[int, deque[tuple[float, str]]] = defaultdict(deque)

    def add(self, key: str, seconds: int) -> int:
        """Add one to a counter, which is forgotten `seconds` after its first; return how much it is."""
        with self._lock:
            counts, now = self._counts[seconds], monotonic()
            ends = self._ends[seconds]
            while ends and ends[0][0] <= now:
                del counts[ends.popleft()[1]]
            if key not in counts:
                counts[key] = 0
                ends.append((now + seconds, key))
            counts[key] += 1
            return counts[key]
