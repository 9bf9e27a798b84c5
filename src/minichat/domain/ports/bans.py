"""Who is kept out of which room."""

from collections.abc import Sequence
from typing import Protocol

from minichat.domain.model import Ban, Timestamp
from minichat.domain.paging import Window


class BanStore(Protocol):
    """Who is kept out of which room."""

    def add(self, room_id: int, user_id: int, by: int, at: Timestamp) -> bool:
        """Keep the user out from now on; False if they are kept out already, and that ban stays as it is."""

    def lift(self, room_id: int, user_id: int) -> bool:
        """Keep the user out no more; False if they were not."""

    def holds(self, room_id: int, user_id: int) -> bool:
        """Whether the user is kept out."""

    def page(self, room_id: int, window: Window) -> Sequence[Ban]:
        """The room's bans, the newest first, one more than the limit if there are more. Key: `(id,)`."""

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[Ban]:
        """Where the user is kept out, by id, from the first ban after the id `after` on."""

    def erase(self, user_id: int) -> None:
        """Forget where the user is kept out, and that it was they who kept others out."""
