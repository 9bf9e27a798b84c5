"""Pinned messages of a room, the last pinned first.

In a group its owner and moderators pin, in a direct chat both users. Pinning a message again keeps its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from minichat.domain.blocks import Blocks
from minichat.domain.details import DetailReader
from minichat.domain.errors import MessageDeleted, RoleTooLow, TooManyPins
from minichat.domain.message_access import MessageAccess
from minichat.domain.model import (
    Change,
    ChangeKind,
    Details,
    Message,
    Receipts,
    Role,
    Room,
    RoomKind,
    ShownMessage,
)
from minichat.domain.paging import Key, Page, Window, cut
from minichat.domain.participation import Participation
from minichat.domain.ports import ChangeStore, Clock, MembershipStore, MessageStore, Snapshot, Transaction
from minichat.domain.room_access import RoomAccess

MAX_PINS = 50
"""Maximum number of pinned messages in a room."""


class PinList(NamedTuple):
    page: Page[Message]
    details: Details
    receipts: Receipts


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    transaction: Transaction
    snapshot: Snapshot
    clock: Clock
    membership_store: MembershipStore
    message_store: MessageStore
    change_store: ChangeStore
    detail_reader: DetailReader
    room_access: RoomAccess
    participation: Participation
    blocks: Blocks
    message_access: MessageAccess

    def add(self, user_id: int, message_id: int) -> ShownMessage:
        """Pin a message.

        Raises MessageNotFound, NotAParticipant, RoleTooLow, MessageDeleted, TooManyPins, or the errors of a block.
        """
        room_id = self.message_access.unchecked(message_id).room_id
        with self.transaction(room=room_id, shared_accounts=[user_id]):
            self.participation.refuse_erased(user_id)
            message, room = self._changeable(user_id, message_id)
            if message.is_deleted:
                raise MessageDeleted
            if message.pin is None:
                self.blocks.refuse_in(user_id, room)
                pinned = self.message_store.pinned(room_id)
                if len(pinned) >= MAX_PINS:
                    raise TooManyPins
                last = pinned[0].pin or 0 if pinned else 0
                message = message._replace(pin=last + 1)
                self.message_store.set_marks(message, pinned_by=user_id)
                self._record(message, ChangeKind.MESSAGE_PINNED)
            return self.message_access.shown(user_id, message)

    def remove(self, user_id: int, message_id: int) -> ShownMessage:
        """Unpin a message; change nothing if it is not pinned.

        Raises MessageNotFound, NotAParticipant or RoleTooLow.
        """
        room_id = self.message_access.unchecked(message_id).room_id
        with self.transaction(room=room_id, shared_accounts=[user_id]):
            self.participation.refuse_erased(user_id)
            message, _ = self._changeable(user_id, message_id)
            if message.pin is not None:
                message = message._replace(pin=None)
                self.message_store.set_marks(message)
                self._record(message, ChangeKind.MESSAGE_UNPINNED)
            return self.message_access.shown(user_id, message)

    def of_room(self, user_id: int, room_id: int, window: Window = Window(MAX_PINS)) -> PinList:
        """Return pinned messages of a room, the last pinned first.

        Raises RoomNotFound or NotAParticipant.
        """
        with self.snapshot():
            room, membership = self.room_access.as_participant(user_id, room_id)
            first_seq = room.first_seq(membership)
            pinned = [message for message in self.message_store.pinned(room_id) if message.seq >= first_seq]
            page = cut(_within(pinned, window), window, _key)
            details = self.detail_reader.of_messages([user_id], page.items)
            receipts = self.membership_store.receipts(user_id, [room_id])
            return PinList(page, details, receipts[room_id])

    def _changeable(self, user_id: int, message_id: int) -> tuple[Message, Room]:
        """Return the message with its room if the user may pin it and unpin it."""
        message, room, membership = self.message_access.found(user_id, message_id)
        if room.kind == RoomKind.GROUP and membership.role == Role.MEMBER:
            raise RoleTooLow
        return message, room

    def _record(self, message: Message, kind: ChangeKind) -> None:
        self.change_store.record(Change(kind, message.room_id, self.clock(), message.user_id, message.id))


def _within(pinned: Sequence[Message], window: Window) -> Sequence[Message]:
    """Return the messages of the window, and one more if the list continues."""
    if window.before is not None:
        return [message for message in pinned if _key(message) > window.before][-window.limit - 1 :]
    later = [message for message in pinned if window.after is None or _key(message) < window.after]
    return later[: window.limit + 1]


def _key(message: Message) -> Key:
    """Return the position of a pinned message in the list: its order number."""
    return (message.pin or 0,)
