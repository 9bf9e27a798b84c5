"""Answers of the services: records together with the people that they mention."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from minichat.domain.model.accounts import People, User
from minichat.domain.model.messages import Message, Receipts
from minichat.domain.model.rooms import Ban, Membership, Room
from minichat.domain.paging import Page

ROOM_HEAD = 20
"""How many participants a room shows; `participants/` pages through all of them."""


class RoomView(NamedTuple):
    """A room as one user sees it."""

    room: Room
    membership: Membership | None
    """The viewer's own; None for the card of a public room that the viewer is not in."""
    head: tuple[int, ...]
    """The users who joined first, at most `ROOM_HEAD` of them; empty on a card."""
    last_message: Message | None
    others_seen_seq: int
    """The newest receipt among the other participants: it decides which of the viewer's messages are read."""


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
    """Whether the same `client_id` had sent it before."""
