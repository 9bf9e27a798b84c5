"""Read the change log: the changes in a user's rooms, after any position, in the one order that all readers see.

A subscription receives the changes of a room only for the time that the user is in it, and private changes only of its
own user. This also holds for a client
that was offline: the log contains the user's joins and departures, so `subscribe` derives the rooms at the position
from the current rooms.

This module knows neither the cursors of clients nor live delivery: these belong to `live` and the API.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from minichat.domain.details import DetailReader
from minichat.domain.errors import ResyncRequired
from minichat.domain.model import (
    MOVES,
    NO_ROOM,
    PRIVATE,
    Change,
    ChangeKind,
    Details,
    LoggedChange,
    LogPosition,
    Message,
    RoomView,
    Timestamp,
    User,
)
from minichat.domain.ports import BlockStore, ChangeStore, MembershipStore, MessageStore, RoomStore, Snapshot, UserStore


class Moves(NamedTuple):
    """The user's joins and departures in the part of the log that is being read.

    They hide all changes of a room that the user has left since, even those from the time of the membership.
    """

    joined: Collection[tuple[int, Timestamp]]
    """Rooms with the time of joining. A user who joined at the room's creation also receives its creation."""
    left: Collection[int]
    """Rooms that the user has left by the end of that part."""

    @classmethod
    def of(cls, own: Iterable[Change]) -> "Moves":
        """Return the effect of `own`, the changes in the user's own memberships, in order."""
        joined, left = set(), set()
        for change in own:
            if change.kind == ChangeKind.PARTICIPANT_JOINED:
                joined.add((change.room_id, change.at))
                left.discard(change.room_id)
            else:
                left.add(change.room_id)
        return cls(joined, left)


NO_MOVES = Moves((), ())


class Subscription:
    """One user's position in the log and the rooms that the user is in there, limited to the room `only` if given."""

    __slots__ = ("_only", "position", "rooms", "user_id")

    def __init__(self, user_id: int, position: LogPosition, rooms: Iterable[int], *, only: int | None = None) -> None:
        self.user_id = user_id
        self.position = position
        self.rooms = {room_id for room_id in rooms if only in {None, room_id}}
        self._only = only

    def copy(self) -> "Subscription":
        """Return another subscription at the same position."""
        return Subscription(self.user_id, self.position, self.rooms, only=self._only)

    def is_of(self, room_id: int) -> bool:
        """Return whether the subscription includes the room."""
        return self._only in {None, room_id}

    def accepts(self, logged: LoggedChange, ahead: Moves = NO_MOVES) -> bool:
        """Move past the next change; return whether the user receives it. `ahead` holds the user's later moves."""
        self.position, change = logged
        room_id, is_own = change.room_id, change.user_id == self.user_id
        if not self.is_of(room_id) or (change.kind in PRIVATE and not is_own):
            return False
        if room_id == NO_ROOM:
            return True
        is_joining = is_own and change.kind == ChangeKind.PARTICIPANT_JOINED
        is_making = change.kind == ChangeKind.ROOM_CREATED and (room_id, change.at) in ahead.joined
        if is_joining or is_making:
            self.rooms.add(room_id)
        is_in = room_id in self.rooms
        if is_own and change.kind == ChangeKind.PARTICIPANT_LEFT:
            self.rooms.discard(room_id)
            return is_in
        if change.kind == ChangeKind.ROOM_DELETED:
            self.rooms.discard(room_id)
        return is_in and room_id not in ahead.left


class ChangeBatch(NamedTuple):
    changes: Sequence[LoggedChange]
    """The changes that the user receives."""
    has_more: bool
    """Whether the log continues; if not, the subscription is at its end."""


_FOR_SOME = PRIVATE | MOVES | {ChangeKind.ROOM_CREATED, ChangeKind.ROOM_DELETED}
"""The kinds of change that not all participants of a room receive, or that change who they are."""


LOOK_AHEAD = 4
"""How many times as many changes `read_together` reads as its limit, because the others are in other rooms."""


class _LogPart:
    """A part of the log that several subscriptions read."""

    def __init__(self, changes: Sequence[LoggedChange], begin: LogPosition, end: LogPosition) -> None:
        self._begin, self._end = begin, end
        self._by_room: defaultdict[int, list[LoggedChange]] = defaultdict(list)
        self._by_user: defaultdict[int, list[LoggedChange]] = defaultdict(list)
        """The changes without a room."""
        self._rooms_for_some: set[int] = set()
        for logged in changes:
            change = logged.change
            if change.room_id == NO_ROOM:
                self._by_user[change.user_id or 0].append(logged)
                continue
            self._by_room[change.room_id].append(logged)
            if change.kind in _FOR_SOME:
                self._rooms_for_some.add(change.room_id)

    def taken_by(self, subscription: Subscription, moves: Sequence[LoggedChange]) -> Sequence[LoggedChange]:
        """Move a subscription to the end of the part, and return the changes that its user receives.

        `moves` are those of the user from the beginning of the part to the end of the log. Users who receive all
        changes of the same room get the same object.
        """
        position = subscription.position
        if position >= self._end:
            return ()
        own_moves = [change for move_position, change in moves if move_position > position]
        rooms = self._by_room.keys() & subscription.rooms.union(change.room_id for change in own_moves)
        found = [self._by_room[room_id] for room_id in rooms]
        without_room = self._by_user.get(subscription.user_id)
        if without_room:
            found.append(without_room)
        changes = found[0] if len(found) == 1 else sorted(chain.from_iterable(found), key=_position_of)
        if position > self._begin:
            changes = [logged for logged in changes if logged.position > position]
        if own_moves or without_room or not self._rooms_for_some.isdisjoint(rooms):
            ahead = Moves.of(own_moves)
            changes = [logged for logged in changes if subscription.accepts(logged, ahead)]
        subscription.position = self._end
        return changes


def _cut(changes: Sequence[LoggedChange], rooms: Collection[int], limit: int) -> tuple[Sequence[LoggedChange], bool]:
    """Return the changes up to the last of `limit` in these rooms, and whether the log goes on behind them.

    `changes` are `LOOK_AHEAD` times as many and one more, or all to the end of the log.
    """
    within = [number for number, logged in enumerate(changes, start=1) if logged.change.room_id in rooms]
    if len(within) > limit:
        return changes[: within[limit - 1]], True
    return changes[: LOOK_AHEAD * limit], len(changes) > LOOK_AHEAD * limit


def _count_in(rooms: Collection[int], changes: Iterable[LoggedChange]) -> int:
    return sum(logged.change.room_id in rooms for logged in changes)


def _position_of(logged: LoggedChange) -> LogPosition:
    return logged.position


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLog:
    snapshot: Snapshot
    user_store: UserStore
    room_store: RoomStore
    membership_store: MembershipStore
    message_store: MessageStore
    change_store: ChangeStore
    block_store: BlockStore
    detail_reader: DetailReader

    def at_one_moment(self) -> AbstractContextManager[None]:
        """Return a snapshot for memberships and content together.

        Without it, a removed participant could receive an edit that came after the removal.
        """
        return self.snapshot()

    def end(self) -> LogPosition:
        """Return the end of the log now."""
        return self.change_store.ends().last

    def after(self, position: LogPosition, limit: int) -> Sequence[LoggedChange]:
        """Return the next changes of all rooms, for a caller that finds the recipients itself."""
        return self.change_store.after(position, limit)

    def subscribe(self, user_id: int, position: LogPosition | None = None, *, only: int | None = None) -> Subscription:
        """Return a subscription at that position, or at the end; to all rooms of the user or to one.

        Raises ResyncRequired if the log does not hold all changes after the position.
        """
        with self.snapshot():
            first, last = self.change_store.ends()
            if position is None:
                position = last
            if len(position) != len(last) or not first <= position <= last:  # SQLite and PostgreSQL differ in length
                raise ResyncRequired
            rooms = set(self.membership_store.rooms_of(user_id))
            moves = [change for _, change in self.change_store.moves([user_id], position)]
            for change in reversed(moves):
                if change.kind == ChangeKind.PARTICIPANT_JOINED:
                    rooms.discard(change.room_id)
                else:
                    rooms.add(change.room_id)
            # A position between a room's creation and the join: the user receives all changes from the creation on.
            # It does no harm if the position is before the creation, because the room has no earlier changes.
            if moves and self._is_of_creation(moves[0], user_id):
                rooms.add(moves[0].room_id)
        return Subscription(user_id, position, rooms, only=only)

    def _is_of_creation(self, move: Change, user_id: int) -> bool:
        """Return whether the user joined at the creation of the room."""
        if move.kind != ChangeKind.PARTICIPANT_JOINED:
            return False
        view = self.room_store.view(move.room_id, user_id)
        return view is not None and view.room.created_at == move.at

    def read(self, subscription: Subscription, limit: int) -> ChangeBatch:
        """Move the subscription on, past up to `limit` changes. Raises ResyncRequired like `subscribe`."""
        with self.snapshot():
            first, last = self.change_store.ends()
            if subscription.position < first:
                raise ResyncRequired
            moves = self.change_store.moves([subscription.user_id], subscription.position)
            rooms = subscription.rooms.union(
                change.room_id for _, change in moves if subscription.is_of(change.room_id)
            )
            found = self.change_store.of_user(subscription.user_id, rooms, subscription.position, limit + 1)
        ahead = Moves.of(change for _, change in moves)
        taken = [logged for logged in found[:limit] if subscription.accepts(logged, ahead)]
        has_more = len(found) > limit
        if not has_more:
            subscription.position = last
        return ChangeBatch(taken, has_more)

    def read_together(self, subscriptions: Sequence[Subscription], limit: int) -> Sequence[ChangeBatch]:
        """Do the same as `read` for each of several subscriptions at about the same position.

        They share one reading of up to `limit` changes of their rooms, among those after the position of the first
        subscription, which is the earliest. Return nothing, and move none, if few of these changes are in the rooms of
        the first: it reads better alone, as after a long absence. Raises ResyncRequired if the log does not hold all
        changes.
        """
        moves: defaultdict[int, list[LoggedChange]] = defaultdict(list)
        with self.snapshot():
            first, last = self.change_store.ends()
            begin = subscriptions[0].position
            if begin < first:
                raise ResyncRequired
            found = self.change_store.after(begin, LOOK_AHEAD * limit + 1)
            found, has_more = _cut(found, {NO_ROOM}.union(*(one.rooms for one in subscriptions)), limit)
            if has_more and _count_in(subscriptions[0].rooms, found) < limit // 2:
                return ()
            for move in self.change_store.moves({subscription.user_id for subscription in subscriptions}, begin):
                moves[move.change.user_id or 0].append(move)
        part = _LogPart(found, begin, found[-1].position if has_more else last)
        return [
            ChangeBatch(part.taken_by(subscription, moves[subscription.user_id]), has_more)
            for subscription in subscriptions
        ]

    # The current entities of a change

    def messages_for(
        self, user_ids: Collection[int], message_ids: Iterable[int], people_ids: Iterable[int] = ()
    ) -> tuple[Mapping[int, Message], Details]:
        """Return messages by id, without those of removed rooms, and their details for these users.

        The details also have the people of `people_ids`.
        """
        messages = self.message_store.by_ids(message_ids)
        return messages, self.detail_reader.of_messages(user_ids, messages.values(), people_ids)

    def is_read_for(
        self, messages: Iterable[Message], user_ids_by_room: Mapping[int, Collection[int]]
    ) -> Mapping[int, Mapping[int, bool]]:
        """Return `is_read` by message id and user id, for the current participants of its room who may read it."""
        readers = self.membership_store.readers(user_ids_by_room)
        authors: defaultdict[int, set[int]] = defaultdict(set)
        found: dict[Message, dict[int, bool]] = {}
        for message in messages:
            found[message] = is_read = {
                user_id: last_read_seq >= message.seq
                for user_id, (last_read_seq, first_seq) in readers.get(message.room_id, {}).items()
                if message.seq >= first_seq
            }
            if is_read.get(message.user_id):
                authors[message.room_id].add(message.user_id)
        of_authors = self.membership_store.receipts_of(authors) if authors else {}
        for message, is_read in found.items():
            if is_read.get(message.user_id):
                own = of_authors.get((message.room_id, message.user_id))
                if own is None:
                    del is_read[message.user_id]  # the author has left meanwhile
                else:
                    is_read[message.user_id] = own.others_seq >= message.seq
        return {message.id: is_read for message, is_read in found.items()}

    def room_for(self, room_id: int, user_ids: Collection[int]) -> tuple[Mapping[int, RoomView], Details]:
        """Return the room as each of these users sees it, and its details. Omit users outside of the room."""
        views = self.room_store.views(room_id, user_ids)
        return views, self.detail_reader.of_rooms(user_ids, list(views.values()))

    def blocked_by(self, user_ids: Collection[int]) -> Mapping[int, Collection[int]]:
        """Return the users whom each of these users blocks."""
        blocked: dict[int, set[int]] = {user_id: set() for user_id in user_ids}
        for blocker_id, blocked_id in self.block_store.blocked_by(user_ids):
            blocked[blocker_id].add(blocked_id)
        return blocked

    def is_blocking(self, user_id: int, other_id: int) -> bool:
        """Return whether the user blocks the other."""
        return user_id in self.block_store.blockers_between(user_id, [other_id])

    def user(self, user_id: int) -> User:
        """Return the user of a change."""
        user = self.user_store.get(user_id)
        assert user is not None, "rows of users are never deleted"
        return user
