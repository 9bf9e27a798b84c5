"""Count in this process, and store the counts every few seconds. Implements `Tally`.

A count is one append to a queue, which threads and greenlets share without a lock. A thread takes the queue apart and
stores the sums. While the database does not answer, it keeps them and tries again. The process stores the rest when it
ends. A killed process loses what it has counted since the last time.
"""

import atexit
import logging
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Mapping
from time import sleep

from minichat.domain.errors import Unavailable
from minichat.domain.model import HOUR, Figure, Timestamp
from minichat.domain.ports import Clock

log = logging.getLogger(__name__)

STORE_SECONDS = 10.0
"""Interval between two times that the counts are stored: a killed process loses no more."""

Record = Callable[[Mapping[tuple[Timestamp, Figure], int], Mapping[Timestamp, Collection[int]]], None]
"""Stores counts and active users by hour: `Figures.record`."""


class NoTally:
    """Counts nothing: for commands."""

    def count(self, figure: Figure) -> None: ...

    def saw(self, user_id: int) -> None: ...


class QueueTally:
    def __init__(self, clock: Clock, interval_seconds: float = STORE_SECONDS) -> None:
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._queue: deque[Figure | int] = deque()
        self._counts: Counter[tuple[Timestamp, Figure]] = Counter()
        self._active: defaultdict[Timestamp, set[int]] = defaultdict(set)
        self._known: tuple[Timestamp, set[int]] = (0, set())
        """The current hour, and the users who were stored as active in it."""
        self._record: Record | None = None
        self._is_waiting = False
        """Whether the thread starts with the next count: threads do not survive the fork of a preloaded app."""
        self._lock = threading.Lock()

    def count(self, figure: Figure) -> None:
        self._queue.append(figure)
        if self._is_waiting:
            self._start()

    def saw(self, user_id: int) -> None:
        self._queue.append(user_id)
        if self._is_waiting:
            self._start()

    def store_by(self, record: Record, *, in_background: bool) -> None:
        """Store the counts by this function: at each `store`, and every few seconds with `in_background`."""
        self._record = record
        self._is_waiting = in_background

    def store(self) -> None:
        """Store the counts. Raises Unavailable, and then keeps them."""
        with self._lock:
            self._take_apart()
            if self._record is None or not (self._counts or self._active):
                return
            self._record(dict(self._counts), dict(self._active))
            for hour, user_ids in self._active.items():
                if hour == self._known[0]:
                    self._known[1].update(user_ids)
            self._counts.clear()
            self._active.clear()

    def _take_apart(self) -> None:
        now = self._clock()
        hour = now - now % HOUR
        if hour != self._known[0]:
            self._known = hour, set()
        while self._queue:
            item = self._queue.popleft()
            if isinstance(item, Figure):
                self._counts[hour, item] += 1
            elif item not in self._known[1]:
                self._active[hour].add(item)

    def _start(self) -> None:
        with self._lock:
            if not self._is_waiting:
                return
            self._is_waiting = False
        threading.Thread(target=self._store_for_ever, name="minichat-figures", daemon=True).start()
        atexit.register(self._try_to_store)

    def _store_for_ever(self) -> None:
        while True:
            sleep(self._interval_seconds)
            self._try_to_store()

    def _try_to_store(self) -> None:
        try:
            self.store()
        except Unavailable as error:
            log.warning("the figures wait for the database: %s", error)
        except Exception:
            log.exception("the figures were not stored")
