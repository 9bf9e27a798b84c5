"""Typing notices. Presence itself is a lease of `User`."""

from typing import NamedTuple

from minichat.domain.model.values import Timestamp


class TypingNotice(NamedTuple):
    """Somebody is typing in a room: told to who is there now, and never stored."""

    room_id: int
    user_id: int
    at: Timestamp
