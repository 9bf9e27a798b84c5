"""Messages."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from minichat.domain.model import Message, NewMessage, Timestamp


class MessageStore(Protocol):
    def append(self, new: NewMessage) -> Message | None:
        """Add the room's next message, make the room the most active one, and move the author's receipt up to it.

        Record `MESSAGE_CREATED` in the change log, by the user at the time of the message. Its event moves the author's
        receipt as well. The transaction must hold the room. Return None, and change nothing, if the user has already
        used this `client_id` in this room.
        """

    def get(self, message_id: int) -> Message | None: ...

    def by_ids(self, message_ids: Iterable[int]) -> Mapping[int, Message]:
        """Return the messages of these ids, without those that `get` does not find."""

    def sent_since(self, room_id: int, user_id: int, since: Timestamp) -> Timestamp | None:
        """Return the time of the user's newest message in the room; None if it is not after `since`."""

    def has_author(self, room_id: int, user_id: int) -> bool:
        """Return whether the user has ever sent a message to the room, deleted or not."""

    def by_client_id(self, room_id: int, user_id: int, client_id: str) -> Message | None: ...

    def update(self, message: Message, first_digest: str | None) -> None:
        """Store the content, `edited_at`, `is_deleted`, `has_mentions` and `mentions_all` of `message`.

        Store the digest unless there is one already. For a deleted message, raise the room's `deleted_seq` to its
        `seq`. The transaction must hold the room.
        """

    def set_marks(self, message: Message, pinned_by: int | None = None) -> None:
        """Store `has_reactions` and `pin` of `message`, and the user who pinned it.

        The transaction must hold the room.
        """

    def pinned(self, room_id: int) -> Sequence[Message]:
        """Return the pinned messages of the room, the last pinned first."""

    def pinned_by(self, user_id: int, after: int, limit: int) -> Sequence[Message]:
        """Return the messages that the user has pinned by id, the first `limit` with an id above `after`."""

    def forget_pinner(self, user_id: int) -> None:
        """Forget that the user pinned messages; they stay pinned."""

    def count_deleted(self, room_id: int, after: int, until: int) -> int:
        """Return how many messages of the room, with a `seq` above `after` and up to `until`, are deleted."""

    def first_digest(self, message_id: int) -> str | None:
        """Return the digest that the first `update` of the message stored."""

    def forget_digests(self, user_id: int) -> None:
        """Delete the digests of all messages of the user."""

    def before(self, room_id: int, seq: int | None, limit: int) -> Sequence[Message]:
        """Return the newest `limit` messages of the room with a smaller `seq` (or of all), oldest first."""

    def after(self, room_id: int, seq: int, limit: int) -> Sequence[Message]:
        """Return the oldest `limit` messages of the room with a larger `seq`, oldest first."""

    def latest_before(self, user_id: int, message_id: int | None, limit: int) -> Sequence[Message]:
        """Return the same as `before`, by message id, of all messages that the user may read."""

    def latest_after(self, user_id: int, message_id: int, limit: int) -> Sequence[Message]:
        """Return the same as `after`, of the messages of `latest_before`."""

    def all_by(self, user_id: int, after: int, limit: int) -> Sequence[Message]:
        """Return the user's messages in any room by id, the first `limit` with an id above `after`."""
