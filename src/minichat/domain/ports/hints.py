"""Hints between workers: another worker has committed a change."""

from collections.abc import Callable
from typing import Protocol


class ChangeHints(Protocol):
    """Hints that the change log has grown. A hint may get lost, so its receiver also polls."""

    def start(self, wake: Callable[[], object]) -> None:
        """Start to receive; return when hints arrive, or after a short while without them.

        Call `wake` after each hint from another worker and each change of `is_connected`.
        """

    @property
    def is_connected(self) -> bool:
        """Whether this worker currently receives hints of other workers, as far as it can know."""
