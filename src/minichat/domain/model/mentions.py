"""Mentions of people in messages, and the counts of unread messages."""

from collections.abc import Sequence
from typing import NamedTuple

from minichat.domain.model.rooms import Membership


class Mentioned(NamedTuple):
    """The people whom a message mentions."""

    by_name: tuple[int, ...] = ()
    """The users whose names are in the content, in the order of their ids, without those of `by_id`."""
    by_id: tuple[int, ...] = ()
    """The users whom the client has given by id, in the order of their ids."""
    is_everybody: bool = False

    @property
    def has_people(self) -> bool:
        return bool(self.by_name or self.by_id)


class UnreadRoom(NamedTuple):
    """A room with unread messages, as one participant sees it."""

    membership: Membership
    unread_count: int
    unread_mentions: int


class UnreadCounts(NamedTuple):
    """The unread messages of one user."""

    total: int
    """The number of unread messages, without muted rooms and those whose notification level is NONE."""
    mentions: int
    """The number of unread messages that mention the user, without rooms whose notification level is NONE."""
    rooms: Sequence[UnreadRoom]
    """All rooms with unread messages."""
