"""Retries after a conflict: the database rolled back a transaction because of another one, for example in a deadlock.

A service writes in one transaction, so a call that was rolled back has changed nothing and can run again. This module
knows no service and no database.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from minichat.domain.errors import Unavailable

Result = TypeVar("Result")

PAUSES_SECONDS = (0.01, 0.05, 0.25)
"""Back-off before each retry, before jitter is added."""


def retry_on_conflict(call: Callable[[], Result]) -> Result:
    """Return the result of `call`; repeat the call while it raises Unavailable because of a conflict."""
    for pause in PAUSES_SECONDS:
        try:
            return call()
        except Unavailable as error:
            if not error.is_conflict:
                raise
        time.sleep(random.uniform(0.5, 1.5) * pause)  # noqa: S311 - jitter needs no secure randomness
    return call()
