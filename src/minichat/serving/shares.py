"""The connections of each worker of a server, so that the workers can share new ones evenly.

The kernel offers a new connection to all workers, and the least busy process accepts it first. A stream stays open for
hours, so an uneven start lasts. Therefore each worker publishes the number of its connections in memory that all share.
A worker that has its share pauses before it accepts, and leaves the connection to the others. The pause is short: a
worker that hangs delays no client by more than `MAX_PAUSE_SECONDS`.

This module knows numbers only; `accepting` accepts the connections.
"""

import mmap
import struct
import time
from collections.abc import Callable, Iterator
from math import ceil

PAUSE_SECONDS = 0.001
"""The pause for each connection that the worker has beyond its share."""
MAX_PAUSE_SECONDS = 0.05
START_SECONDS = 5
"""A worker that takes longer to start is not waited for."""
TOGETHER_SECONDS = 0.5
"""Workers that begin within this time wait for each other, and nobody waits for one that begins later."""
SILENCE_SECONDS = 2.5
"""A worker that has not reported for so long counts as stopped. It reports about once a second."""

_CELL = struct.Struct("=qqd")
_CELLS = 64
_EMPTY, _STARTING, _SERVING = range(3)


class Shares:
    """The connections of each worker. The parent process creates this, and its workers inherit the memory."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._memory = mmap.mmap(-1, _CELLS * _CELL.size)
        self._clock = clock

    def add(self, number: int) -> "Share":
        """Return the share of a worker that is about to start. `number` is gunicorn's number of the worker."""
        share = Share(self, number % _CELLS, self._clock())
        self.write(share.cell, _STARTING, 0)
        return share

    def write(self, cell: int, state: int, count: int) -> None:
        """Publish the state of a worker and the number of its connections."""
        _CELL.pack_into(self._memory, cell * _CELL.size, state, count, self._clock())

    def others(self, cell: int) -> Iterator[tuple[int, int, float]]:
        """Yield the state of each other worker, the number of its connections, and when it published them."""
        now = self._clock()
        for number, (state, count, at) in enumerate(_CELL.iter_unpack(self._memory)):
            limit = START_SECONDS if state == _STARTING else SILENCE_SECONDS
            if number != cell and state != _EMPTY and now - at < limit:
                yield state, count, at


class Share:
    """One worker's view of the shares."""

    def __init__(self, shares: Shares, cell: int, begun_at: float) -> None:
        self._shares = shares
        self.cell = cell
        self._begun_at = begun_at

    def publish(self, count: int) -> None:
        """Publish the number of connections. The worker serves from the first call on, and calls this each second."""
        self._shares.write(self.cell, _SERVING, count)

    def leave(self) -> None:
        """Take no further part: the worker stops, or the arbiter has found it dead."""
        self._shares.write(self.cell, _EMPTY, 0)

    def is_another_starting(self) -> bool:
        """Return whether another worker starts that has begun together with this one or earlier."""
        latest = self._begun_at + TOGETHER_SECONDS
        return any(state == _STARTING and at < latest for state, _, at in self._shares.others(self.cell))

    def lacking(self, count: int, waiting: int) -> int:
        """Return how many connections the worker lacks to its share, 0 or less if it has its share.

        The worker has `count` connections. Its share is that of all connections, with those `waiting` to be accepted.
        """
        counts = [count, *(other for state, other, _ in self._shares.others(self.cell) if state == _SERVING)]
        return ceil((sum(counts) + waiting) / len(counts)) - count


def pause_seconds(surplus: int) -> float:
    """Return how long a worker leaves a new connection to others, with so many connections beyond its share."""
    return min(MAX_PAUSE_SECONDS, (1 + surplus) * PAUSE_SECONDS)
