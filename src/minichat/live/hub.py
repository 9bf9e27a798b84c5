"""The hub: reads the change log once for all listeners of this worker, and sends each its events.

A hint wakes the hub: a commit in this process, a message from another worker, or the poll interval. A lost hint delays
events and never loses them, because the hub always reads on from its last position in the log.

A listener first catches up to the end of the log, then attaches. From there on the hub moves the listener's
subscription, so no event is missed or repeated in between. If the hub was faster, it goes back to the listener's
position: the other listeners are past these changes, so they do not receive them again.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Generic

from minichat.domain.changes import ChangeLog
from minichat.domain.errors import StreamsNotServed, TooManyStreams, Unavailable
from minichat.domain.model import SECOND, ChangeKind, LoggedChange, LogPosition, TypingNotice
from minichat.domain.ports import ChangeHints, Clock, StreamSlots, Worker
from minichat.live.catching_up import CatchingUp
from minichat.live.ephemeral import EphemeralEvents
from minichat.live.events import EventT, EventWriter
from minichat.live.listeners import EndReason, Listener, ListenerIndex
from minichat.live.pacing import Pace
from minichat.live.routing import Routing, in_a_hurry, without_old_receipts
from minichat.live.turnstile import Turnstile
from minichat.live.writing import written

log = logging.getLogger(__name__)

POLL_SECONDS = 0.025
"""Poll interval without hints: the greatest delay of other workers' changes."""
SERVER_POLL_SECONDS = 0.1
"""The same for a database server, which all workers of all hosts poll."""
POLL_WITH_HINTS_SECONDS = 0.25
"""Poll interval while hints arrive: the greatest delay of a change whose hint was lost."""
SESSION_CHECK_SECONDS = 2.0
"""Interval between two checks for ended sessions and expired tokens."""
GOODBYE_SECONDS = 1.0
"""How long clients have to close their streams when the server stops, before their connections are closed."""
PERSISTING_SECONDS = 30.0
"""How long after an attempt to disconnect a client the next one follows. Its transport needs seconds to notice."""
TYPING_SECONDS = 6.0
"""How long a client shows a typing notice."""
ENDED_AT_ONCE = 16
"""After so many ended or disconnected listeners, other work of the process comes first."""
BATCH_SIZE = 1_000
"""The maximum number of changes that the hub reads at once. A transaction always writes fewer."""
WRITTEN_AT_ONCE = 100
"""The maximum number of changes whose events the hub writes together. A listener receives them together, too."""
ADDRESSED_AT_ONCE = 20_000
"""The maximum number of changes in a batch times the listeners of this worker: about 20 ms of work."""
LETTING_IN_SECONDS = 0.001
"""How long it leaves its lock to new listeners between two batches."""
SENDING_SECONDS = 0.005
"""How long the hub sends events before it lets other work of the process run. One event takes about 10 µs."""


class Hub(Generic[EventT]):
    def __init__(
        self,
        change_log: ChangeLog,
        writer: EventWriter[EventT],
        live_sessions: Callable[[Collection[int]], Collection[int]],
        clock: Clock,
        *,
        max_listeners: int,
        slots: StreamSlots,
        ephemeral: EphemeralEvents[EventT],
        worker: Worker | None = None,
        hints: Sequence[ChangeHints] = (),
        poll_seconds: float = POLL_SECONDS,
        record_delay: Callable[[float], object] = lambda _: None,
        pace: Pace | None = None,
    ) -> None:
        """Build a hub without listeners. Its thread starts with the first one.

        `live_sessions` takes session ids and returns those of live sessions. All listeners end when the `worker` stops.
        `poll_seconds` is the poll interval unless one of `hints` is connected. The hub calls `record_delay` with the
        age of each batch of changes, in seconds, once although it may go back.
        """
        self._log = change_log
        self._writer = writer
        self._live_sessions = live_sessions
        self._clock = clock
        self._max_listeners = max_listeners
        self._worker = worker
        self._slots = slots
        self._ephemeral = ephemeral
        self._hints = hints
        self._poll_seconds = poll_seconds
        self._record_delay = record_delay
        self._position: LogPosition = ()
        self._timed: LogPosition = ()
        """The position up to which the delays of changes are recorded."""
        self._pace = pace or Pace()
        self._pause_seconds = 0.0
        """How long the receipts that were read last must wait."""
        self._lock = threading.RLock()
        self._wake_up = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._admitted: dict[Listener[EventT], int] = {}
        """All listeners with the numbers of their slots: those that catch up, the attached, and the ended."""
        self._attached: ListenerIndex[EventT] = ListenerIndex()
        self._behind: dict[Listener[EventT], None] = {}
        """The listeners that attach, and to whose position the hub goes back at its next reading."""
        self._checked_at = 0.0
        self.catching_up = CatchingUp(change_log, writer, self.attach)
        self.entrance = Turnstile()
        """Where requests for a stream wait before anything is read for them."""

    # Listeners come and go

    def admit(self, listener: Listener[EventT]) -> None:
        """Acquire a slot for a listener and count it until its removal.

        If the server is stopping, end the listener at once: its client resumes at another worker. Raises Unavailable if
        this worker has its maximum number of listeners, StreamsNotServed if it serves none, or TooManyStreams if the
        user has no free slot.
        """
        user_id = listener.user_id
        # Now, because clients may type as soon as they know of the stream, which is before the listener is attached.
        listener.typing_position = self._ephemeral.typing_end()
        listener.began_at = monotonic()
        listener.ends_at = listener.began_at + (listener.expires_at - self._clock()) / SECOND
        self._check_capacity()
        slot = self._slots.acquire(user_id)  # outside the lock, because it may wait for Redis
        if slot is None:
            raise TooManyStreams(retry_after=5)
        try:
            with self._lock:
                self._check_capacity()  # other listeners may have been admitted meanwhile
                is_first = not self._admitted
                self._admitted[listener] = slot
                if self._is_closed:
                    listener.end(EndReason.STOPPING)
                elif not listener.has_ended:
                    self._start()
        except Unavailable:
            self._slots.release(user_id, slot)
            raise
        if is_first:  # otherwise the hub polls, and thousands of clients may return at once
            self._wake_up.set()

    def _check_capacity(self) -> None:
        """Raise Unavailable if this worker has its maximum number of listeners. Raise StreamsNotServed if that is 0."""
        capacity = self._max_listeners
        if self._worker is not None:
            capacity = min(capacity, self._worker.max_streams())
            if capacity <= 0:
                raise StreamsNotServed
        if len(self._admitted) >= capacity:
            raise Unavailable("this worker has reached its limit of open streams", retry_after=5)

    def attach(self, listener: Listener[EventT]) -> None:
        """Publish to an admitted listener everything after its subscription's position, which the hub may be past."""
        with self._lock:
            if listener.has_ended or listener not in self._admitted:
                return  # it needs no more events
            is_first = self._attached.is_empty
            if is_first:
                self._position = listener.subscription.position
                self._ephemeral.begin(self._typing_position_of(listener))
            is_behind = listener.subscription.position < self._position
            if is_behind:
                # If it read on instead, the hub would overtake it again while others send messages.
                self._behind[listener] = None
            else:
                self._enqueue_typing(listener)
                self._attached.add(listener)
            listener.is_attached = True
        if is_first or is_behind:
            self._wake_up.set()

    def _typing_position_of(self, listener: Listener[EventT]) -> int:
        """Return the listener's typing position. Move it to the end if notices from its beginning are too old."""
        if monotonic() - listener.began_at >= TYPING_SECONDS:
            listener.typing_position = self._ephemeral.typing_end()
        return listener.typing_position

    def _enqueue_typing(self, listener: Listener[EventT]) -> None:
        """Enqueue the typing notices that were published between the listener's beginning and its attachment."""
        for notice, event in self._ephemeral.published_after(self._typing_position_of(listener)):
            if listener.receives(notice):
                listener.enqueue(event)

    def remove(self, listener: Listener[EventT]) -> None:
        """Remove a listener and release its slot. Do nothing if it has been removed already."""
        with self._lock:
            slot = self._admitted.pop(listener, None)
            if slot is None:
                return
            self._attached.remove(listener)
            self._behind.pop(listener, None)
        self._slots.release(listener.user_id, slot)

    def user_ids(self) -> Collection[int]:
        """Return the users who have an attached listener."""
        return self._attached.user_ids()

    def publish(self, room_ids: Iterable[int], event: EventT, *, except_user_id: int) -> None:
        """Send an event once to each listener in any of the rooms, except to the listeners of one user."""
        with self._lock:
            listeners = {listener for room_id in room_ids for listener in self._attached.in_room(room_id)}
            for listener in listeners:
                if listener.user_id != except_user_id:
                    listener.send([event])

    def publish_typing(self, notice: TypingNotice, event: EventT) -> None:
        """Send the event of a typing notice to each listener that receives it."""
        with self._lock:
            for listener in self._attached.in_room(notice.room_id):
                if listener.receives(notice):
                    listener.send([event])

    def wake(self) -> None:
        """Wake the hub, because the change log may have grown."""
        if not self._attached.is_empty:
            self._wake_up.set()

    def close(self) -> None:
        """End all listeners, present and future: the server stops. A later call disconnects those that remain."""
        with self._lock:
            self._is_closed = True
            admitted = tuple(self._admitted)
        for listener in _with_pauses(admitted):
            listener.end(EndReason.STOPPING)
        self._disconnect_ended(GOODBYE_SECONDS)
        self._wake_up.set()

    def _close_for_good(self) -> None:
        """Close, and disconnect the clients that stay, including those that arrive later. Never return."""
        while True:
            self.close()
            time.sleep(GOODBYE_SECONDS)

    # The hub's thread

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="minichat-hub", daemon=True)
            self._thread.start()
            if self._worker is not None:
                self._worker.when_stopping(self._close_for_good)
            for hints in self._hints:
                hints.start(self.wake)

    def _run(self) -> None:
        while not self._is_closed:
            pause_seconds, self._pause_seconds = self._pause_seconds, 0.0
            self._wake_up.wait((pause_seconds or self._poll_interval_seconds()) if self._admitted else None)
            self._wake_up.clear()
            try:
                has_more = self._ephemeral.publish_presence(self)
                self._publish_changes()
                self._end_expired()
                if has_more:  # thousands of users may have come online
                    self._wake_up.set()
                    time.sleep(0)
            except Unavailable as error:
                log.warning("live updates are waiting for the database: %s", error)
                self._wake_up.wait(1)
            except Exception:
                # Their clients resume from their cursors, and the hub must be there for the next listeners.
                log.exception("live updates failed; all streams of this worker end")
                self._end((*self._attached.all(), *self._behind), EndReason.FAILED)

    def _poll_interval_seconds(self) -> float:
        has_hints = any(hints.is_connected for hints in self._hints)
        return POLL_WITH_HINTS_SECONDS if has_hints else self._poll_seconds

    def _publish_changes(self) -> None:
        """Read the changes after the hub's position, and send each to its recipients in order.

        The typing notices from before this reading are sent first, because typing must not arrive after the message.
        Later notices wait: a block that precedes them may not be among these changes.
        """
        present, typing_end = self._position, self._ephemeral.typing_end()
        behind = tuple(self._behind)
        position = min([present, *(listener.subscription.position for listener in behind)])
        changes = self._log.after(position, BATCH_SIZE) if behind or not self._attached.is_empty else ()
        with self._lock:
            if self._position != present:
                self._wake_up.set()  # a first listener has attached meanwhile, and has set another position
                return
            if len(changes) == BATCH_SIZE:
                # A later batch may remove a user from a room of this one. So the clients resume and catch up instead:
                # those behind, if there are any, because the others may be near the end of the log.
                self._end(behind or self._attached.all(), EndReason.FAILED)
                return
            self._position = position
            came = [listener for listener in behind if listener in self._behind]  # the others have gone
            for listener in came:
                del self._behind[listener]
                self._attached.add(listener)
            self._update_blocks(changes)
            for listener in came:  # not before, because a block that precedes a notice may be among these changes
                self._enqueue_typing(listener)
            self._ephemeral.publish_typing(self, typing_end)
        if changes and not self._publish_to_few(position, changes):
            self._publish_to_all(position, changes)

    def _publish_to_few(self, position: LogPosition, changes: Sequence[LoggedChange]) -> bool:
        """Publish the changes to the listeners that wait for more than receipts, if the others can wait a little.

        Return False if they can't. The hub's position stays, so that it reads these changes again for the others.
        """
        pause_seconds = self._pace.pause_seconds()
        if not pause_seconds or len(changes) >= WRITTEN_AT_ONCE:
            return False
        with self._lock:
            few = in_a_hurry(self._attached, changes)
            if few is None or self._position != position:
                return False
            outgoing = self._written_or_ended(Routing(self._attached, changes, few), changes) if few else {}
        self._send(outgoing or {})
        self._pause_seconds = pause_seconds
        return True

    def _publish_to_all(self, position: LogPosition, changes: Sequence[LoggedChange]) -> None:
        """Publish the changes after the position, and move past them."""
        new = next((change for position, change in changes if position > self._timed), None)
        if new is not None:
            self._timed = changes[-1].position
            # Never negative: the clock of the host that made the change may be ahead.
            self._record_delay(max(0, self._clock() - new.at) / SECOND)
        is_sent, began = True, monotonic()
        size = max(1, min(WRITTEN_AT_ONCE, ADDRESSED_AT_ONCE // max(1, len(self._attached))))
        for start in range(0, len(changes), size):
            if start:
                time.sleep(LETTING_IN_SECONDS)
            with self._lock:
                if self._position != (changes[start - 1].position if start else position):
                    self._wake_up.set()  # a first listener has attached meanwhile, and has set another position
                    return
                routing, first = Routing(self._attached, changes[start:]), changes[start : start + size]
                self._update_blocks(first)  # again, for listeners that have attached since the reading
                self._position = first[-1].position
                outgoing = self._written_or_ended(routing, first, is_database_down=not is_sent)
            is_sent = outgoing is not None
            self._send(outgoing or {})
        self._pace.sent(began)

    def _update_blocks(self, changes: Iterable[LoggedChange]) -> None:
        """Read again the blocks of listeners that these changes concern. Raises Unavailable."""
        blockers = {change.user_id for _, change in changes if change.kind is ChangeKind.BLOCK_CHANGED}
        listening = [user_id for user_id in blockers if user_id is not None and self._attached.has_user(user_id)]
        for user_id, blocked_ids in self._log.blocked_by(listening).items() if listening else ():
            for listener in self._attached.of_user(user_id):
                listener.blocked_ids = blocked_ids

    def _written_or_ended(
        self, routing: Routing[EventT], changes: Sequence[LoggedChange], *, is_database_down: bool = False
    ) -> Mapping[Listener[EventT], list[EventT]] | None:
        """Return the events of these changes by listener.

        If the database does not answer, end the recipients instead, and return None. Their clients resume before these
        changes.
        """
        routed = [(logged, routing.recipients(logged)) for logged in without_old_receipts(changes)]
        if not is_database_down:  # each further attempt may take seconds
            with suppress(Unavailable):
                return written(self._writer, routed)
        self._end({listener for _, recipients in routed for listener in recipients}, EndReason.FAILED)
        return None

    def _send(self, outgoing: Mapping[Listener[EventT], list[EventT]]) -> None:
        """Send the events to their listeners, and let other work run in between.

        This needs no lock: only this thread sends events of the log, and a listener that is attached meanwhile has
        received them already.
        """
        began = monotonic()
        for listener, events in outgoing.items():
            if events:
                listener.send(events)
            if monotonic() - began >= SENDING_SECONDS:
                time.sleep(0)
                began = monotonic()

    def _end_expired(self) -> None:
        """End listeners whose session or token has ended. Disconnect the clients of those that ended some time ago."""
        if monotonic() - self._checked_at < SESSION_CHECK_SECONDS:
            return
        self._checked_at = monotonic()
        self._disconnect_ended(SESSION_CHECK_SECONDS)  # before the database is asked, which may not answer
        admitted = tuple(self._admitted)
        live, now = self._live_sessions({listener.session_id for listener in admitted}), self._clock()
        self._end(
            [listener for listener in admitted if listener.session_id not in live or listener.has_expired(now)],
            EndReason.SESSION_ENDED,
        )

    def _disconnect_ended(self, seconds: float) -> None:
        """Disconnect the clients of listeners that ended so many seconds ago, and again if they stay for long."""
        late = [listener for listener in tuple(self._admitted) if monotonic() - listener.ended_at >= seconds]
        for listener in _with_pauses(late):
            listener.disconnect()
            # Thousands of clients may have gone at once, and their transports need seconds to notice.
            listener.ended_at = monotonic() + PERSISTING_SECONDS

    def _end(self, listeners: Iterable[Listener[EventT]], reason: EndReason) -> None:
        """End listeners. They stay admitted until their transports remove them."""
        with self._lock:
            for listener in listeners:
                listener.end(reason)
                self._attached.remove(listener)
                self._behind.pop(listener, None)


def _with_pauses(listeners: Iterable[Listener[EventT]]) -> Iterator[Listener[EventT]]:
    """Yield the listeners. After some of them, other work of the process runs."""
    for number, listener in enumerate(listeners, start=1):
        yield listener
        if number % ENDED_AT_ONCE == 0:
            time.sleep(0)
