"""Rooms, memberships and bans."""

from enum import StrEnum
from typing import NamedTuple

from minichat.domain.model.values import Timestamp


class RoomKind(StrEnum):
    GROUP = "group"
    DIRECT = "direct"


class Role(StrEnum):
    """The highest first."""

    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"

    def outranks(self, other: "Role") -> bool:
        order = list(Role)
        return order.index(self) < order.index(other)


class Room(NamedTuple):
    id: int
    name: str
    description: str
    kind: RoomKind
    is_private: bool
    created_at: Timestamp
    active_at: Timestamp
    """When something was last said, or when the room was made: the order of the room list."""
    last_seq: int
    """How many messages were ever sent here, which is also the `seq` of the newest."""
    participants_count: int

    @property
    def is_public(self) -> bool:
        return self.kind == RoomKind.GROUP and not self.is_private


class Membership(NamedTuple):
    """One participant of one room.

    `joined_seq` is the room's `last_seq` at the time of joining; `seen_seq` the receipt: the newest message that was
    shown to the participant, 0 before any. They are two because who joins starts with nothing unread, yet has not
    read what the others wrote.
    """

    id: int
    """Grows with the time of joining."""
    room_id: int
    user_id: int
    role: Role
    joined_seq: int
    seen_seq: int

    @property
    def last_read_seq(self) -> int:
        return max(self.joined_seq, self.seen_seq)


class Ban(NamedTuple):
    """One user who is kept out of one room."""

    id: int
    """Grows with the time of the ban."""
    room_id: int
    user_id: int
    banned_by: int | None
    """None when the account of who did it has been erased."""
    banned_at: Timestamp


class JoinedRoom(NamedTuple):
    """A room with the membership of one who is in it."""

    room: Room
    membership: Membership
    partner_id: int | None
    """The other one, if it is a direct chat."""


class NewRoom(NamedTuple):
    name: str
    description: str
    kind: RoomKind
    is_private: bool
    created_at: Timestamp
    pair: tuple[int, int] | None = None
    """The two users of a direct chat, the smaller id first; unique."""
