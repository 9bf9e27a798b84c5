"""Counted attempts, on which throttling decides."""

from typing import NamedTuple

from minichat.domain.model.values import Timestamp


class AttemptCount(NamedTuple):
    """How often something was done since a moment: what throttling counts."""

    times: int
    since: Timestamp
    last: Timestamp
