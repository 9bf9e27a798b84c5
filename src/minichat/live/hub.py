"""The hub: one tail of the change log for all who listen at this worker.

It reads the log once for everybody and hands each change to those whom it concerns. What wakes it is only a hint: a
commit of this process, a word from another, or the clock. A hint that is lost makes things late, never lost: the log is
read from where it was read last.

A listener first reads up to the hub's position, then enters. From there on the hub moves its subscription, so that
nothing is missed and nothing comes twice in between. This module knows nothing of HTTP.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from enum import StrEnum
from math import inf
from queue import Empty, SimpleQueue
from time import monotonic

from minichat.api.events import Event, EventWriter
from minichat.domain.changes import NO_MOVES, ChangeLog, Moves, Subscription
from minichat.domain.errors import TooManyStreams, Unavailable
from minichat.domain.model import MOVES, SECOND, Change, ChangeKind, LoggedChange, LogPosition, Timestamp
from minichat.domain.ports import ChangeHints, Clock, StreamSlots
from minichat.live.ephemeral import Whispers

log = logging.getLogger(__name__)

POLL = 0.025
"""How long the hub sleeps when nobody wakes it, in seconds: other workers' changes are that late at most."""
POLL_OF_SERVER = 0.1
"""The same for a database that is a server, which all workers of all hosts ask."""
POLL_WITH_HINTS = 0.25
"""The same while other workers wake it: how late what they do is when their hint is lost."""
CHECK = 2.0
"""How often it looks whose session or token has ended, in seconds."""
BATCH = 1_000
"""How many changes are read at once; more than one transaction ever writes."""
QUEUE_MOST = 1_000
"""How many events wait for a listener before it counts as too slow."""
_RESHAPING = MOVES | {ChangeKind.ROOM_CREATED, ChangeKind.ROOM_DELETED}
"""The kinds of change by which somebody begins or ceases to hear of a room."""


class End(StrEnum):
    """Why somebody is sent no more."""

    GONE = "gone"
    """They went away."""
    TOO_SLOW = "too_slow"
    SESSION_ENDED = "session_ended"
    """Or their access token has expired."""
    STOPPING = "stopping"
    """The server stops."""
    BROKEN = "broken"
    """Something failed on our side."""


class Listener:
    """One who listens: a subscription, and what waits to be sent to them."""

    def __init__(
        self,
        subscription: Subscription,
        session_id: int,
        expires_at: Timestamp,
        base: str,
        cut: Callable[[], None] = lambda: None,
    ) -> None:
        """`expires_at` is when their access token expires, `base` what URLs in their events begin with, and `cut` takes
        the connection away from who does not go when it is over.
        """
        self.subscription = subscription
        self.session_id = session_id
        self.expires_at = expires_at
        self.base = base
        self.cut = cut
        self.has_entered = False
        """Whether they have caught up, and hear what happens from the hub."""
        self.end_reason: End | None = None
        self.over_since = inf
        """When that came (of `monotonic`)."""
        self._waiting: SimpleQueue[Event | None] = SimpleQueue()

    @property
    def is_over(self) -> bool:
        """Whether they are to be sent no more."""
        return self.end_reason is not None

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits for them."""
        return self._waiting.empty()

    def push(self, event: Event) -> None:
        """Let an event wait; who takes none for too long is over, to resume later where they were."""
        if self._waiting.qsize() < QUEUE_MOST:
            self._waiting.put(event)
        elif not self.is_over:
            self.end(End.TOO_SLOW)

    def end(self, reason: End = End.GONE) -> None:
        """Send no more; the first reason counts."""
        if self.end_reason is None:
            self.end_reason, self.over_since = reason, monotonic()
        self._waiting.put(None)

    def take(self, patience: float) -> list[Event]:
        """All events that wait; if there are none, what comes within `patience` seconds."""
        events: list[Event] = []
        try:
            event = self._waiting.get(timeout=patience)
            while event is not None:
                events.append(event)
                event = self._waiting.get_nowait()
        except Empty:
            pass
        return [] if self.is_over else events


class Hub:
    def __init__(
        self,
        change_log: ChangeLog,
        writer: EventWriter,
        live_among: Callable[[Collection[int]], Collection[int]],
        clock: Clock,
        *,
        most: int,
        slots: StreamSlots,
        whispers: Whispers,
        hints: ChangeHints | None = None,
        poll: float = POLL,
        lagged: Callable[[float], object] = lambda _: None,
    ) -> None:
        """`live_among` tells which sessions live; at `most` so many listen at once, and of each user as many as there
        are slots. While no hints are heard, it looks every `poll` seconds. `lagged` is called with how long ago, in
        seconds, what is handed on has happened.
        """
        self._log = change_log
        self._writer = writer
        self._live_among = live_among
        self._clock = clock
        self._most = most
        self._slots = slots
        self._whispers = whispers
        self._hints = hints
        self._poll = poll
        self._lagged = lagged
        self._position: LogPosition = ()
        self._lock = threading.RLock()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._admitted: dict[Listener, int] = {}
        """Those who listen and those who are about to, with their slots."""
        self._listeners: set[Listener] = set()
        self._by_user: defaultdict[int, set[Listener]] = defaultdict(set)
        self._by_room: defaultdict[int, set[Listener]] = defaultdict(set)
        self._checked_at = 0.0
        self.catching_up = threading.Lock()
        """To be held while reading what a listener has missed."""

    def admit(self, listener: Listener) -> None:
        """Count them in, until they leave; when the server stops they are over at once, to resume elsewhere.

        Raises Unavailable when as many listen as may, or TooManyStreams when as many of that user do.
        """
        user_id = listener.subscription.user_id
        self._check_room()
        slot = self._slots.acquire(user_id)  # which may ask another host: nobody waits for that
        if slot is None:
            raise TooManyStreams(retry_after=5)
        try:
            with self._lock:
                self._check_room()  # others may have come meanwhile
                self._admitted[listener] = slot
                if self._is_closed:
                    listener.end(End.STOPPING)
                elif not listener.is_over:
                    self._start()
        except Unavailable:
            self._slots.release(user_id, slot)
            raise
        self._woken.set()

    def _check_room(self) -> None:
        """Raise Unavailable when nobody else may listen."""
        if len(self._admitted) >= self._most:
            raise Unavailable("as many streams are open as this worker takes", retry_after=5)

    def enter(self, listener: Listener) -> bool:
        """Send the listener what comes after its position, which is as good as the end of the log.

        False if the hub is past it already: read on, and try again.
        """
        with self._lock:
            if listener.is_over or listener not in self._admitted:
                return True  # they have gone already
            if not self._listeners:
                self._position = listener.subscription.position
                self._whispers.rest()
            if listener.subscription.position < self._position:
                return False
            self._listeners.add(listener)
            listener.has_entered = True
            self._by_user[listener.subscription.user_id].add(listener)
            for room_id in listener.subscription.rooms:
                self._by_room[room_id].add(listener)
        self._woken.set()
        return True

    def leave(self, listener: Listener) -> None:
        """Forget them; who has left before is no error."""
        user_id = listener.subscription.user_id
        with self._lock:
            slot = self._admitted.pop(listener, None)
            if slot is None:
                return
            self._forget(listener)
        self._slots.release(user_id, slot)

    def _forget(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        _discard(self._by_user, listener.subscription.user_id, listener)
        for room_id in listener.subscription.rooms:
            _discard(self._by_room, room_id, listener)

    def user_ids(self) -> Collection[int]:
        """The users who listen."""
        return set(self._by_user)

    def tell(self, room_ids: Iterable[int], event: Event, *, but: int) -> None:
        """Send an event to all who are in one of the rooms, once each, but not to the user `but`."""
        with self._lock:
            for listener in set().union(*(self._by_room.get(room_id, ()) for room_id in room_ids)):
                if listener.subscription.user_id != but:
                    listener.push(event)

    def wake(self) -> None:
        """Hint that there is something new in the log."""
        if self._listeners:
            self._woken.set()

    def close(self) -> None:
        """End all streams, now and for ever: the server stops. To be called again for those who don't go."""
        with self._lock:
            was_closed, self._is_closed = self._is_closed, True
            for listener in self._admitted:
                listener.end(End.STOPPING)
                if was_closed:
                    listener.cut()
        self._woken.set()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="minichat-hub", daemon=True)
            self._thread.start()
            if self._hints is not None:
                self._hints.start(self.wake)

    def _run(self) -> None:
        while not self._is_closed:
            self._woken.wait(self._longest_sleep() if self._admitted else None)
            self._woken.clear()
            try:
                self._whispers.tell(self)  # first: nobody is typing any more when the message is there
                self._advance()
                self._end_the_ended()
            except Unavailable as error:
                log.warning("live updates wait for the database: %s", error)
                self._woken.wait(1)
            except Exception:
                # Whatever it is, those who listen now resume by themselves; who comes next must find a hub.
                log.exception("live updates broke off")
                self._end(tuple(self._listeners), End.BROKEN)

    def _longest_sleep(self) -> float:
        return POLL_WITH_HINTS if self._hints is not None and self._hints.is_connected else self._poll

    def _advance(self) -> None:
        """Hand on what is new."""
        position = self._position
        changes = self._log.after(position, BATCH) if self._listeners else ()
        if changes:
            self._lagged((self._clock() - changes[0].change.at) / SECOND)
        with self._lock:
            if self._position != position:
                self._woken.set()  # all have gone meanwhile, and who came then goes on from another position
                return
            if len(changes) == BATCH:
                # So far behind, it does not see how they come and go beyond: they read on by themselves, up to the end.
                self._end(tuple(self._listeners), End.BROKEN)
                return
            is_away = False
            for logged, takers in self._sorted_out(changes):
                # A database that does not answer is asked once, and not for each change: it may take seconds to say so.
                is_away = is_away or not self._hand(logged, takers)
                if is_away:
                    self._end(takers, End.BROKEN)  # they resume before it

    def _sorted_out(self, changes: Iterable[LoggedChange]) -> Iterable[tuple[LoggedChange, list[Listener]]]:
        """The changes with those who get them."""
        changes = list(changes)
        own: defaultdict[int, list[Change]] = defaultdict(list)
        for _, change in changes:
            if change.kind in MOVES and change.user_id is not None and change.user_id in self._by_user:
                own[change.user_id].append(change)
        ahead = {user_id: Moves.of(moves) for user_id, moves in own.items()}
        movers = {listener for user_id in ahead for listener in self._by_user[user_id]}
        for logged in changes:
            self._position, change = logged
            is_reshaping = change.kind in _RESHAPING
            near = self._by_room.get(change.room_id, set())
            asked = near | movers if is_reshaping else tuple(near)
            takers = []
            for listener in asked:
                subscription = listener.subscription
                if logged.position > subscription.position and subscription.accepts(
                    logged, ahead.get(subscription.user_id, NO_MOVES)
                ):
                    takers.append(listener)
                if is_reshaping:
                    self._file(listener, change.room_id)
            yield logged, takers

    def _file(self, listener: Listener, room_id: int) -> None:
        """Find the listener by the room, or no more, as they are in it now."""
        if room_id in listener.subscription.rooms:
            self._by_room[room_id].add(listener)
        else:
            _discard(self._by_room, room_id, listener)

    def _hand(self, logged: LoggedChange, takers: Iterable[Listener]) -> bool:
        """Hand on a change; False if the database could not tell what it is about."""
        by_base = defaultdict(list)
        for listener in takers:
            by_base[listener.base].append(listener)
        for base, listeners in by_base.items():
            try:
                events = self._writer.write(logged, base, {listener.subscription.user_id for listener in listeners})
            except Unavailable:
                return False
            for listener in listeners:
                event = events.get(listener.subscription.user_id)
                if event is not None:
                    listener.push(event)
        return True

    def _end_the_ended(self) -> None:
        """End the streams of sessions that have ended, and of access tokens that have expired; who does not go, as
        they were told to, loses the connection.
        """
        if monotonic() - self._checked_at < CHECK:
            return
        self._checked_at = monotonic()
        admitted = tuple(self._admitted)
        live, now = self._live_among({listener.session_id for listener in admitted}), self._clock()
        self._end([one for one in admitted if one.session_id not in live or one.expires_at <= now], End.SESSION_ENDED)
        for listener in admitted:
            if monotonic() - listener.over_since >= CHECK:
                listener.cut()

    def _end(self, listeners: Iterable[Listener], reason: End) -> None:
        """Send no more to them; they count until they have gone."""
        with self._lock:
            for listener in listeners:
                listener.end(reason)
                self._forget(listener)


def _discard(index: defaultdict[int, set[Listener]], key: int, listener: Listener) -> None:
    found = index.get(key)
    if found is not None:
        found.discard(listener)
        if not found:
            del index[key]
