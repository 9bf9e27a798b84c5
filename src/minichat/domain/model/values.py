"""Times, durations and ids: the plain values that every entity uses."""

Timestamp = int
"""Milliseconds since the Unix epoch, UTC: one form in the domain, in every database and in every comparison."""

# Durations, in milliseconds like every timestamp.
SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

MAX_ID = 2**53 - 1
"""The largest id that a JavaScript client can hold exactly."""
