"""Catching up: reads for each listener the events that it missed, and for many listeners at once if many have missed.

After an interruption thousands of listeners resume at about the same position. One of them reads the log for all that
wait: the changes, the entities in them and the readers' receipts are looked up once, and each event is written once for
each of its forms. Nothing is kept for later, so what a listener receives is exact at the moment of the reading:
membership, blocks and receipts included.

This module reads and writes. `streaming` decides when, and sends the events.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Generic

from minichat.domain.changes import ChangeBatch, ChangeLog
from minichat.domain.errors import ResyncRequired, Unavailable
from minichat.domain.model import LoggedChange, LogPosition
from minichat.live.events import Addressed, EventT, EventWriter
from minichat.live.listeners import Listener
from minichat.live.turnstile import Turnstile

BATCH = 100
"""How many changes are read at once for a listener."""
MAX_TOGETHER = 50
"""For how many listeners at most. The process does nothing else meanwhile, for about 5 ms."""
SENT_AT_ONCE = 8
"""After so many listeners have got their events, other work of the process comes first. They take about 3 ms."""
GATHERING_SECONDS = 0.003
"""How long a listener waits for others that have just come back, again and again while there are more."""


class Missed(Generic[EventT]):
    """A listener's place among those that wait, and the next of the events that it has missed."""

    def __init__(self, listener: Listener[EventT]) -> None:
        self.listener = listener
        self.is_read = False
        self.failure: Exception | None = None
        self.events: Sequence[EventT] = ()
        self.is_attached = False
        """Whether the listener is at the end of the log, and receives what follows from the hub."""


class CatchingUp(Generic[EventT]):
    """The listeners that catch up. One of them reads at a time, so that they do not delay current events."""

    def __init__(
        self, change_log: ChangeLog, writer: EventWriter[EventT], attach: Callable[[Listener[EventT]], object]
    ) -> None:
        """`attach` attaches a listener to the hub."""
        self._log = change_log
        self._writer = writer
        self._attach = attach
        self.waiting: dict[Missed[EventT], None] = {}
        """In the order of their arrival."""
        self._reading = threading.Lock()
        self._exit = Turnstile(SENT_AT_ONCE)
        """Where listeners that have got their next events leave. The next reading goes on meanwhile."""

    def next_of(self, listener: Listener[EventT]) -> Missed[EventT]:
        """Return the next events of the listener, and move its subscription past them. Attach it at the log's end.

        Raises ResyncRequired, or Unavailable if the database does not answer.
        """
        missed = Missed(listener)
        self.waiting[missed] = None
        try:
            with self._reading:
                if not missed.is_read:  # another listener may have read for this one
                    self._gather()
                    self._read(self._company_of(missed))
        finally:
            self.waiting.pop(missed, None)
        self._exit.pass_through()
        if missed.failure is not None:
            raise missed.failure
        return missed

    def _gather(self) -> None:
        """Wait while more listeners come. Other work of this process comes first."""
        count = 0
        while count < len(self.waiting) < MAX_TOGETHER:
            count = len(self.waiting)
            time.sleep(GATHERING_SECONDS)

    def _company_of(self, first: Missed[EventT]) -> list[Missed[EventT]]:
        """Return a listener that waits, and others that can be read for together with it."""
        position, base_url = first.listener.subscription.position, first.listener.base_url
        others = (
            missed
            for missed in tuple(self.waiting)
            if missed is not first
            and missed.listener.base_url == base_url
            and missed.listener.subscription.position >= position
        )
        return [first, *islice(others, MAX_TOGETHER - 1)]

    def _read(self, company: list[Missed[EventT]]) -> None:
        """Read for these listeners. The position of the first is the earliest."""
        try:
            with self._log.at_one_moment():
                batches = self._next_changes(company)
                # Written before the first is sent, because sending may take long and members may leave meanwhile.
                self._write(company, batches)
                at_end = {
                    one.listener.user_id for one, batch in zip(company, batches, strict=True) if not batch.has_more
                }
                blocked_by = self._log.blocked_by(at_end) if at_end else {}
        except BaseException as error:
            # The subscriptions may have moved, so nobody can read on: the clients resume from their cursors.
            failure = error if isinstance(error, Exception) else Unavailable("the reading was interrupted")
            for missed in company:
                missed.is_read, missed.failure = True, failure
            raise
        for missed in company:
            missed.is_read = True
            missed.listener.blocked_ids = blocked_by.get(missed.listener.user_id, ())
            self.waiting.pop(missed, None)
        for missed, batch in zip(company, batches, strict=True):
            # Before the events are sent: meanwhile the hub moves on, and would have to go back further.
            if not batch.has_more:
                self._attach(missed.listener)
                missed.is_attached = True

    def _next_changes(self, company: list[Missed[EventT]]) -> Sequence[ChangeBatch]:
        """Return the changes of each listener. Leave some out if too many changes are not the same for all."""
        if len(company) > 1:
            try:
                batches = self._log.read_together([missed.listener.subscription for missed in company], BATCH)
            except ResyncRequired:
                del company[1:]  # only the first is too late
                raise
            if batches:
                return batches
        own: list[ChangeBatch] = []
        count = 0
        for missed in company:
            own.append(self._log.read(missed.listener.subscription, BATCH))
            count += len(own[-1].changes)
            if count >= BATCH:
                break
        del company[len(own) :]
        return own

    def _write(self, company: Sequence[Missed[EventT]], batches: Sequence[ChangeBatch]) -> None:
        """Write the events of all batches together, and give each listener its own."""
        changes: dict[LogPosition, LoggedChange] = {}
        receivers: defaultdict[LogPosition, set[int]] = defaultdict(set)
        for one, user_ids in _by_changes(company, batches):
            for logged in one:
                changes[logged.position] = logged
                receivers[logged.position] |= user_ids
        positions = sorted(changes)
        addressed = [Addressed(changes[position], receivers[position]) for position in positions]
        written = self._writer.write(addressed, company[0].listener.base_url)
        events = dict(zip(positions, written, strict=True))
        of_batches = {id(batch.changes): [events[logged.position] for logged in batch.changes] for batch in batches}
        for missed, batch in zip(company, batches, strict=True):
            user_id = missed.listener.user_id
            found = of_batches[id(batch.changes)]
            missed.events = [event for by_user in found if (event := by_user.get(user_id)) is not None]


def _by_changes(
    company: Sequence[Missed[EventT]], batches: Sequence[ChangeBatch]
) -> Iterable[tuple[Sequence[LoggedChange], set[int]]]:
    """Return the batches of changes with the users of each. Many users share the same one."""
    found: dict[int, tuple[Sequence[LoggedChange], set[int]]] = {}
    for missed, batch in zip(company, batches, strict=True):
        _, user_ids = found.setdefault(id(batch.changes), (batch.changes, set()))
        user_ids.add(missed.listener.user_id)
    return found.values()
