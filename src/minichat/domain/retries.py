"""Doing again what the database has undone for another's sake: a deadlock, or a snapshot that could not be kept.

A service writes in one transaction, so what was undone left nothing behind, and it can be done again as it was.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from minichat.domain.errors import Unavailable

Result = TypeVar("Result")

PAUSES = (0.01, 0.05, 0.25)
"""About how long to wait before each further try, in seconds: those who clashed shall not do so again."""


def retry_on_conflict(call: Callable[[], Result]) -> Result:
    """The result of `call`, which is tried again when it raises Unavailable for a clash."""
    for pause in PAUSES:
        try:
            return call()
        except Unavailable as error:
            if not error.is_conflict:
                raise
        time.sleep(random.uniform(0.5, 1.5) * pause)  # noqa: S311 - chance is no secret here
    return call()
