"""Retries after a conflict: the database rolled back a transaction because of another one, such as in a deadlock.

A service writes in one transaction, so a rolled-back call left nothing behind and can run again. This module knows no
service and no database.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from minichat.domain.errors import Unavailable

Result = TypeVar("Result")

PAUSES_SECONDS = (0.01, 0.05, 0.25)
"""How long to wait before each retry, in seconds, without the jitter that keeps the conflicting calls apart."""


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
