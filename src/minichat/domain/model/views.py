"""Answers of the services: records together with the people and details that they show."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from minichat.domain.model.accounts import People, User
from minichat.domain.model.details import Details
from minichat.domain.model.messages import Message, Receipts
from minichat.domain.model.rooms import Ban, Membership, Room
from minichat.domain.paging import Page

ROOM_HEAD = 20
"""Maximum number of participants in a room's own representation; `participants/` pages through all of them."""


class RoomView(NamedTuple):
    """A room as one user sees it."""

    room: Room
    membership: Membership | None
    """The viewer's membership; None for the card of a public room that the viewer is not in."""
    head: tuple[int, ...]
    """The ids of the first participants by time of joining, at most `ROOM_HEAD`; empty on a card."""
    newest_message: Message | None
    others_seen_seq: int
    """The newest receipt of the other participants. It decides which of the viewer's messages count as read."""
    deleted_unread: int
    """The number of deleted messages above the viewer's receipt."""
    unread_mentions: int
    """The number of messages above the viewer's receipt that mention the viewer, without those by blocked authors."""

    @property
    def last_message(self) -> Message | None:
        """The newest message, if the viewer may read it."""
        newest = self.newest_message
        if newest is None or self.membership is None or newest.seq < self.room.first_seq(self.membership):
            return None
        return newest

    @property
    def unread_count(self) -> int:
        """The number of messages above the viewer's receipt that are not deleted; 0 on a card."""
        if self.membership is None:
            return 0
        return self.room.last_seq - self.membership.last_read_seq - self.deleted_unread


class ShownRoom(NamedTuple):
    view: RoomView
    details: Details


class RoomList(NamedTuple):
    page: Page[RoomView]
    details: Details


class ParticipantList(NamedTuple):
    room_id: int
    page: Page[Membership]
    people: People


class ShownParticipant(NamedTuple):
    membership: Membership
    user: User


class BanList(NamedTuple):
    page: Page[Ban]
    people: People


class MessagePage(NamedTuple):
    """Messages of one room, or across all rooms of the viewer if `room` is None.

    The oldest comes first, and in the result of a search the newest.
    """

    room: RoomView | None
    messages: Sequence[Message]
    details: Details
    receipts: Mapping[int, Receipts]
    """By room id."""
    has_older: bool
    has_newer: bool
    rest: int | None = None
    """The message before which a search goes on, if it does."""


class ShownMessage(NamedTuple):
    message: Message
    details: Details
    receipts: Receipts


class SentMessage(NamedTuple):
    message: Message
    details: Details
    receipts: Receipts
    is_replay: bool
    """Whether an earlier request with the same `client_id` sent the message."""
