"""The process of the web server that runs the app."""

from collections.abc import Callable
from typing import Protocol


class Worker(Protocol):
    """This process, as far as streams depend on it."""

    def max_streams(self) -> int:
        """Return how many streams the process can carry while it still answers requests, or 0 if it serves none."""

    def when_stopping(self, action: Callable[[], None], /) -> None:
        """Call `action` in a thread of its own as soon as the process begins to stop. Return at once."""
