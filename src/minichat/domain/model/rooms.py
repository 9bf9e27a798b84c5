"""Rooms, memberships and bans."""

from enum import StrEnum
from typing import NamedTuple

from minichat.domain.model.values import Timestamp, is_within
from minichat.domain.paging import Key


class RoomKind(StrEnum):
    GROUP = "group"
    DIRECT = "direct"


class Role(StrEnum):
    """The roles of participants, the highest first."""

    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"

    def outranks(self, other: "Role") -> bool:
        order = list(Role)
        return order.index(self) < order.index(other)


class WriteAccess(StrEnum):
    """The participants who may send messages and type in a group."""

    ALL = "all"
    MODERATORS = "moderators"
    """The owner and the moderators."""


class HistoryAccess(StrEnum):
    """The messages that a participant of a group may read."""

    ALL = "all"
    JOINED = "joined"
    """Those after the participant's latest joining."""


class NotifyLevel(StrEnum):
    """The unread messages about which a participant wants to be notified."""

    ALL = "all"
    MENTIONS = "mentions"
    NONE = "none"


class Mute(NamedTuple):
    """The end of a mute; None for none."""

    until: Timestamp | None


class Room(NamedTuple):
    id: int
    name: str
    description: str
    kind: RoomKind
    is_private: bool
    created_at: Timestamp
    active_at: Timestamp
    """The time of the newest message, or of the room's creation."""
    activity: int
    """The position of the newest message, or of the room's creation, among those of all rooms. Lists of rooms are
    ordered by it: clocks differ between hosts and can be set back, so a time gives no order."""
    last_seq: int
    """The `seq` of the newest message, which is also the number of messages ever sent here."""
    deleted_seq: int
    """The `seq` of the newest deleted message, or 0: a receipt from there on has no deleted message above it."""
    participants_count: int
    write: WriteAccess = WriteAccess.ALL
    cooldown: int = 0
    """How many seconds a member waits after a new message before the next one."""
    history: HistoryAccess = HistoryAccess.ALL
    all_mentioned_seq: int = 0
    """At least the `seq` of the newest message that mentions everybody, or 0."""

    def first_seq(self, membership: "Membership") -> int:
        """Return the `seq` of the first message that the participant may read."""
        return membership.joined_seq + 1 if self.history == HistoryAccess.JOINED else 1

    @property
    def is_public(self) -> bool:
        return self.kind == RoomKind.GROUP and not self.is_private


class Membership(NamedTuple):
    """One participant of one room.

    `joined_seq` is the room's `last_seq` at the time of joining. `seen_seq` is the receipt: the newest message that the
    participant has seen, or 0. They differ because a new participant has no unread messages, and yet the authors of the
    older messages must not see them as read.
    """

    id: int
    """Later participants have larger ids."""
    room_id: int
    user_id: int
    role: Role
    joined_seq: int
    seen_seq: int
    mentioned_seq: int = 0
    """At least the `seq` of the newest message since the joining that mentions the participant, or 0."""
    notify: NotifyLevel = NotifyLevel.ALL
    muted_at: Timestamp | None = None
    """When the participant muted the room; None if never."""
    muted_until: Timestamp | None = None

    @property
    def last_read_seq(self) -> int:
        return max(self.joined_seq, self.seen_seq)

    def muted(self, now: Timestamp) -> Timestamp | None:
        """Return the time until which the room is muted; None if it is not muted."""
        if self.muted_at is None or self.muted_until is None:
            return None
        return self.muted_until if is_within(self.muted_until - self.muted_at, self.muted_at, now) else None


class DirectParticipant(NamedTuple):
    """One of the two participants of a direct chat, with the facts that decide whether the two may write."""

    user_id: int
    is_erased: bool
    is_blocking: bool
    """Whether this participant blocks the other one."""


class Ban(NamedTuple):
    """The ban of one user from one room."""

    id: int
    """Later bans have larger ids."""
    room_id: int
    user_id: int
    banned_by: int | None
    """None if the account that banned the user has been erased."""
    banned_at: Timestamp


class JoinedRoom(NamedTuple):
    """A room with the membership of one participant."""

    room: Room
    membership: Membership
    partner_id: int | None
    """The other user of a direct chat; None for a group."""


class NewRoom(NamedTuple):
    name: str
    description: str
    kind: RoomKind
    is_private: bool
    created_at: Timestamp
    pair: tuple[int, int] | None = None
    """The two users of a direct chat, the smaller id first; unique."""
    write: WriteAccess = WriteAccess.ALL
    cooldown: int = 0
    history: HistoryAccess = HistoryAccess.ALL


class ReadableRoom(NamedTuple):
    """The part of a room that a user may read."""

    room_id: int
    first_seq: int
    """The `seq` of the first message that the user may read."""
    newest_id: int
    """No message of the room has a larger id."""


class RoomOrder(StrEnum):
    """The orders of the administrators' list of groups."""

    NEWEST = "newest"
    ACTIVE = "active"
    """The latest activity first."""


class GroupFilter(NamedTuple):
    """The groups to list for administrators."""

    part: str = ""
    """A part of the name, folded: see `search.room_name`."""
    is_private: bool | None = None
    """None for public and private groups."""
    order: RoomOrder = RoomOrder.NEWEST

    def key(self, room: Room) -> Key:
        """Return the key of a group in this list."""
        return (room.created_at if self.order == RoomOrder.NEWEST else room.activity, room.id)
