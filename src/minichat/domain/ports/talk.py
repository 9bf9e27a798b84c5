"""Ports for the chat: rooms, who is in them, what is said there, and the log of all that."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from minichat.domain.model import (
    Ban,
    Change,
    JoinedRoom,
    LogEnds,
    LoggedChange,
    Membership,
    Message,
    Place,
    Receipts,
    Role,
    Room,
    RoomKind,
    RoomView,
    Timestamp,
)
from minichat.domain.paging import Window


class NewRoom(NamedTuple):
    name: str
    description: str
    kind: RoomKind
    is_private: bool
    created_at: Timestamp
    pair: tuple[int, int] | None = None
    """The two users of a direct chat, the smaller id first; unique."""


class NewMessage(NamedTuple):
    room_id: int
    user_id: int
    content: str
    created_at: Timestamp
    client_id: str | None = None
    reply_to: int | None = None


class Rooms(Protocol):
    def add(self, new: NewRoom) -> Room | None:
        """Add a room without participants; None if there is a direct chat of that pair."""

    def direct_of(self, pair: tuple[int, int]) -> int | None:
        """The id of the pair's direct chat."""

    def access(self, room_id: int, user_id: int) -> tuple[Room, Membership | None] | None:
        """The room and the user's membership in it. In a transaction, the room stays as it is until the end."""

    def view(self, room_id: int, user_id: int) -> RoomView | None:
        """The room as the user sees it."""

    def views(self, room_id: int, user_ids: Collection[int]) -> Mapping[int, RoomView]:
        """The room as each of these users sees it, by their ids, without those who are not in it."""

    def page_of(self, user_id: int, window: Window) -> Sequence[RoomView]:
        """The user's rooms by latest activity, one more than the limit if there are more. Key: `(active_at, id)`."""

    def public_page(self, user_id: int, window: Window) -> Sequence[RoomView]:
        """Like `page_of`, of the public rooms that the user could join, as cards: neither in them nor banned."""

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[JoinedRoom]:
        """The rooms that the user is in, by id, from the first one after the id `after` on."""

    def groups(self, limit: int, *, before: int | None = None) -> Sequence[Room]:
        """The group rooms that were made last, the newest first; those with an id below `before`."""

    def update(self, room: Room) -> None:
        """Keep the name, description and privacy of `room`."""

    def remove(self, room_id: int, at: Timestamp) -> None:
        """Remove the room with all that is in it, in constant time."""

    def sweep(self, before: Timestamp, limit: int) -> int:
        """Delete what is still stored of the rooms removed at `before` or earlier.

        Up to `limit` messages, participants, bans and rooms; returns how many there were, 0 when nothing is left.
        """


class Memberships(Protocol):
    def add(self, room_id: int, user_id: int, role: Role, joined_seq: int) -> Membership | None:
        """Add a participant and count it; None if the user is one already."""

    def add_all(self, room_id: int, user_ids: Sequence[int], role: Role, joined_seq: int) -> None:
        """Add participants, of whom none is in the room, in this order, and count them: one step for any number."""

    def remove(self, membership: Membership) -> None:
        """Remove a participant and count it out."""

    def set_role(self, membership: Membership, role: Role) -> None: ...

    def heir(self, room_id: int, without: int) -> Membership | None:
        """Who comes first but for `without`: the owner, else the moderator, else the member, who joined first."""

    def erased_in(self, room_id: int) -> Collection[int]:
        """The participants whose accounts are erased: asked of direct chats, as only these are never left."""

    def page(self, room_id: int, window: Window) -> Sequence[Membership]:
        """The room's participants by joining, one more than the limit if there are more. Key: `(id,)`."""

    def see(self, room_id: int, user_id: int, seq: int) -> bool:
        """Move the user's receipt forward to `seq`; False if it was there already."""

    def receipts(self, user_id: int, room_ids: Iterable[int]) -> Mapping[int, Receipts]:
        """By room id, for those of the rooms that the user is in."""

    def rooms_of(self, user_id: int) -> Collection[int]:
        """The ids of the rooms that the user is in, or was in when they were removed."""

    def read_by(self, room_id: int, user_ids: Collection[int]) -> Mapping[int, int]:
        """By user id, the `last_read_seq` of those of the users who are in the room."""


class Bans(Protocol):
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


class Messages(Protocol):
    def append(self, new: NewMessage) -> Message | None:
        """Add the room's next message, mark the room as active and move the author's receipt up to it; None, and no
        `seq` spent, if the user has used this `client_id` in this room.
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


class Changes(Protocol):
    """The change log. Whoever reads on from a place finds every change that was committed since, in one order."""

    def record(self, change: Change) -> None:
        """Append to the change log, in the transaction of what it tells."""

    def record_all(self, change: Change, user_ids: Sequence[int]) -> None:
        """Append the change once for each of these users, in this order: one step for any number."""

    def ends(self) -> LogEnds:
        """From where to where the log can be read now."""

    def after(self, place: Place, limit: int) -> Sequence[LoggedChange]:
        """The first `limit` changes after the place, in order."""

    def of_rooms(self, room_ids: Collection[int], place: Place, limit: int) -> Sequence[LoggedChange]:
        """Like `after`, of these rooms alone."""

    def moves(self, user_id: int, place: Place) -> Sequence[LoggedChange]:
        """The user's own `participant.joined` and `participant.left` after the place, in order."""

    def sweep(self, before: Timestamp, limit: int) -> int:
        """Drop the beginning of the log, up to `limit` changes and to the first after `before`; return how many.

        It may become empty: no place in the log is given twice.
        """
