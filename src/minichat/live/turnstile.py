"""A turnstile: one caller at a time passes, and other work of the process runs before the next."""

import threading
import time


class Turnstile:
    """For callers that come by thousands at once and must not delay everybody else."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def pass_through(self) -> None:
        """Wait for the callers that came before, and for one turn of the event loop."""
        with self._lock:
            time.sleep(0)
