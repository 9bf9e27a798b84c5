"""The bounded queue in front of each scarce resource: connections, the right to write, and cores.

It knows nothing of the resource. A waiter needs an event and no additional thread, so the queue works for threads and
for greenlets.
"""

import threading
from collections import deque

from minichat.domain.errors import Unavailable


class FairQueue:
    """Admits a fixed number of holders at once; the others wait in the order of their arrival."""

    def __init__(self, slots: int, *, max_waiting: int, resource: str) -> None:
        """`resource` names the resource in errors, as in "too many requests wait for …"."""
        self._free = slots
        self._max_waiting = max_waiting
        self._resource = resource
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    def acquire(self, patience_seconds: float, *, is_first: bool = False) -> None:
        """Wait for a slot. Raises Unavailable if too many wait already, or after `patience_seconds`.

        With `is_first`, wait in front of all others: for a holder that could not use its slot.
        """
        with self._lock:
            if self._free:
                self._free -= 1
                return
            if len(self._waiting) >= self._max_waiting and not is_first:
                raise Unavailable(f"too many requests wait for {self._resource}")
            turn = threading.Event()
            if is_first:
                self._waiting.appendleft(turn)
            else:
                self._waiting.append(turn)
        try:
            if turn.wait(patience_seconds) or not self._withdraw(turn):
                return
        except BaseException:
            if not self._withdraw(turn):
                self.release()
            raise
        raise Unavailable(f"the wait for {self._resource} took too long")

    def release(self) -> None:
        """Pass the slot to the longest waiter. A semaphore would let a busy holder overtake it."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1

    def _withdraw(self, turn: threading.Event) -> bool:
        """Return whether the turn was still waiting; if not, it has just received the slot."""
        with self._lock:
            if turn.is_set():
                return False
            self._waiting.remove(turn)
            return True

    @property
    def waiting(self) -> int:
        """The number of waiters."""
        return len(self._waiting)
