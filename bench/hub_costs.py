"""Measure the hub's CPU time and memory per change: a part of `costs.py`.

    MINICHAT_DATABASE_URL=… python bench/hub_costs.py [MESSAGES [PID]]

It prints the minimum of several runs. `minichat demo` has filled the database: users 1 to 50 are in room 1, and the
last user is in no room. Given the process id of a PostgreSQL server, it also prints the server's CPU time.
"""

# As in a worker: gevent must patch the modules before any other import.
from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
import tracemalloc  # noqa: E402
from collections.abc import Callable, Collection, Iterator, Sequence  # noqa: E402
from contextlib import contextmanager  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402
from tempfile import TemporaryDirectory  # noqa: E402
from typing import Any  # noqa: E402

from on_postgres import Spent, family, on_cpu  # noqa: E402

from minichat.adapters.slots import FileStreamSlots  # noqa: E402
from minichat.api.events import JsonEventWriter  # noqa: E402
from minichat.config import Settings  # noqa: E402
from minichat.domain.changes import Subscription  # noqa: E402
from minichat.domain.model import LoggedChange, LogPosition  # noqa: E402
from minichat.live.cursors import Cursors  # noqa: E402
from minichat.live.ephemeral import EphemeralEvents  # noqa: E402
from minichat.live.hub import BATCH_SIZE, Hub  # noqa: E402
from minichat.live.listeners import Listener  # noqa: E402
from minichat.wiring import build_services, now  # noqa: E402

PEOPLE = 50
NOBODY = 2_051
"""A user who is in no room."""
MANY_ROOMS = 1_000
ALONE = 50
"""How many messages the hub also receives one by one."""
POSTGRES = int(sys.argv[2]) if len(sys.argv) > 2 else None
TEXT = "This is what is said as number {}, in some words more."


def spent() -> Spent:
    """Return the CPU time spent so far."""
    return Spent(time.process_time() * 1e6, on_cpu(family(POSTGRES)) if POSTGRES else 0.0)


class Gate:
    """A change log for a hub: it holds the measured changes back until all listeners are there."""

    def __init__(self, changes: Sequence[LoggedChange], at_once: int = BATCH_SIZE) -> None:
        """The hub receives so many changes at once."""
        self._changes = changes
        self._at_once = at_once
        self._given = 0
        self.wake: Callable[[], None] = lambda: None
        """Lets the hub ask for more at once."""
        self._opened = threading.Event()
        self._done = threading.Event()
        self._began = self._ended = Spent(0, 0)

    def after(self, _position: LogPosition, _limit: int) -> Sequence[LoggedChange]:
        self._opened.wait()
        if not self._given:
            self._began = spent()
        elif self._given >= len(self._changes) and not self._done.is_set():  # the hub asks for more
            self._ended = spent()
            self._done.set()
        given = self._changes[self._given : self._given + self._at_once]
        self._given += self._at_once
        if given:
            self.wake()
        return given

    def open(self) -> Spent:
        """Let the hub deliver the changes; return the cost per change."""
        self._opened.set()
        assert self._done.wait(60), "the hub does not come to an end"
        return self._ended.since(self._began, len(self._changes))


class Bench:
    def __init__(self, messages: int) -> None:
        services = build_services(Settings.load())
        self._presence, self._log, self._started = services.presence, services.change_log, now()
        self._position = self._log.end()
        author = services.directory.get(None, 1)
        for number in range(min(messages, BATCH_SIZE - PEOPLE)):
            services.messaging.send(author, 1, TEXT.format(number))
        self.messages = self._log.after(self._position, BATCH_SIZE)
        for user_id in range(2, PEOPLE + 1):
            services.participation.mark_read(user_id, 1, 2**50)
        self.receipts = self._log.after(self.messages[-1].position, BATCH_SIZE)
        services.presence.keep_online(range(1, NOBODY + 1))

    def _clock(self) -> int:
        return self._started  # a stopped clock keeps the hub from periodic work

    @contextmanager
    def _hub(self, gate: Gate) -> Iterator[Hub]:
        writer = JsonEventWriter(self._log, Cursors([b"k" * 32]), self._clock)
        ephemeral = EphemeralEvents(self._presence, writer, self._clock)
        with TemporaryDirectory() as folder:
            slots = FileStreamSlots(Path(folder) / "slots", 20)
            log: Any = gate
            hub = Hub(log, writer, set, self._clock, max_listeners=10_000, slots=slots, ephemeral=ephemeral)
            yield hub
            hub.close()

    @staticmethod
    def _listen(hub: Hub, subscription: Subscription) -> None:
        listener = Listener(subscription, subscription.user_id, 2**50, "http://chat.example")
        hub.admit(listener)
        hub.attach(listener)
        assert listener.is_attached

    def reading(self) -> Spent:
        """Reading a change."""
        before = spent()
        assert self._log.after(self._position, BATCH_SIZE)
        return spent().since(before, len(self.messages) + len(self.receipts))

    def handing(self, changes: Sequence[LoggedChange], user_ids: Collection[int], at_once: int = BATCH_SIZE) -> Spent:
        """Delivering a change to these listeners."""
        gate = Gate(changes, at_once)
        with self._hub(gate) as hub:
            gate.wake = hub.wake
            for user_id in user_ids:
                self._listen(hub, self._log.subscribe(user_id, self._position))
            return gate.open()

    def presence_check(self) -> Spent:
        """The presence check, per online user."""
        before = spent()
        found = self._presence.online()
        return spent().since(before, len(found))

    def presence_changes(self) -> Spent:
        """Finding the listeners of one presence change."""
        before = spent()
        for user_id in range(1, PEOPLE + 1):
            self._presence.with_rooms(user_id)
        return spent().since(before, PEOPLE)

    def memory(self, rooms: int) -> int:
        """Memory of a listener in that many rooms without other listeners, in bytes."""
        with self._hub(Gate(())) as hub:
            self._listen(hub, Subscription(NOBODY, self._position, ()))
            tracemalloc.start()
            self._listen(hub, Subscription(1, self._position, range(2**20, 2**20 + rooms)))
            held, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return held


def least(measure: Callable[[], Spent]) -> Spent:
    """Return the minimum of several runs, since other load only adds to it."""
    return min((measure() for _ in range(5)), key=sum)


def main() -> None:
    bench = Bench(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
    print(least(bench.reading).line("a change, read from the log"))
    nobody, one, everybody = (
        least(partial(bench.handing, bench.messages, user_ids)) for user_ids in ([NOBODY], [1], range(1, PEOPLE + 1))
    )
    alone = least(partial(bench.handing, bench.messages[:ALONE], [1], 1))
    receipt = least(partial(bench.handing, bench.receipts, [1]))
    each = everybody.since(one, PEOPLE - 1)
    print(nobody.line("… without a listener, additionally"))
    print(one.since(nobody).since(each).line("… a message with a listener, additionally"))
    print(alone.since(nobody).since(each).line("… the same, if it comes alone"))
    print(receipt.since(nobody).since(each).line("… a receipt with a listener, additionally"))
    print(each.line("… and per listener"))
    print(least(bench.presence_check).line("the presence check, per online user"))
    print(least(bench.presence_changes).line("one presence change"))
    membership = (bench.memory(MANY_ROOMS) - bench.memory(0)) / MANY_ROOMS
    print(f"{'one more room of a listener':40}{membership:8.0f} bytes")


if __name__ == "__main__":
    main()
