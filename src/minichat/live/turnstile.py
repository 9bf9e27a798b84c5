"""A turnstile: callers pass one after the other, and other work of the process runs in between."""

import threading
import time


class Turnstile:
    """For callers that come by thousands at once and must not delay everybody else."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def pass_through(self) -> None:
        """Wait for the callers that came before, and for the requests that have arrived at other connections."""
        with self._lock:
            time.sleep(0)
