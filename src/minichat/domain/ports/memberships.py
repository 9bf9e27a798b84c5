"""The participants of rooms."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from minichat.domain.model import DirectParticipant, Membership, Receipts, Role
from minichat.domain.paging import Window


class MembershipStore(Protocol):
    """The participants of rooms. A call that changes one needs the room's lock."""

    def add(self, room_id: int, user_id: int, role: Role, joined_seq: int) -> Membership | None:
        """Add a participant and raise the room's count; return None if the user is in the room already."""

    def add_all(self, room_id: int, user_ids: Sequence[int], role: Role, joined_seq: int) -> None:
        """Add participants in this order and raise the room's count, in one statement. They must not be in the room."""

    def remove(self, membership: Membership) -> None:
        """Remove a participant and lower the room's count."""

    def set_role(self, membership: Membership, role: Role) -> None: ...

    def set_notify(self, membership: Membership) -> None:
        """Store the notification level and the mute of `membership`."""

    def among(self, room_id: int, user_ids: Collection[int]) -> Collection[int]:
        """Return the participants of the room among these users, without erased accounts."""

    def by_names(self, room_id: int, username_keys: Collection[str]) -> Mapping[str, int]:
        """Return the participants of the room with these username keys, by key, without erased accounts."""

    def owner(self, room_id: int) -> Membership | None:
        """Return the owner of a group."""

    def heir(self, room_id: int, without: int) -> Membership | None:
        """Return the next owner if the user `without` leaves: of the highest role, the participant who joined first."""

    def pair_of(self, room_id: int) -> Sequence[DirectParticipant]:
        """Return the two participants of a direct chat, which can't be left, in the order of joining."""

    def page(self, room_id: int, window: Window) -> Sequence[Membership]:
        """Return the room's participants by joining, one more than the limit if there are more. Key: `(id,)`."""

    def see(self, room_id: int, user_id: int, seq: int) -> bool:
        """Move the user's receipt forward to `seq`; False if it is there already."""

    def receipts(self, user_id: int, room_ids: Iterable[int]) -> Mapping[int, Receipts]:
        """Return the receipts by room id, for the rooms that the user is in."""

    def rooms_of(self, user_id: int) -> Collection[int]:
        """Return the ids of the rooms that the user is in, and of removed rooms that the user was in."""

    def sharing(self, user_id: int, other_ids: Collection[int]) -> Collection[int]:
        """Return the users among `other_ids` who are in a room with the user. Removed rooms do not count."""

    def readers(self, user_ids_by_room: Mapping[int, Collection[int]]) -> Mapping[int, Mapping[int, tuple[int, int]]]:
        """Return, by room id and user id, the `last_read_seq` and the first readable `seq`.

        Only of these users, and only of those who are in the room.
        """

    def receipts_of(self, user_ids_by_room: Mapping[int, Collection[int]]) -> Mapping[tuple[int, int], Receipts]:
        """Return the receipts by room id and user id, for these users in the rooms that they are in."""
