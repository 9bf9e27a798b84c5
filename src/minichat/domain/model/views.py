"""Answers of the services: records together with the people that they mention."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from minichat.domain.model.accounts import People, User
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
    last_message: Message | None
    others_seen_seq: int
    """The newest receipt of the other participants. It decides which of the viewer's messages count as read."""
    deleted_unread: int
    """The number of deleted messages above the viewer's receipt."""

    @property
    def unread_count(self) -> int:
        """The number of messages above the viewer's receipt that are not deleted; 0 on a card."""
        if self.membership is None:
            return 0
        return self.room.last_seq - self.membership.last_read_seq - self.deleted_unread


def mentioned(views: Iterable[RoomView]) -> set[int]:
    """Return the ids of the users that the rooms show: participants and authors of last messages."""
    user_ids: set[int] = set()
    for view in views:
        user_ids.update(view.head)
        if view.last_message is not None:
            user_ids.add(view.last_message.user_id)
    return user_ids


class ShownRoom(NamedTuple):
    view: RoomView
    people: People


class RoomList(NamedTuple):
    page: Page[RoomView]
    people: People


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
    """Neighbouring messages, the oldest first. `room` is None for messages across all rooms of the viewer."""

    room: RoomView | None
    messages: Sequence[Message]
    people: People
    receipts: Mapping[int, Receipts]
    """By room id."""
    has_older: bool
    has_newer: bool


class ShownMessage(NamedTuple):
    message: Message
    author: User
    receipts: Receipts


class SentMessage(NamedTuple):
    message: Message
    author: User
    receipts: Receipts
    is_replay: bool
    """Whether an earlier request with the same `client_id` sent the message."""
