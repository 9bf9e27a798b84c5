"""Live updates over real sockets, from two workers: clients receive events at once, and missed events on resuming.

Reading the change log runs on both databases. The end, the limit and the loss of a connection are the same code, so
it runs on SQLite.
"""

import json
import os
import re
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from queue import Empty, Queue
from typing import Any, ClassVar

import httpx
import pytest
from httpx_sse import connect_sse

from e2e.crowd import Person, at_once, call, execute, register, wait_until
from e2e.databases import on_sqlite_only
from e2e.streams import opened, says_much
from scale import scaled
from servers import PATIENCE, resident_mib, serving

CLIENT = httpx.Client(
    timeout=httpx.Timeout(PATIENCE, read=30), limits=httpx.Limits(max_connections=None, max_keepalive_connections=0)
)

MISSED = scaled(110, 300)
"""More than one batch of catching up."""
EACH = scaled(10, 25)
RESUMPTIONS = scaled(10, 24)


@pytest.fixture(autouse=True)
def close_streams():
    """Close the streams of each test, which share their servers with other tests."""
    yield
    while Stream.opened:
        Stream.opened.pop().close()


class Stream:
    """An open event stream, read by a thread; `next` waits for the next event."""

    opened: ClassVar[list["Stream"]] = []

    def __init__(self, person: Person, *, after: str | None = None, ticket: str | None = None, **headers: Any) -> None:
        self._events: Queue[Any] = Queue()
        self._person = person
        self._query = {name: value for name, value in (("after", after), ("ticket", ticket)) if value}
        self._headers = headers if ticket else {"Authorization": f"Bearer {person.token}", **headers}
        self._opened = threading.Event()
        self.status = 0
        self.last_id: Any = after
        self._id_of_client: Any = None  # an event without an id leaves it as it is
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._opened.wait(PATIENCE), "the stream does not open"
        self.opened.append(self)

    def _run(self) -> None:
        url = f"http://127.0.0.1:{self._person.server.port}/api/chat/events/"
        try:
            with connect_sse(CLIENT, "GET", url, params=self._query, headers=self._headers) as source:
                self._response = source.response
                self.status = source.response.status_code
                if self.status == 200:
                    for event in self._told_open(source.iter_sse()):
                        self._events.put(event)
        except httpx.HTTPError:
            pass  # the server has disconnected it
        finally:
            self._events.put(None)
            self._opened.set()

    def _told_open(self, events: Iterator[Any]) -> Iterator[Any]:
        self._opened.set()
        yield from events

    def next(self, patience: float = PATIENCE) -> dict[str, Any]:
        event = self._events.get(timeout=patience)
        assert event is not None, "the stream has ended"
        body: dict[str, Any] = json.loads(event.data)
        self._id_of_client = body.get("id", self._id_of_client)
        assert (event.event, event.id or None) == (body["type"], self._id_of_client)
        self.last_id = body.get("id", self.last_id)
        return body

    def next_stored(self) -> dict[str, Any]:
        """Return the next event of the change log, without presence events."""
        while "id" not in (event := self.next()):
            pass
        return event

    def contents(self, count: int) -> list[str]:
        """Return the contents of the next `count` messages."""
        said: list[str] = []
        while len(said) < count:
            event = self.next()
            if event["type"] == "message.created":
                said.append(event["data"]["content"])
        return said

    def ends_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        try:
            while self._events.get(timeout=max(0, deadline - time.monotonic())) is not None:
                pass
        except Empty:
            return False
        return True

    def close(self) -> None:
        """Disconnect."""
        with suppress(OSError):  # the server has closed it already
            self._response.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def is_silent(self) -> bool:
        return self._events.empty()


def on_both_workers(open_one: Callable[[], Stream], server: Any) -> list[Stream]:
    """Open enough streams that each worker has some."""
    return [open_one() for _ in range(8)]


def cursor(person: Person) -> str:
    return str(person.get("/api/chat/sync/")["cursor"])


def test_a_message_reaches_the_streams_of_every_worker_within_a_second(server, ann, bob):
    room = ann.makes_room(bob)
    streams = on_both_workers(lambda: Stream(bob), server)
    # Streams may still read the log by themselves when the first message comes. Only the hub brings the second one.
    took = []
    for content in ("first", "second", "third"):
        began = time.monotonic()
        assert ann.says(room, content).status == 201
        for stream in streams:
            event = stream.next_stored()
            assert (event["type"], event["data"]["content"]) == ("message.created", content)
        took.append(time.monotonic() - began)
    assert min(took[1:]) < 1, "a busy machine may delay one"


def test_a_resumed_stream_sends_missed_events_and_then_new_ones(ann, bob):
    room = ann.makes_room(bob)
    first = Stream(bob)
    ann.says(room, "one")
    assert first.contents(1) == ["one"]
    first.close()
    for number in range(MISSED):
        assert ann.says(room, f"{number}").status == 201
    again = Stream(bob, **{"Last-Event-ID": first.last_id})
    assert again.contents(MISSED) == [f"{number}" for number in range(MISSED)]
    ann.says(room, "live")
    assert again.contents(1) == ["live"]


def test_every_stream_gets_each_message_of_concurrent_writers_once(server, ann, bob):
    room = ann.makes_room(bob)
    streams = on_both_workers(lambda: Stream(bob), server)
    writers = [ann, bob] * 4

    def write(person: Person, name: int) -> None:
        for number in range(EACH):
            assert person.says(room, f"{name}.{number}").status == 201

    at_once(lambda person=person, name=name: write(person, name) for name, person in enumerate(writers))
    history = [message["content"] for message in ann.history(room)]
    assert len(history) == 8 * EACH
    for stream in streams:
        assert stream.contents(8 * EACH) == history
        assert stream.is_silent() or stream.next()["type"] != "message.created"


def test_resuming_under_load_neither_loses_nor_repeats_an_event(server, ann, bob):
    room = ann.makes_room(bob)
    place = cursor(bob)
    over = threading.Event()

    def write() -> None:
        number = 0
        while not over.is_set():
            assert ann.says(room, f"{number}").status == 201
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    heard: list[str] = []
    try:
        for _ in range(RESUMPTIONS):
            stream = Stream(bob, after=place)
            heard += stream.contents(10)
            place = stream.last_id
            stream.close()
    finally:
        over.set()
        writer.join()
    assert heard == [f"{number}" for number in range(10 * RESUMPTIONS)]


@on_sqlite_only
def test_the_streams_of_every_worker_get_a_typing_event_but_not_the_typist(server, ann, bob):
    room = ann.makes_room(bob)
    streams = on_both_workers(lambda: Stream(bob), server)
    own = Stream(ann)
    ann.says(room, "hello")  # after this event the worker is known to listen
    assert [stream.contents(1) for stream in [*streams, own]] == [["hello"]] * 9
    assert ann.call("POST", f"/api/chat/rooms/{room}/typing/").status == 204
    for stream in streams:
        event = stream.next()
        assert (event["type"], event["data"]) == ("typing", {"room": room, "user": ann.id})
    ann.says(room, "that is all")
    assert own.contents(1) == ["that is all"]


def test_room_mates_get_a_presence_event_within_ten_seconds(tmp_path, database):
    # A fresh server: it compares presence with its last check, and a shared one has checked before.
    with serving(tmp_path, rate_limits="off", **database) as server:
        ann, bob, carl = register(server, "ann", "bob", "carl")
        room = ann.makes_room(bob)
        execute(server.database, "UPDATE \"user\" SET last_seen_at = 1 WHERE username IN ('ann', 'carl')")
        stream = Stream(bob)
        bob.says(room, "after this event the worker is known to listen, and has looked who is online")
        assert stream.contents(1)
        began = time.monotonic()
        ann.call("GET", "/api/auth/me/")
        carl.call("GET", "/api/auth/me/")
        event = stream.next()
        assert time.monotonic() - began < 11
        assert (event["type"], event["data"]["user"], event["data"]["is_online"]) == ("presence", ann.id, True)


def test_a_removed_session_ends_its_streams_within_five_seconds(server, ann):
    streams = on_both_workers(lambda: Stream(ann), server)
    assert ann.call("POST", "/api/auth/logout/").status == 200
    began = time.monotonic()
    assert all(stream.ends_within(5 - (time.monotonic() - began)) for stream in streams)


def test_a_former_member_gets_no_more_events_of_the_room(server, ann, bob):
    room = ann.makes_room(bob)
    streams = on_both_workers(lambda: Stream(bob), server)
    assert bob.call("POST", f"/api/chat/rooms/{room}/leave/").status == 200
    other = ann.makes_room(bob)
    for number in range(20):
        ann.says(room, f"{number}")
    ann.says(other, "over here")
    for stream in streams:
        heard = [stream.next_stored() for _ in range(5)]
        assert [event["type"] for event in heard] == [
            *("participant.left", "room.created", "participant.joined", "participant.joined", "message.created")
        ]
        assert heard[-1]["data"]["content"] == "over here"


def test_a_long_poll_returns_at_the_next_event(ann, bob):
    room, guarded = ann.makes_room(bob), ann.makes_room()
    old = f"/api/chat/messages/{ann.says(guarded, 'before').json['id']}/"
    ann.call("PATCH", f"/api/chat/rooms/{guarded}/", {"history": "joined"})
    bob.call("POST", f"/api/chat/rooms/{guarded}/join/")
    place = cursor(bob)
    assert ann.call("PATCH", old, {"content": "hidden from the start"}).status == 200
    answers: Queue[Any] = Queue()
    waiting = threading.Thread(
        target=lambda: answers.put(bob.get(f"/api/chat/sync/?after={place}&timeout=20")), daemon=True
    )
    waiting.start()
    with pytest.raises(Empty):
        answers.get(timeout=0.3)
    assert ann.call("POST", f"/api/chat/rooms/{room}/typing/").status == 204
    with pytest.raises(Empty):
        answers.get(timeout=0.3)  # a typing event is not stored, so it does not end a long poll
    assert ann.call("PATCH", old, {"content": "hidden meanwhile"}).status == 200
    with pytest.raises(Empty):
        answers.get(timeout=0.3)  # Bob gets no event of a message from before his joining
    ann.says(room, "hello")
    (event,) = answers.get(timeout=2)["events"]
    assert event["data"]["content"] == "hello"


@on_sqlite_only
def test_a_client_that_does_not_read_is_disconnected_without_a_traceback(tmp_path, database):
    with serving(tmp_path, "--workers", "1", rate_limits="off", streams_per_worker="1", **database) as server:
        ann, bob = register(server, "ann", "bob")
        room = ann.makes_room(bob)
        stuck = opened(bob, "/api/chat/events/", buffer=4_096)
        says_much(ann, room, 300)
        assert bob.call("POST", "/api/auth/logout/").status == 200

        def is_free() -> bool:
            with closing(opened(ann, "/api/chat/events/")) as response:
                return response.status == 200

        wait_until(is_free, "the end of the other's stream")
        stuck.close()
        assert server.stop() == 0
        assert "Traceback" not in server.said


@on_sqlite_only
def test_a_long_poll_without_events_returns_in_time_with_a_cursor(ann):
    began = time.monotonic()
    answer = ann.get(f"/api/chat/sync/?after={cursor(ann)}&timeout=1")
    assert answer["events"] == []
    assert 0.9 < time.monotonic() - began < 3


def test_a_long_poll_ends_with_401_when_its_session_ends(ann):
    answers: Queue[Any] = Queue()
    path = f"/api/chat/sync/?after={cursor(ann)}&timeout=20"
    waiting = threading.Thread(target=lambda: answers.put(ann.call("GET", path)), daemon=True)
    waiting.start()
    with pytest.raises(Empty):
        answers.get(timeout=0.3)
    ann.call("POST", "/api/auth/logout/")
    answer = answers.get(timeout=5)
    assert (answer.status, answer.json["code"]) == (401, "session_ended")


def test_a_ticket_opens_one_stream_on_any_worker(server, ann):
    room = ann.makes_room()
    tickets = [ann.call("POST", "/api/chat/events/ticket/").json["ticket"] for _ in range(4)]
    streams = [Stream(ann, ticket=ticket) for ticket in tickets]
    ann.says(room, "hello")
    assert [stream.contents(1) for stream in streams] == [["hello"]] * 4
    found = at_once(lambda: call(server, "GET", f"/api/chat/events/?ticket={tickets[0]}").status for _ in range(4))
    assert set(found) == {401}


def test_a_ticket_opens_one_of_many_concurrent_streams(server, ann):
    ticket = ann.call("POST", "/api/chat/events/ticket/").json["ticket"]
    streams = at_once(lambda: Stream(ann, ticket=ticket) for _ in range(10))
    assert Counter(stream.status for stream in streams) == {200: 1, 401: 9}


@on_sqlite_only
def test_a_closed_stream_frees_its_slot_at_once(ann):
    deadline = time.monotonic() + 5
    for _ in range(3):
        streams: list[Stream] = []
        while len(streams) < 20:
            assert time.monotonic() < deadline, "those who left are still counted"
            stream = Stream(ann)
            streams += [stream] if stream.status == 200 else []
        assert Stream(ann).status == 429
        for stream in streams:
            stream.close()


@on_sqlite_only
def test_a_worker_at_its_stream_limit_answers_503(tmp_path, database):
    with serving(tmp_path, "--workers", "1", rate_limits="off", streams_per_worker="3", **database) as server:
        (ann,) = register(server, "ann")
        streams = [Stream(ann) for _ in range(3)]
        answer = ann.call("GET", "/api/chat/events/")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert {stream.status for stream in streams} == {200}


@on_sqlite_only
def test_a_stopping_server_ends_its_streams_and_the_next_server_resumes_them(tmp_path, database):
    settings = {"rate_limits": "off", **database}
    with serving(tmp_path, **settings) as server:
        ann, bob = register(server, "ann", "bob")
        room = ann.makes_room(bob)
        stream = Stream(bob)
        ann.says(room, "one")
        assert stream.contents(1) == ["one"]
        began = time.monotonic()
        assert server.stop(signal.SIGTERM) == 0, server.said
        assert time.monotonic() - began < 5
        assert stream.ends_within(1)
    with serving(tmp_path, **settings) as server:
        ann.server = bob.server = server
        ann.says(room, "two")
        resumed = Stream(bob, **{"Last-Event-ID": stream.last_id})
        assert resumed.contents(1) == ["two"]


@on_sqlite_only
def test_a_stream_that_the_server_ends_closes_with_a_random_time_before_the_return(server, ann):
    streams = [opened(ann, "/api/chat/events/") for _ in range(3)]
    for stream in streams:
        assert stream.readline().startswith(b"retry: ")
    assert ann.call("POST", "/api/auth/logout/").status == 200
    ends = [re.search(rb"(?:^|\n)retry: (\d+)\n\Z", stream.read()) for stream in streams]
    assert len({end[1] for end in ends if end}) > 1


def test_a_killed_worker_loses_no_event_of_a_resuming_client(tmp_path, database):
    with serving(tmp_path, rate_limits="off", **database) as server:
        ann, bob = register(server, "ann", "bob")
        room = ann.makes_room(bob)
        place, heard = cursor(bob), []
        for number in range(scaled(3, 10)):
            stream = Stream(bob, after=place)
            assert ann.says(room, f"{number}: hello").status == 201
            heard += stream.contents(1 if number == 0 else 2)
            place = stream.last_id
            [worker] = server.workers
            os.kill(worker, signal.SIGKILL)
            assert stream.ends_within(5)
            server.wait_until_it_answers()
            assert ann.says(room, f"{number}: are you there?").status == 201
        heard += Stream(bob, after=place).contents(1)
        assert heard == [message["content"] for message in ann.history(room)]
        assert len(heard) == 2 * scaled(3, 10)


@contextmanager
def many(person: Person, count: int) -> Iterator[list[Stream]]:
    streams = [Stream(person) for _ in range(count)]
    yield streams
    for stream in streams:
        stream.close()


@on_sqlite_only
def test_closed_streams_leave_no_memory_behind(shared_servers, new_database):
    server = shared_servers.get(new_database, workers=1)
    (ann,) = register(server, "ann-of-many")
    room = ann.makes_room()
    sizes = []
    for _ in range(4):
        for _ in range(5):
            with many(ann, 15) as streams:
                ann.says(room, "hello")
                assert [stream.contents(1) for stream in streams] == [["hello"]] * 15
        sizes.append(resident_mib(server.workers[0]))
    assert sizes[3] < sizes[1] + 4, sizes
