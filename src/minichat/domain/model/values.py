"""Times, durations and ids: the plain values that every entity uses."""

Timestamp = int
"""Milliseconds since the Unix epoch, UTC: one form in the domain, in every database and in every comparison."""

# Durations, in milliseconds like every timestamp.
SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def is_within(period: int, at: Timestamp, now: Timestamp) -> bool:
    """Return whether `at` is less than `period` milliseconds from `now`, on either side.

    Times in the future come from another host, or from a clock that was set back. They count as now if they are near,
    and as long past otherwise, so that no state outlasts its period because of a wrong clock.
    """
    return abs(now - at) < period


MAX_ID = 2**53 - 1
"""The largest id that a JavaScript client can hold exactly."""
