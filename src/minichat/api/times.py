"""Write times as RFC 3339, in answers and in the output of commands."""

from datetime import UTC, datetime
from functools import lru_cache

from minichat.domain.model import Timestamp


def rfc3339(at: Timestamp) -> str:
    """Return the time in UTC with milliseconds: `2026-11-23T09:30:00.123Z`."""
    seconds, millis = divmod(at, 1000)
    return f"{_to_the_second(seconds)}.{millis:03d}Z"


def optional_rfc3339(at: Timestamp | None) -> str | None:
    """Return the time as `rfc3339` does, or None for None."""
    return None if at is None else rfc3339(at)


@lru_cache(4096)
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
