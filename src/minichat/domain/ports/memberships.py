"""Who is in which room."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from minichat.domain.model import Membership, Receipts, Role
from minichat.domain.paging import Window


class MembershipStore(Protocol):
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
