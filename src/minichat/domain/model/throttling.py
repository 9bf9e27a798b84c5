"""Counted attempts, on which throttling decides."""

from typing import NamedTuple

from minichat.domain.model.values import Timestamp


class AttemptCount(NamedTuple):
    """How often something was attempted within a window."""

    times: int
    since: Timestamp
    last: Timestamp
