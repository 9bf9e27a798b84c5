"""Slow readers of a backlog: the end of a session and a removal take effect in the middle of it.

Visibility runs on both databases. The pace of a stream and its end at a stop are the same code: SQLite only.
"""

import http.client
import signal
import threading
from contextlib import ExitStack, closing, contextmanager, suppress

import pytest

from e2e.crowd import register
from e2e.databases import on_sqlite_only
from e2e.streams import opened, says_much, streamed
from scale import scaled
from servers import serving

BACKLOG = 300
HERDED = scaled(500, 1_500)


@pytest.fixture(scope="module")
def server(shared_servers, new_database):
    """One worker, so that all clients listen to the same."""
    return shared_servers.get(new_database, workers=1)


@pytest.fixture
def room(people):
    ann, bob = people
    return ann.makes_room(bob)


@pytest.fixture
def slow(people, room):
    """Bob's stream, after he has read a little of its backlog."""
    ann, bob = people
    with behind(bob, ann, room) as events:
        yield events


@contextmanager
def behind(reader, writer, room):
    """Open the reader's stream before a backlog, and read a little of it."""
    place = reader.get("/api/chat/sync/")["cursor"]
    says_much(writer, room, BACKLOG)
    response = opened(reader, "/api/chat/events/", {"Last-Event-ID": place}, buffer=4_096)
    with closing(response):
        events = streamed(response)
        for _ in range(5):
            next(events)
        yield events


def test_the_end_of_a_session_ends_its_stream_during_the_backlog(people, slow):
    assert people[1].call("POST", "/api/auth/logout/").status == 200
    threading.Event().wait(5)  # the longest life of a stream after its session
    heard = []
    with suppress(http.client.IncompleteRead):  # the server may close it without an end
        heard.extend(slow)
    assert len(heard) < BACKLOG - 5


@on_sqlite_only
def test_a_stopping_server_ends_a_stream_during_the_backlog(tmp_path, database):
    with serving(tmp_path, "--workers", "1", rate_limits="off", **database) as server:
        ann, bob = register(server, "ann", "bob")
        with behind(bob, ann, ann.makes_room(bob)) as events:
            assert server.stop(signal.SIGTERM) == 0
            heard = []
            with suppress(http.client.IncompleteRead, ConnectionResetError):  # the server closes it without an end
                heard.extend(events)
            assert len(heard) < BACKLOG - 5


def test_a_removed_member_gets_no_later_event_from_the_backlog(people, room, slow):
    ann, bob = people
    said = ann.history(room)[190:200]
    assert ann.call("DELETE", f"/api/chat/rooms/{room}/participants/{bob.id}/").status == 204
    for message in said:
        assert ann.call("PATCH", f"/api/chat/messages/{message['id']}/", {"content": "Bob is gone."}).status == 200
    heard = []
    for event in slow:
        heard.append(event)
        if event["type"] == "participant.left":
            break
    assert "Bob is gone." not in [event["data"].get("content") for event in heard]


def take(events, count):
    for _ in range(count):
        next(events)


@on_sqlite_only
def test_new_events_do_not_wait_for_clients_that_read_a_long_backlog(server):
    people = register(server, *(f"herd{number}" for number in range(8)))
    ann, bob = people[:2]
    busy, quiet = ann.makes_room(*people[2:]), ann.makes_room(bob)
    places = [person.get("/api/chat/sync/")["cursor"] for person in people[2:]]
    says_much(ann, busy, HERDED)
    with ExitStack() as streams:
        live = streams.enter_context(closing(opened(bob, "/api/chat/events/")))
        hears = streamed(live)
        assert bob.says(quiet, "first").status == 201
        next(hears)
        herd = [
            streams.enter_context(closing(opened(person, "/api/chat/events/", {"Last-Event-ID": place})))
            for person, place in zip(people[2:], places, strict=True)
        ]
        readers = [
            threading.Thread(target=lambda one=one: [next(one) for _ in range(HERDED)]) for one in map(streamed, herd)
        ]
        for reader in readers:
            reader.start()
        heard = 0
        while any(reader.is_alive() for reader in readers):
            assert bob.says(quiet, "now").status == 201
            next(hears)
            heard += 1
        # If the herd were served first, it would be done by the second.
        assert heard > 2
