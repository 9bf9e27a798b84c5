"""The change log: kinds of changes, and positions in the log."""

from enum import StrEnum
from typing import NamedTuple, Self

from minichat.domain.model.messages import Message
from minichat.domain.model.rooms import Role
from minichat.domain.model.values import Timestamp


class ChangeKind(StrEnum):
    MESSAGE_CREATED = "message.created"
    MESSAGE_UPDATED = "message.updated"
    MESSAGE_DELETED = "message.deleted"
    MESSAGE_PINNED = "message.pinned"
    MESSAGE_UNPINNED = "message.unpinned"
    MESSAGE_READ = "message.read"
    REACTION_CHANGED = "reaction.changed"
    ROOM_CREATED = "room.created"
    ROOM_UPDATED = "room.updated"
    ROOM_DELETED = "room.deleted"
    PARTICIPANT_JOINED = "participant.joined"
    PARTICIPANT_UPDATED = "participant.updated"
    PARTICIPANT_LEFT = "participant.left"
    ROOM_NOTIFY = "room.notify"
    BLOCK_CHANGED = "block.changed"
    UNKNOWN = "unknown"
    """Any kind of a later version, whose servers may share the log during an upgrade. It has no event here."""

    @classmethod
    def _missing_(cls, _value: object) -> "ChangeKind":
        return cls.UNKNOWN


MOVES = frozenset({ChangeKind.PARTICIPANT_JOINED, ChangeKind.PARTICIPANT_LEFT})
"""The kinds of changes that add a participant or remove one."""

PRIVATE = frozenset({ChangeKind.ROOM_NOTIFY, ChangeKind.BLOCK_CHANGED})
"""The kinds of changes that only the user of the change receives, on each of their devices."""

NO_ROOM = 0
"""The room of a change that belongs to none: ids begin at 1."""


class Change(NamedTuple):
    """One line of the change log. It refers to entities, so an event shows them as they are when it is sent.

    `user_id` is the author of the message, or the participant that joined, left, received `role`, read up to `seq`, or
    reacted with `emoji`. For a private change it is the user who receives it. It is None if the change is not about a
    user.
    """

    kind: ChangeKind
    room_id: int
    at: Timestamp
    user_id: int | None = None
    message_id: int | None = None
    seq: int | None = None
    role: Role | None = None
    other_id: int | None = None
    """The user whom `user_id` has blocked or unblocked."""
    emoji: str | None = None
    is_added: bool = False
    """Whether the reaction was added and not taken back."""

    @classmethod
    def of_new(cls, message: Message) -> Self:
        """Return the change of a new message."""
        return cls(ChangeKind.MESSAGE_CREATED, message.room_id, message.created_at, message.user_id, message.id)


LogPosition = tuple[int, ...]
"""A position in the change log: between two changes, or at its end. A later position compares as greater."""


class LoggedChange(NamedTuple):
    position: LogPosition
    """The position directly after the change."""
    change: Change


class LogEnds(NamedTuple):
    """The positions between which the change log can be read."""

    first: LogPosition
    """The position directly before the oldest stored change."""
    last: LogPosition
    """The position directly after the newest change."""
