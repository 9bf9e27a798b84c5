"""The recipients of a change among the attached listeners.

They follow from the rooms of the listeners, and from the joins and departures in the rest of the batch. This module
neither writes nor sends events.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Generic

from minichat.domain.changes import NO_MOVES, Moves
from minichat.domain.model import MOVES, PRIVATE, Change, ChangeKind, LoggedChange, LogPosition
from minichat.live.events import EventT
from minichat.live.listeners import Listener, ListenerIndex

_ROOM_SET_CHANGES = MOVES | {ChangeKind.ROOM_CREATED, ChangeKind.ROOM_DELETED}
"""The kinds of change that add a room to a subscription, or remove one."""
_RECEIPT = ChangeKind.MESSAGE_READ
MAX_IN_A_HURRY = 100
"""With more such listeners, everything is sent to all at once."""


class Routing(Generic[EventT]):
    """Finds the recipients of changes, in their order. Its caller holds the lock that guards the listeners."""

    def __init__(
        self,
        attached: ListenerIndex[EventT],
        changes: Iterable[LoggedChange],
        only: AbstractSet[Listener[EventT]] | None = None,
    ) -> None:
        """`changes` are all that the hub has read: a later departure hides the earlier changes of a room.

        With `only`, the others stay where they are, and nobody moves between rooms in these changes.
        """
        self._attached = attached
        self._only = only
        own: defaultdict[int, list[Change]] = defaultdict(list)
        for _, change in changes:
            if change.kind in MOVES and change.user_id is not None and attached.has_user(change.user_id):
                own[change.user_id].append(change)
        self._moves = {user_id: Moves.of(moves) for user_id, moves in own.items()}
        self._movers = {listener for user_id in own for listener in attached.of_user(user_id)}

    def recipients(self, logged: LoggedChange) -> Collection[Listener[EventT]]:
        """Move the subscriptions that the change concerns past it, and return the listeners that receive it."""
        position, (kind, room_id, *_) = logged
        if kind in _ROOM_SET_CHANGES:
            candidates: Collection[Listener[EventT]] = {*self._attached.in_room(room_id), *self._movers}
        elif kind in PRIVATE:
            candidates = self._attached.of_user(logged.change.user_id)
        else:
            in_room, only = self._attached.in_room(room_id), self._only
            gone_ids = {user_id for user_id, own in self._moves.items() if room_id in own.left}
            candidates = in_room if only is None else only & in_room
            moved = _moved_to(position, candidates)
            return [one for one in moved if one.user_id not in gone_ids] if gone_ids else moved
        recipients = []
        for listener in candidates:
            subscription = listener.subscription
            is_new = position > subscription.position
            if is_new and subscription.accepts(logged, self._moves.get(listener.user_id, NO_MOVES)):
                recipients.append(listener)
            if kind in _ROOM_SET_CHANGES:
                self._attached.update_room(listener, room_id)
        return recipients


def _moved_to(position: LogPosition, listeners: Iterable[Listener[EventT]]) -> list[Listener[EventT]]:
    """Move subscriptions to the position of a change that moves nobody. Return the listeners that were behind it."""
    moved = []
    for listener in listeners:  # thousands, so without a call for each
        subscription = listener.subscription
        if position > subscription.position:
            subscription.position = position
            moved.append(listener)
    return moved


def without_old_receipts(changes: Sequence[LoggedChange]) -> list[LoggedChange]:
    """Leave out the receipts that a later one of the same reader in the same room replaces."""
    newest = {(change.room_id, change.user_id): position for position, change in changes if change.kind is _RECEIPT}
    return [
        logged
        for logged in changes
        if logged.change.kind is not _RECEIPT or newest[logged.change.room_id, logged.change.user_id] == logged.position
    ]


def in_a_hurry(
    attached: ListenerIndex[EventT], changes: Iterable[LoggedChange]
) -> AbstractSet[Listener[EventT]] | None:
    """Return the listeners that wait for more than receipts. A short delay of receipts bothers nobody.

    Return None if there are too many, if rooms or blocks change, or without receipts: then nothing waits.
    """
    found: set[Listener[EventT]] = set()
    has_receipts = False
    for position, (kind, room_id, *_) in changes:
        if kind in PRIVATE or kind in _ROOM_SET_CHANGES:
            return None
        if kind is _RECEIPT:
            has_receipts = True
        else:
            found.update(one for one in attached.in_room(room_id) if one.subscription.position < position)
            if len(found) > MAX_IN_A_HURRY:
                return None
    return found if has_receipts else None


def small_rooms_first(
    routed: Iterable[tuple[LoggedChange, Collection[Listener[EventT]]]],
) -> Iterable[Listener[EventT]]:
    """Return in which order to send to the recipients of several rooms, those of receipts alone last.

    So the event of a small room does not wait until a large one has all of its own. Nothing means any order. Recipients
    that only later changes of a room have are left out: they follow.
    """
    rooms: dict[tuple[bool, int], Collection[Listener[EventT]]] = {}
    for (_, change), recipients in routed:
        rooms.setdefault((change.kind is _RECEIPT, change.room_id), recipients)
    if len(rooms) == 1:
        return ()
    in_order = sorted(rooms.items(), key=lambda room: (room[0][0], len(room[1])))
    return (listener for _, recipients in in_order for listener in recipients)
