"""The shapes of events: one for each kind of data. `type` decides which shape an event has.

As for all answers, no code writes events with these schemas.
"""

from collections.abc import Iterator
from enum import StrEnum

from marshmallow import Schema, fields, validate

from minichat.api.schemas.answers import MessageOut, RoomOut, UserOut
from minichat.api.schemas.shapes import Out, choice, flag, moment, number, string
from minichat.domain.model import ChangeKind, Role

CURSOR = "41.c2VhbGVkIGJ5"


class EphemeralKind(StrEnum):
    """The types of events that are not stored."""

    TYPING = "typing"
    PRESENCE = "presence"
    RESYNC = "resync"


def _type(*kinds: StrEnum) -> fields.String:
    return string(kinds[0].value, validate=validate.OneOf([kind.value for kind in kinds]))


class _EventOut(Out):
    time = moment()


class EphemeralEventOut(_EventOut):
    """An event that the change log does not store. It has no `id`: keep the cursor that you have."""


class StoredEventOut(_EventOut):
    """An event of the change log."""

    id = string(CURSOR, description="The cursor after this event.")


class MessageEventOut(StoredEventOut):
    type = _type(
        ChangeKind.MESSAGE_CREATED,
        ChangeKind.MESSAGE_UPDATED,
        ChangeKind.MESSAGE_DELETED,
        ChangeKind.MESSAGE_PINNED,
        ChangeKind.MESSAGE_UNPINNED,
    )
    data = fields.Nested(
        MessageOut, required=True, metadata={"description": "The message as you would get it now, or its tombstone."}
    )


class ReactionChangeOut(Out):
    room = number(1)
    message = number(7)
    seq = number(3)
    emoji = string("👍")
    user = fields.Nested(UserOut, required=True)
    added = flag(True, description="What happened: whether the user added the reaction or took it back.")
    count = number(2, description="The number of users who react with this emoji now.")


class ReactionEventOut(StoredEventOut):
    type = _type(ChangeKind.REACTION_CHANGED)
    data = fields.Nested(ReactionChangeOut, required=True)


class ReceiptOut(Out):
    room = number(1)
    user = number(2, description="The id of the reader.")
    last_read_seq = number(3)


class ReadEventOut(StoredEventOut):
    type = _type(ChangeKind.MESSAGE_READ)
    data = fields.Nested(ReceiptOut, required=True)


class RoomEventOut(StoredEventOut):
    type = _type(ChangeKind.ROOM_CREATED, ChangeKind.ROOM_UPDATED, ChangeKind.ROOM_NOTIFY)
    data = fields.Nested(RoomOut, required=True)


class DeletedRoomOut(Out):
    room = number(1)


class RoomDeletedEventOut(StoredEventOut):
    type = _type(ChangeKind.ROOM_DELETED)
    data = fields.Nested(DeletedRoomOut, required=True)


class MembershipChangeOut(Out):
    room = number(1)
    user = fields.Nested(UserOut, required=True)
    role = choice(Role.MEMBER)


class ParticipantEventOut(StoredEventOut):
    type = _type(ChangeKind.PARTICIPANT_JOINED, ChangeKind.PARTICIPANT_UPDATED, ChangeKind.PARTICIPANT_LEFT)
    data = fields.Nested(MembershipChangeOut, required=True)


class BlockChangeOut(Out):
    user = fields.Nested(UserOut, required=True)
    is_blocked = flag(True)


class BlockEventOut(StoredEventOut):
    type = _type(ChangeKind.BLOCK_CHANGED)
    data = fields.Nested(BlockChangeOut, required=True)


class TypingOut(Out):
    room = number(1)
    user = number(2, description="The id of the user who is typing.")


class TypingEventOut(EphemeralEventOut):
    type = _type(EphemeralKind.TYPING)
    data = fields.Nested(TypingOut, required=True)


class PresenceOut(Out):
    user = number(2)
    is_online = flag(True)
    last_seen = moment(allow_none=True)


class PresenceEventOut(EphemeralEventOut):
    type = _type(EphemeralKind.PRESENCE)
    data = fields.Nested(PresenceOut, required=True)


class ResyncOut(Out):
    pass


class ResyncEventOut(EphemeralEventOut):
    type = _type(EphemeralKind.RESYNC)
    data = fields.Nested(ResyncOut, required=True)


class Union:
    """A shape that is one of several. Its `type` decides which one."""

    def __init__(self, description: str, *shapes: type[Schema]) -> None:
        self.description = description
        self.shapes = shapes

    def by_type(self) -> Iterator[tuple[str, type[Schema]]]:
        """Yield each type with its shape."""
        for shape in self.shapes:
            choices = shape().fields["type"].validate
            assert isinstance(choices, validate.OneOf)
            for kind in choices.choices:
                yield kind, shape


_STORED = (
    MessageEventOut,
    ReactionEventOut,
    ReadEventOut,
    RoomEventOut,
    RoomDeletedEventOut,
    ParticipantEventOut,
    BlockEventOut,
)
_NEW_TYPES = "Ignore types that you do not know: new ones will come."
UNIONS = {
    "StoredEvent": Union(
        "An event of the change log. Ignore types that you do not know: new ones will come.", *_STORED
    ),
    "Event": Union(
        "What a stream or a WebSocket sends. Ignore types that you do not know: new ones will come.",
        *_STORED,
        *(TypingEventOut, PresenceEventOut, ResyncEventOut),
    ),
}
"""The unions by their names in the document."""


class OneOfUnion(fields.Field[object]):
    """An object that fits a union."""

    def __init__(self, component: str) -> None:
        super().__init__(required=True)
        self.component = component


class SyncOut(Out):
    events = fields.List(OneOfUnion("StoredEvent"), required=True)
    cursor = string(CURSOR, description="Where to continue.")
    has_more = flag(False, description="Whether there are more events already.")
