"""Messages."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from minichat.domain.model import Message, NewMessage


class MessageStore(Protocol):
    def append(self, new: NewMessage) -> Message | None:
        """Add the room's next message, mark the room as active and move the author's receipt up to it.

        The transaction must hold the room. Return None, and spend no `seq`, if the user has used this `client_id` in
        this room.
        """

    def get(self, message_id: int) -> Message | None: ...

    def by_ids(self, message_ids: Iterable[int]) -> Mapping[int, Message]:
        """The messages of these ids; those that `get` does not find are left out."""

    def by_client_id(self, room_id: int, user_id: int, client_id: str) -> Message | None: ...

    def update(self, message: Message, first_digest: str | None) -> None:
        """Keep the content, `edited_at` and `is_deleted` of `message`, and the digest unless one is kept already."""

    def first_digest(self, message_id: int) -> str | None:
        """The digest that the first `update` of the message has kept."""

    def forget_digests(self, user_id: int) -> None:
        """Forget the digests of all that the user wrote."""

    def before(self, room_id: int, seq: int | None, limit: int) -> Sequence[Message]:
        """The newest `limit` messages of the room with a smaller `seq` (or of all), oldest first."""

    def after(self, room_id: int, seq: int, limit: int) -> Sequence[Message]:
        """The oldest `limit` messages of the room with a larger `seq`, oldest first."""

    def latest_before(self, user_id: int, message_id: int | None, limit: int) -> Sequence[Message]:
        """Like `before`, over all rooms of the user and by message id."""

    def latest_after(self, user_id: int, message_id: int, limit: int) -> Sequence[Message]:
        """Like `after`, over all rooms of the user and by message id."""

    def all_by(self, user_id: int, after: int, limit: int) -> Sequence[Message]:
        """What the user wrote, wherever, by id, from the first message after the id `after` on."""
