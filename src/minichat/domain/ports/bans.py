"""The bans of rooms."""

from collections.abc import Sequence
from typing import Protocol

from minichat.domain.model import Ban, Timestamp
from minichat.domain.paging import Window


class BanStore(Protocol):
    """The bans of rooms. Each call that names a room needs that room's lock, inside a transaction."""

    def add(self, room_id: int, user_id: int, by: int, at: Timestamp) -> bool:
        """Ban the user; return False, and keep the existing ban, if the user is banned already."""

    def lift(self, room_id: int, user_id: int) -> bool:
        """Lift the ban; False if there is none."""

    def holds(self, room_id: int, user_id: int) -> bool:
        """Return whether the user is banned."""

    def page(self, room_id: int, window: Window) -> Sequence[Ban]:
        """Return the room's bans, the newest first, one more than the limit if there are more. Key: `(id,)`."""

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[Ban]:
        """Return the user's bans by id, the first `limit` with an id above `after`."""

    def erase(self, user_id: int) -> None:
        """Delete the user's bans, and the user's name from the bans of others."""
