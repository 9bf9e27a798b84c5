"""Read and write times as RFC 3339, in requests, in answers and in the output of commands."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from minichat.domain.model import Timestamp

_RFC3339 = re.compile(
    r"(?P<second>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.(?P<fraction>[0-9]+))?"
    r"(?:Z|(?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3]):(?P<minutes>[0-5][0-9]))",
    re.IGNORECASE,
)
_END = 253_402_300_800
"""The start of the year 10000, which RFC 3339 can't write, in seconds since the epoch."""
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the offset is added as a number


def timestamp(text: str) -> Timestamp:
    """Return the time of an RFC 3339 text, to the millisecond. Raises ValueError, or TypeError for no text."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError("not a time")
    second = datetime.strptime(found["second"].upper(), "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 - the same
    offset = 60 * int(found["hours"] or 0) + int(found["minutes"] or 0)
    seconds = (second - _EPOCH) // timedelta(seconds=1) - (-60 if found["sign"] == "-" else 60) * offset
    if seconds >= _END:
        raise ValueError("too late to be written")
    return 1000 * seconds + int((found["fraction"] or "")[:3].ljust(3, "0"))


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
