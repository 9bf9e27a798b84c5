"""Hints between workers: another worker has committed a change."""

from collections.abc import Callable
from typing import Protocol


class ChangeHints(Protocol):
    """Hints that the change log has grown. A hint may get lost, so its receiver also polls."""

    def start(self, wake: Callable[[], object]) -> None:
        """Start to receive: call `wake` after each hint from another worker, and when `is_connected` has changed."""

    @property
    def is_connected(self) -> bool:
        """Whether hints of other workers arrive here, as far as is known."""
