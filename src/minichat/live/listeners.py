"""Listeners: each is one open stream of a user, with its subscription and the events that wait to be sent.

The hub sends events to a listener. While the transport waits for them, they take the direct way through its sink, which
wakes nobody. Otherwise they wait in a queue. Nothing here knows how a transport sends an event.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from enum import Enum, auto
from math import inf
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Generic

from minichat.domain.changes import Subscription
from minichat.domain.model import Timestamp, TypingNotice
from minichat.live.events import EventT

MAX_QUEUED = 1_000
"""The maximum number of queued events. A listener whose queue is full is too slow, and ends."""


class EndReason(Enum):
    """Why a listener has ended."""

    CLIENT_GONE = auto()
    TOO_SLOW = auto()
    """The client did not receive its events fast enough."""
    SESSION_ENDED = auto()
    """The session was revoked, or its access token has expired."""
    STOPPING = auto()
    """The server stops."""
    FAILED = auto()
    """The server failed. The client can resume at once."""


class Listener(Generic[EventT]):
    """One stream of one user: a subscription, and a bounded queue of events."""

    __slots__ = (
        "_attend",
        "_is_free",
        "_queue",
        "base_url",
        "began_at",
        "blocked_ids",
        "disconnect",
        "end_reason",
        "ended_at",
        "ends_at",
        "expires_at",
        "is_attached",
        "session_id",
        "sink",
        "subscription",
        "typing_position",
        "user_id",
    )

    def __init__(
        self,
        subscription: Subscription,
        session_id: int,
        expires_at: Timestamp,
        base_url: str,
        disconnect: Callable[[], None] = lambda: None,
    ) -> None:
        """`expires_at` is when the access token expires. `base_url` begins the URLs in the listener's events.

        The hub calls `disconnect` if the transport does not close the stream after its end.
        """
        self.subscription = subscription
        self.user_id = subscription.user_id
        self.session_id = session_id
        self.expires_at = expires_at
        self.base_url = base_url
        self.disconnect = disconnect
        self.began_at = 0.0
        """When the hub admitted the listener, by `monotonic`."""
        self.typing_position = 0
        """The position after the newest typing notice at that time."""
        self.blocked_ids: Collection[int] = ()
        """The users whom the user blocks, from the attachment on."""
        self.ends_at = inf
        """When the access token expires by `monotonic`, so that a clock that is set back prolongs no stream."""
        self.is_attached = False
        """Whether the listener has caught up, and receives its events from the hub."""
        self.end_reason: EndReason | None = None
        self.ended_at = inf
        """By `monotonic`."""
        self.sink: Callable[[Sequence[EventT]], bool] | None = None
        """Takes events without blocking, while `receive` waits; or returns False, and the events are queued.

        Only for transports in greenlets: with threads, `receive` could return meanwhile.
        """
        self._is_free = False
        """Whether nothing is queued, and `receive` waits or the listener is parked."""
        self._attend: Callable[[], None] | None = None
        self._queue: SimpleQueue[EventT | None] = SimpleQueue()  # None wakes `receive`

    @property
    def has_ended(self) -> bool:
        """Whether the listener must receive no further events."""
        return self.end_reason is not None

    def has_expired(self, now: Timestamp) -> bool:
        """Return whether the access token has expired, by either clock."""
        return self.expires_at <= now or self.ends_at <= monotonic()

    @property
    def has_no_events(self) -> bool:
        """Whether the queue is empty."""
        return self._queue.empty()

    def receives(self, notice: TypingNotice) -> bool:
        """Return whether the notice is of another user in a room of the subscription, whom the user does not block."""
        is_in = notice.room_id in self.subscription.rooms
        return is_in and notice.user_id != self.user_id and notice.user_id not in self.blocked_ids

    def send(self, events: Sequence[EventT]) -> None:
        """Pass events to the sink if the transport waits for events and none is queued; otherwise queue them."""
        if self._is_free and self.sink is not None and self.sink(events):
            return
        for event in events:
            self.enqueue(event)

    def enqueue(self, event: EventT) -> None:
        """Add an event to the queue. If the queue is full, end the listener: its client resumes from its cursor."""
        if self._queue.qsize() < MAX_QUEUED:
            self._put(event)
        elif not self.has_ended:
            self.end(EndReason.TOO_SLOW)

    def end(self, reason: EndReason = EndReason.CLIENT_GONE) -> None:
        """End the listener. A second call does not change the reason."""
        if self.end_reason is None:
            self.end_reason, self.ended_at = reason, monotonic()
        self.wake()

    def wake(self) -> None:
        """Let `receive` return now: the transport has something to do. Events are queued until it waits again."""
        self._put(None)

    def _put(self, event: EventT | None) -> None:
        self._is_free = False
        self._queue.put(event)
        attend, self._attend = self._attend, None
        if attend is not None:
            attend()

    @property
    def is_parked(self) -> bool:
        return self._attend is not None

    def park(self, attend: Callable[[], None]) -> bool:
        """Call `attend` as soon as the queue holds anything, such as the end; until then all events take the sink.

        Return False if the queue is not empty now, or the listener has ended.
        """
        if self._queue.empty() and not self.has_ended:
            self._is_free, self._attend = True, attend
        return self.is_parked

    def take(self) -> list[EventT]:
        """Return all queued events, without waiting."""
        events: list[EventT] = []
        with suppress(Empty):
            while True:
                event = self._queue.get_nowait()
                if event is not None:
                    events.append(event)
        return [] if self.has_ended else events

    def receive(self, timeout_seconds: float) -> list[EventT]:
        """Return all queued events. If there are none, return the first that come within the timeout."""
        events: list[EventT] = []
        self._is_free = self._queue.empty()
        try:
            event = self._queue.get(timeout=timeout_seconds)
            while event is not None:
                events.append(event)
                event = self._queue.get_nowait()
        except Empty:
            pass
        self._is_free = False
        return [] if self.has_ended else events


class ListenerIndex(Generic[EventT]):
    """The attached listeners, by user and by room. Its caller holds the lock that guards it."""

    def __init__(self) -> None:
        self._listeners: set[Listener[EventT]] = set()
        self._by_user: defaultdict[int, set[Listener[EventT]]] = defaultdict(set)
        self._by_room: defaultdict[int, set[Listener[EventT]]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._listeners)

    @property
    def is_empty(self) -> bool:
        return not self._listeners

    def all(self) -> Collection[Listener[EventT]]:
        """Return all listeners, as a copy."""
        return tuple(self._listeners)

    def user_ids(self) -> Collection[int]:
        """Return the users who have a listener."""
        return set(self._by_user)

    def has_user(self, user_id: int | None) -> bool:
        return user_id in self._by_user

    def of_user(self, user_id: int | None) -> Collection[Listener[EventT]]:
        """Return the listeners of a user."""
        return () if user_id is None else self._by_user.get(user_id, ())

    def in_room(self, room_id: int) -> AbstractSet[Listener[EventT]]:
        """Return the listeners whose subscription includes the room."""
        return self._by_room.get(room_id, frozenset())

    def add(self, listener: Listener[EventT]) -> None:
        self._listeners.add(listener)
        self._by_user[listener.user_id].add(listener)
        for room_id in listener.subscription.rooms:
            self._by_room[room_id].add(listener)

    def remove(self, listener: Listener[EventT]) -> None:
        """Remove a listener. Do nothing if it is not in the index."""
        self._listeners.discard(listener)
        _discard(self._by_user, listener.user_id, listener)
        for room_id in listener.subscription.rooms:
            _discard(self._by_room, room_id, listener)

    def update_room(self, listener: Listener[EventT], room_id: int) -> None:
        """Add the listener to the room, or remove it from the room, as its subscription now states."""
        if room_id in listener.subscription.rooms:
            self._by_room[room_id].add(listener)
        else:
            _discard(self._by_room, room_id, listener)


def _discard(index: defaultdict[int, set[Listener[EventT]]], key: int, listener: Listener[EventT]) -> None:
    found = index.get(key)
    if found is not None:
        found.discard(listener)
        if not found:
            del index[key]
