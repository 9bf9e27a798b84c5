"""Reactions to messages."""

from collections.abc import Collection
from typing import NamedTuple

from minichat.domain.model.values import Timestamp

SHOWN_USERS = 10
"""Maximum number of users that a message names for one emoji; `reactions/` pages through all of them."""


class Reaction(NamedTuple):
    """One user's reaction to a message with one emoji."""

    id: int
    """Later reactions have larger ids."""
    message_id: int
    emoji: str
    """In the fully qualified form."""
    user_id: int
    created_at: Timestamp


class ReactionCount(NamedTuple):
    """All reactions to a message with one emoji."""

    emoji: str
    total: int
    first_user_ids: tuple[int, ...]
    """The users who reacted first, at most `SHOWN_USERS`."""
    viewers: Collection[int]
    """The viewers of the answer who reacted with this emoji."""
