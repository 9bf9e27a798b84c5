"""Rooms."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from minichat.domain.model import GroupFilter, JoinedRoom, Membership, NewRoom, Room, RoomView, Timestamp, UnreadRoom
from minichat.domain.paging import Window


class RoomStore(Protocol):
    def add(self, new: NewRoom) -> Room | None:
        """Add a room without participants; None if the pair has a direct chat."""

    def direct_of(self, pair: tuple[int, int]) -> int | None:
        """Return the id of the pair's direct chat."""

    def access(self, room_id: int, user_id: int) -> tuple[Room, Membership | None] | None:
        """Return the room and the user's membership in it. Inside a transaction, this needs the room's lock."""

    def view(self, room_id: int, user_id: int) -> RoomView | None:
        """Return the room as the user sees it. Inside a transaction, this needs the room's lock."""

    def views(self, room_id: int, user_ids: Collection[int]) -> Mapping[int, RoomView]:
        """Return the room as each of these users sees it, by user id. Omit users who are not in the room."""

    def page_of(self, user_id: int, window: Window, part: str = "") -> Sequence[RoomView]:
        """Return the user's rooms by latest activity, one more than the limit if there are more.

        The key is `(activity, id)`. With `part`, return the rooms with it in their `search.room_name`.
        The name of a direct chat is the first of the other user's `search.searchable_names`.
        """

    def public_page(self, user_id: int, window: Window, part: str = "") -> Sequence[RoomView]:
        """Return, like `page_of`, the cards of public rooms that the user could join."""

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[JoinedRoom]:
        """Return the rooms that the user is in by id, the first `limit` with an id above `after`."""

    def unread(self, user_id: int) -> Sequence[UnreadRoom]:
        """Return the user's rooms with unread messages by latest activity."""

    def groups(self, window: Window, groups: GroupFilter = GroupFilter()) -> Sequence[Room]:
        """Return the groups in the order of the filter, one more than the limit if there are more.

        The key is `GroupFilter.key`: that of the newest or of the most active group is the largest.
        """

    def update(self, room: Room) -> None:
        """Store the name, description, privacy and policy of `room`."""

    def remove(self, room_id: int, at: Timestamp) -> None:
        """Remove the room with its contents, in constant time."""

    def sweep(self, before: Timestamp, limit: int) -> int:
        """Delete up to `limit` rows of the rooms removed at `before` or earlier; return how many, 0 if none is left.

        The rows are messages, participants, bans, invitations, entries of a search index and the rooms themselves.
        """
