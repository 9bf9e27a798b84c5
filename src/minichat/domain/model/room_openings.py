"""Rooms that an administrator has opened to read their messages."""

from collections.abc import Sequence
from typing import NamedTuple

from minichat.domain.model.accounts import People
from minichat.domain.model.messages import Message
from minichat.domain.model.rooms import Room
from minichat.domain.model.values import MINUTE, Timestamp, is_within

OPENING = 15 * MINUTE
"""How long an opening lasts, in milliseconds."""


class RoomOpening(NamedTuple):
    """The opening of one room for one session of an administrator."""

    session_id: int
    room_id: int
    opened_at: Timestamp

    @property
    def ends_at(self) -> Timestamp:
        return self.opened_at + OPENING

    def is_current(self, now: Timestamp) -> bool:
        """Return whether the opening still runs. A clock that was set back ends it at the latest after the same time
        again.
        """
        return is_within(OPENING, self.opened_at, now)


class OpenedMessages(NamedTuple):
    """Messages of an opened room, the oldest first."""

    room: Room
    messages: Sequence[Message]
    people: People
    """The authors."""
    has_older: bool
    has_newer: bool
    ends_at: Timestamp
    """The end of the opening."""
