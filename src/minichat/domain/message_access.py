"""Which messages a user may read, and how the user sees one.

A message follows the rule of its room: nobody outside can learn that it exists, and a room can hide the messages from
before a participant's joining. This module changes nothing.
"""

from dataclasses import dataclass

from minichat.domain.details import DetailReader
from minichat.domain.errors import MessageNotFound, RoomNotFound
from minichat.domain.model import Membership, Message, Room, ShownMessage
from minichat.domain.ports import MembershipStore, MessageStore
from minichat.domain.room_access import RoomAccess


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAccess:
    membership_store: MembershipStore
    message_store: MessageStore
    detail_reader: DetailReader
    room_access: RoomAccess

    def unchecked(self, message_id: int) -> Message:
        """Return the message without any check, so that the caller can lock its room. Raises MessageNotFound."""
        message = self.message_store.get(message_id)
        if message is None:
            raise MessageNotFound
        return message

    def found(self, user_id: int, message_id: int) -> tuple[Message, Room, Membership]:
        """Return the message with its room and the user's membership.

        Raises MessageNotFound, or NotAParticipant in a public room.
        """
        message = self.unchecked(message_id)
        try:
            room, membership = self.room_access.as_participant(user_id, message.room_id)
        except RoomNotFound as error:
            raise MessageNotFound from error
        if message.seq < room.first_seq(membership):
            raise MessageNotFound
        return message, room, membership

    def shown(self, user_id: int, message: Message) -> ShownMessage:
        """Return the message as the user sees it."""
        details = self.detail_reader.of_messages([user_id], [message])
        receipts = self.membership_store.receipts(user_id, [message.room_id])
        return ShownMessage(message, details, receipts[message.room_id])
