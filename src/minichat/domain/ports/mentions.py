"""Mentions of people in messages."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from minichat.domain.model import Mentioned, Message


class MentionStore(Protocol):
    """The people whom messages mention. A call that changes one needs the lock of the message's room."""

    def put(self, message: Message, mentioned: Mentioned) -> None:
        """Store that the message mentions these participants.

        Raise the participants' `mentioned_seq`, and if the message mentions everybody, the room's `all_mentioned_seq`.
        The message itself is stored already, with its `has_mentions` and `mentions_all`, and has no mentions.
        """

    def remove_all(self, message_id: int) -> None:
        """Remove all mentions of a message."""

    def of(self, message_ids: Collection[int]) -> Mapping[int, Sequence[int]]:
        """Return the mentioned users by message id, in the order of their ids. Omit messages without any."""

    def get(self, message_id: int) -> Mentioned:
        """Return the people whom the message mentions, without `is_everybody`, which the message itself has."""

    def page(self, user_id: int, before: int | None, limit: int) -> Sequence[Message]:
        """Return the newest `limit` messages that mention the user, with a smaller id (or of all), newest first.

        These are messages that the user may read, by other authors whom the user does not block. Messages that mention
        everybody count since the user's latest joining.
        """

    def count_unread(self, room_id: int, user_id: int) -> int:
        """Return how many messages above the participant's receipt mention the participant: see `RoomView`."""

    def erase(self, user_id: int) -> None:
        """Remove all mentions of the user. The transaction must hold the account."""
