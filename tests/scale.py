"""The size of the tests of stress, volume and speed: small in `make test`, large in `make slow`.

The large scale adds size and repetition only. Every defence must make a test fail at the small scale.
"""

import os
from typing import TypeVar

Size = TypeVar("Size", int, float)

IS_SLOW = os.environ.get("MINICHAT_TEST_SCALE") == "slow"


def scaled(small: Size, large: Size) -> Size:
    """Return the size for this run."""
    return large if IS_SLOW else small
