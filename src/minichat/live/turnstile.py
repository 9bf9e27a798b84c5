"""A turnstile: callers pass one after the other, and other work of the process runs in between."""

import threading
import time

PASSING_AT_ONCE = 8
PAUSE_SECONDS = 0.0001
"""Not 0: gevent would first run every greenlet that is ready, and read no connection before that."""


class Turnstile:
    """For callers that come by thousands at once and must not delay everybody else."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._passed = 0

    def pass_through(self) -> None:
        """Wait for the callers that came before; now and then, also for what has arrived at other connections."""
        with self._lock:
            self._passed += 1
            time.sleep(0 if self._passed % PASSING_AT_ONCE else PAUSE_SECONDS)
