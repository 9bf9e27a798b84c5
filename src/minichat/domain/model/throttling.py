"""The counts of attempts, from which throttling decides."""

from typing import NamedTuple

from minichat.domain.model.values import Timestamp


class AttemptCount(NamedTuple):
    """The number of attempts under one key since the start of its window."""

    times: int
    since: Timestamp
    last: Timestamp
