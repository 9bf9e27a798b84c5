"""The time."""

from collections.abc import Callable

from minichat.domain.model import Timestamp

Clock = Callable[[], Timestamp]
"""The time now."""
