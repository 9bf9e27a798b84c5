"""Reactions to messages."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from minichat.domain.model import Reaction, ReactionCount, Timestamp
from minichat.domain.paging import Window


class ReactionStore(Protocol):
    """The reactions of all messages. A call that changes one needs the lock of the message's room."""

    def add(self, message_id: int, emoji: str, user_id: int, at: Timestamp) -> bool:
        """Add a reaction; return False if there is one already."""

    def remove(self, message_id: int, emoji: str, user_id: int) -> bool:
        """Remove a reaction; return False if there is none."""

    def remove_all(self, message_id: int) -> None:
        """Remove all reactions to a message."""

    def counts(
        self, message_ids: Collection[int], viewer_ids: Collection[int]
    ) -> Mapping[int, Sequence[ReactionCount]]:
        """Return the counts by message id, the emoji in the order of their first use. Omit messages without any."""

    def page(self, message_id: int, emoji: str | None, window: Window) -> Sequence[Reaction]:
        """Return the reactions in the order of reacting, one more than the limit if there are more. Key: `(id,)`."""

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[Reaction]:
        """Return the user's reactions by id, the first `limit` above `after`, without those in removed rooms."""

    def erase(self, user_id: int) -> None:
        """Remove the user's reactions in removed rooms, which nobody reads. The transaction must hold the account."""
