"""A turnstile: callers pass one after the other, and other work of the process runs in between."""

import threading
import time


class Turnstile:
    """For callers that come by thousands at once and must not delay everybody else."""

    def __init__(self, at_once: int = 1) -> None:
        """After `at_once` callers, the requests that have arrived at other connections come first."""
        self._lock = threading.Lock()
        self._at_once = at_once
        self._passed = 0

    def pass_through(self) -> None:
        """Wait for the callers that came before, and for the requests if it is their turn."""
        with self._lock:
            self._passed += 1
            if self._passed % self._at_once == 0:
                time.sleep(0)
