"""Typing notices. Presence itself is a lease of `User`."""

from typing import NamedTuple

from minichat.domain.model.values import Timestamp


class TypingNotice(NamedTuple):
    """A user is typing in a room. The notice goes to connected listeners and is never stored."""

    room_id: int
    user_id: int
    at: Timestamp
