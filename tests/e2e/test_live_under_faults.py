"""Live updates while connections break, workers and servers are killed and clients don't read: who resumes where they
were has in the end exactly what the room's history says, each event once.

Resuming reads the change log, so it runs on both databases. The hub alone disconnects a client that does not read.
"""

import itertools
import json
import random
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from http.client import IncompleteRead
from typing import Any

from e2e.crowd import BROKEN, Person, check_database, check_numbers, register, wait_until
from e2e.databases import on_sqlite_only
from e2e.houses import house
from e2e.streams import Event, opened, says_much, stored
from scale import scaled
from servers import PATIENCE

ROUNDS = scaled(1, 20)
PAUSE = 0.05
"""The pause before a client retries, in seconds."""
PACE_SECONDS = scaled(0.08, 0.0)
"""The pause of a writer after each change."""
AWAY = {502, 503}
THE_END = "That was all."


class Reader:
    """Receives the events of a room up to its last message, through every fault."""

    def __init__(self, person: Person, place: str) -> None:
        """`place` is the cursor after which it begins."""
        self._person = person
        self._place = place
        self.events: list[Event] = []
        self.connections = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self.is_done():
            try:
                self._listen()
            except BROKEN:
                threading.Event().wait(PAUSE)

    def _listen(self) -> None:
        raise NotImplementedError  # each subclass has its own

    def _note(self, event: Event, place: str) -> None:
        self.events.append(event)
        self._place = place

    def is_done(self) -> bool:
        return bool(self.events) and self.events[-1]["data"].get("content") == THE_END

    def wait(self) -> None:
        self._thread.join(PATIENCE)
        assert self.is_done(), f"after {len(self.events)} events the end does not come"


class StreamReader(Reader):
    """Listens to an event stream; disconnects after `patience()` events, if given."""

    def __init__(self, person: Person, place: str, patience: Callable[[], int] | None = None) -> None:
        self._patience = patience
        super().__init__(person, place)

    def _listen(self) -> None:
        left = self._patience() if self._patience else None
        with closing(opened(self._person, "/api/chat/events/", {"Last-Event-ID": self._place})) as response:
            if response.status in AWAY:
                raise ConnectionError(response.status)
            assert response.status == 200, response.read()
            self.connections += 1
            for event in stored(response):
                self._note(event, event["id"])
                left = left and left - 1
                if left == 0 or self.is_done():
                    return


class Poller(Reader):
    """Asks `sync/` again and again."""

    def _listen(self) -> None:
        path = f"/api/chat/sync/?after={self._place}&timeout=5&limit=7"
        with closing(opened(self._person, path)) as response:
            answer = json.loads(response.read())
            if response.status in AWAY:
                raise ConnectionError(response.status)
            assert response.status == 200, answer
            self.connections += 1
        for event in answer["events"]:
            self._note(event, event["id"])
        self._place = answer["cursor"]


class Writer:
    """Sends, edits and deletes until `over`, and repeats each request until its acknowledgement."""

    def __init__(self, person: Person, room: int, over: threading.Event) -> None:
        self.person = person
        self.done: Counter[str] = Counter()
        """The number of acknowledged changes by type."""
        self._room = room
        self._over = over
        self._chance = random.Random(person.username)
        self._mine: list[int] = []
        """Ids of messages that are not deleted."""
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        for number in itertools.count():
            if self._over.is_set():
                return
            kind = self._chance.choice(["created", "created", "updated", "deleted"]) if self._mine else "created"
            if kind == "created":
                body = {"room": self._room, "content": f"{number}: hello", "client_id": f"{number}"}
                self._mine.append(self._insists("POST", "", body).json["id"])
            elif kind == "updated":
                self._insists("PATCH", f"{self._chance.choice(self._mine)}/", {"content": f"{number}: or rather"})
            else:
                self._insists("DELETE", f"{self._mine.pop(self._chance.randrange(len(self._mine)))}/")
            self.done[f"message.{kind}"] += 1
            self._over.wait(PACE_SECONDS)

    def _insists(self, method: str, path: str, body: object = None) -> Any:
        while True:
            try:
                answer = self.person.call(method, f"/api/chat/messages/{path}", body)
            except BROKEN:
                threading.Event().wait(PAUSE)
                continue
            if answer.status not in AWAY:
                assert answer.status in {200, 201, 204}, answer
                return answer

    def wait(self) -> None:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "a change is not acknowledged"


class Writers:
    def __init__(self, people: list[Person], room: int) -> None:
        self._over = threading.Event()
        self._writers = [Writer(person, room, self._over) for person in people]

    @property
    def done(self) -> Counter[str]:
        return sum((writer.done for writer in self._writers), Counter())

    def wait_for(self, more: int) -> None:
        """Wait for that many more acknowledged changes."""
        goal = self.done.total() + more
        wait_until(lambda: self.done.total() >= goal, f"the acknowledgement of {more} changes")

    def end(self) -> None:
        self._over.set()
        for writer in self._writers:
            writer.wait()


def cursor(person: Person) -> str:
    return str(person.get("/api/chat/sync/")["cursor"])


def shown(events: list[Event]) -> list[Event]:
    """Return the messages after these events, applied in order."""
    messages: dict[int, Event] = {}
    for event in events:
        data = event["data"]
        assert (data["id"] in messages) == (event["type"] != "message.created"), event
        messages[data["id"]] = data
    return list(messages.values())


def check_same(messages: list[Event], history: list[Event]) -> None:
    """Fail at the first difference, without printing the whole history."""
    assert len(messages) == len(history)
    for message, told in zip(messages, history, strict=True):
        assert message == told


def check_heard(reader: Reader, history: list[Event], done: Counter[str]) -> None:
    """Fail unless the reader received each change once and its view is the history."""
    assert Counter(event["type"] for event in reader.events) == done
    assert len({event["id"] for event in reader.events}) == len(reader.events)
    check_same(shown(reader.events), history)


def test_a_resuming_client_gets_the_whole_history_once_despite_every_fault(tmp_path, database):
    with house(tmp_path, database) as home:
        ann, bob, cid, dora, emil = home.lets_in("ann", "bob", "cid", "dora", "emil")
        room = ann.makes_room(bob, cid, dora, emil)
        place, chance = cursor(dora), random.Random(7)
        readers = [
            *(StreamReader(person, place) for person in (dora, emil)),
            *(StreamReader(person, place, lambda: chance.randint(1, 30)) for person in (dora, emil)),
            *(Poller(person, place) for person in (dora, emil)),
        ]
        faults = [home.loses_a_worker, home.loses_all_workers, home.is_killed_and_started, home.gets_new_workers]
        writers = Writers([ann, bob, cid], room)
        try:
            for befalls in faults * ROUNDS:
                writers.wait_for(20)
                befalls()
            writers.wait_for(20)
        finally:
            writers.end()
        assert ann.says(room, THE_END).status == 201
        done = writers.done + Counter({"message.created": 1})
        histories = {person.id: person.history(room) for person in (dora, emil)}
        check_numbers(histories[dora.id])
        assert len(histories[dora.id]) == done["message.created"]
        for reader in readers:
            reader.wait()
            check_heard(reader, histories[reader._person.id], done)
        heard = [[event["id"] for event in reader.events] for reader in readers]
        assert heard == heard[:1] * len(readers)
        # Each lost its connection with all workers, with the server and at the reload.
        assert all(reader.connections > 3 * ROUNDS for reader in readers)
        assert "Traceback" not in home.server.said
        assert home.server.stop() == 0
    check_database(home.server.database)


def test_many_concurrent_pollers_miss_no_event(server):
    ann, bob, cid, *asking = register(server, *(f"polled{number}" for number in range(7)))
    room = ann.makes_room(bob, cid, *asking)
    place = cursor(ann)
    readers = [Poller(person, place) for person in asking for _ in range(6)]
    writers = Writers([ann, bob, cid], room)
    try:
        writers.wait_for(scaled(40, 1_000))
    finally:
        writers.end()
    ann.says(room, THE_END)
    done, history = writers.done + Counter({"message.created": 1}), asking[0].history(room)
    for reader in readers:
        reader.wait()
        check_heard(reader, history, done)


@on_sqlite_only
def test_a_client_that_does_not_read_is_disconnected_and_can_resume(server):
    """The server queues 1,000 events at most, beside the socket buffers of both sides."""
    count = 1_300
    ann, bob, cid = register(server, "prolific", "stuck", "attentive")
    room = ann.makes_room(bob, cid)
    place = cursor(bob)
    stuck = [opened(bob, "/api/chat/events/", {"Last-Event-ID": place}, buffer=4_096) for _ in range(2)]
    others = [StreamReader(cid, place) for _ in range(2)]
    says_much(ann, room, count)
    ann.says(room, THE_END)
    history = bob.history(room)
    for other in others:
        other.wait()
        check_same(shown(other.events), history)
    for response in stuck:
        heard: list[Any] = []
        with closing(response), suppress(ConnectionResetError, IncompleteRead):  # both are ways to be disconnected
            heard.extend(stored(response))
        assert len(heard) < count
        # A reset discards unread data, so there may be no event to resume from.
        resumed = StreamReader(bob, heard[-1]["id"] if heard else place)
        resumed.wait()
        check_same(shown(heard + resumed.events), history)
