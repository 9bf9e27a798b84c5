"""Blocks between users."""

from collections.abc import Collection, Sequence
from typing import Protocol

from minichat.domain.model import Block, Timestamp
from minichat.domain.paging import Window


class BlockStore(Protocol):
    """Which users block which.

    To change a block, a transaction needs the blocker's account and a share of the other account. If the two have a
    direct chat, it needs that room as well. So a transaction that shares both accounts, or holds their direct chat, can
    rely on the blocks between them.
    """

    def add(self, blocker_id: int, blocked_id: int, at: Timestamp) -> bool:
        """Block the user, with the user's next number; return False, and keep the existing block, if there is one."""

    def count(self, blocker_id: int) -> int:
        """Return how many users the user blocks. Inside a transaction, this needs the user's account."""

    def remove(self, blocker_id: int, blocked_id: int) -> bool:
        """Remove the block; False if there is none."""

    def blockers_between(self, user_id: int, other_ids: Collection[int]) -> Collection[int]:
        """Return the user if the user blocks any of the others, and the others who block the user."""

    def blocked_by(self, user_ids: Collection[int]) -> Collection[tuple[int, int]]:
        """Return the blocks by these users, each as the blocker and the blocked user."""

    def page(self, blocker_id: int, window: Window) -> Sequence[Block]:
        """Return the user's blocks, the newest first, one more than the limit if there are more.

        The key is `(number,)`.
        """

    def all_of(self, blocker_id: int, after: int, limit: int) -> Sequence[Block]:
        """Return the user's blocks by number, the first `limit` with a number above `after`."""

    def erase(self, user_id: int) -> Sequence[int]:
        """Delete the blocks by the user and of the user. Return the users who blocked the user, in ascending order."""
