"""Rooms."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from minichat.domain.model import JoinedRoom, Membership, NewRoom, Room, RoomView, Timestamp
from minichat.domain.paging import Window


class RoomStore(Protocol):
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
