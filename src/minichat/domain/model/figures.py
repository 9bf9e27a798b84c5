"""Figures about the use of the server: counts of each hour, and people of each day."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from minichat.domain.model.values import Timestamp


class Figure(StrEnum):
    """The counted events and people."""

    REGISTRATIONS = "registrations"
    ACTIVE = "active"
    """People who made a request or had an open stream in the hour."""
    ACTIVE_IN_DAY = "active_in_day"
    """The same in a day, by UTC: a person who is active in several hours counts once."""
    MESSAGES = "messages"
    STREAMS = "streams"
    """Opened streams and sockets."""
    REFUSALS = "refusals"
    """Requests that were refused for their credentials, a missing right or their number (401, 403, 429)."""


class FigureCount(NamedTuple):
    """The count of one period."""

    period: Timestamp
    """The beginning of the hour, or of the day for `ACTIVE_IN_DAY`."""
    figure: Figure
    number: int


class Series(NamedTuple):
    """One figure over time."""

    figure: Figure
    counts: Sequence[int]
    """One for each of `FigureSpan.periods`."""


class FigureSpan(NamedTuple):
    """All figures over the same periods, the oldest first."""

    periods: Sequence[Timestamp]
    """The beginnings of hours or days, by UTC."""
    is_hourly: bool
    series: Sequence[Series]
