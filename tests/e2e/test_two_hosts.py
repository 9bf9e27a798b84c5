"""Two hosts with one PostgreSQL and one Redis: each sends the other's events at once, and later while Redis is down.

The hosts are two servers on this machine, of which each keeps to itself what the workers of a host share. All tests
share them; the last ones break their Redis and repair it.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPResponse
from statistics import median
from typing import Any, NamedTuple

import psycopg
import pytest

from e2e.crowd import PASSWORD, Person, call, register, wait_until
from e2e.streams import Event, opened, streamed
from minichat.app import STREAMS_PER_USER
from minichat.live.hub import POLL_WITH_HINTS_SECONDS
from postgres import migrated
from servers import SECRET, RunningRedis, RunningServer, running_redis, serving

EVENTS = "/api/chat/events/"


class Hosts(NamedTuple):
    here: RunningServer
    there: RunningServer
    redis: RunningRedis
    database: str


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Two servers with two workers each."""
    folder = tmp_path_factory.mktemp("hosts")
    database = migrated()
    settings: dict[str, Any] = {
        "database_url": database,
        "allowed_hosts": "127.0.0.1",
        "secret_key": SECRET,
        "rate_limits": "off",
    }
    with ExitStack() as stack:
        redis = stack.enter_context(running_redis(folder))
        servers = []
        for name in ("here", "there"):
            own = folder / name
            own.mkdir()
            servers.append(stack.enter_context(serving(own, "--workers", "2", redis_url=redis.url, **settings)))
        yield Hosts(servers[0], servers[1], redis, database)


@pytest.fixture
def server(hosts):
    """The server at which people register."""
    return hosts.here


def at(server: RunningServer, person: Person) -> Person:
    """The same person, as a client of that server."""
    user = {"id": person.id, "username": person.username}
    return Person(server, user, {"access": person.token, "refresh": person.refresh})


class Ear:
    """An open stream."""

    def __init__(self, person: Person) -> None:
        self.response: HTTPResponse = opened(person, EVENTS)
        self.status = self.response.status
        self._events = streamed(self.response)

    def next(self) -> Event:
        """The next event."""
        return next(self._events)

    def hears(self, kind: str) -> Event:
        """The next event of that type."""
        return next(event for event in iter(self.next, None) if event["type"] == kind)

    def close(self) -> None:
        self.response.close()


@contextmanager
def listening(*people: Person, room: int, tells: Person) -> Iterator[list[Ear]]:
    """Open streams of these people, and wait until each has received an event."""
    with ExitStack() as stack:
        ears = [stack.enter_context(closing(Ear(person))) for person in people]
        tells.says(room, "when this has come, you listen")
        for ear in ears:
            ear.hears("message.created")
        yield ears


def typing(person: Person, room: int) -> None:
    assert person.call("POST", f"/api/chat/rooms/{room}/typing/").status == 204


def lags(ann: Person, room: int, ears: list[Ear], count: int) -> list[float]:
    """Return the times until all streams have received a message, in seconds."""
    found = []
    for number in range(count):
        began = time.monotonic()
        ann.says(room, f"{number}")
        for ear in ears:
            assert ear.hears("message.created")["data"]["content"] == f"{number}"
        found.append(time.monotonic() - began)
    return found


def readiness(server: RunningServer) -> set[str]:
    """Return the workers' states of Redis."""
    answers = [call(server, "GET", "/readyz") for _ in range(16)]
    assert {answer.status for answer in answers} == {200}
    return {answer.json["redis"] for answer in answers}


def gauge(server: RunningServer, name: str) -> float:
    lines = call(server, "GET", "/metrics").body.decode().splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).rpartition(" ")[2])


def test_a_message_at_one_host_reaches_the_other_without_waiting_for_a_poll(hosts, people):
    ann, bob = people
    room = ann.makes_room(bob)
    with listening(*[at(hosts.there, bob)] * 6, room=room, tells=ann) as ears:
        # Without hints the median would be half the poll interval, and nearly all of it for the slower worker.
        assert median(lags(ann, room, ears, 25)) < POLL_WITH_HINTS_SECONDS / 4


def test_a_typing_event_at_one_host_reaches_the_other_once(hosts, people):
    ann, bob = people
    room = ann.makes_room(bob)
    with listening(bob, *[at(hosts.there, bob)] * 4, room=room, tells=ann) as ears:
        typing(ann, room)
        typing(at(hosts.there, ann), room)  # within the pause
        for ear in ears:
            assert ear.hears("typing")["data"] == {"room": room, "user": ann.id}
        typing(bob, room)  # the typist gets no event
        assert at(hosts.there, ann).says(room, "that was it").status == 201
        for ear in ears:
            assert ear.next()["type"] == "message.created"


def test_a_presence_event_reaches_the_other_host_within_seconds(hosts, people):
    _, bob = people
    ann, carl, dora = register(hosts.here, "present-ann", "present-carl", "present-dora")
    room = bob.makes_room(ann, carl, dora)
    with psycopg.connect(hosts.database) as connection:
        connection.execute("UPDATE \"user\" SET last_seen_at = 1 WHERE username LIKE 'present-%'")
    with listening(at(hosts.there, bob), room=room, tells=bob) as (ear,):
        for person, path, body, token in (
            (ann, "/api/auth/me/", None, ann.token),
            (carl, "/api/auth/login/", {"username": carl.username, "password": PASSWORD}, None),
            (dora, "/api/auth/token/refresh/", {"refresh": dora.refresh}, None),
        ):
            began = time.monotonic()
            assert call(hosts.here, "GET" if body is None else "POST", path, body, token).status == 200
            event = ear.hears("presence")
            assert time.monotonic() - began < 5
            assert (event["data"]["user"], event["data"]["is_online"]) == (person.id, True)


def test_the_stream_limit_of_a_user_counts_both_hosts(hosts, people):
    ann, _ = people
    places = [ann, at(hosts.there, ann)]
    with ExitStack() as stack:
        ears = [stack.enter_context(closing(Ear(places[number % 2]))) for number in range(STREAMS_PER_USER)]
        assert {ear.status for ear in ears} == {200}
        assert [asking(place) for place in places] == [429, 429]
        ears[0].close()
        wait_until(lambda: stack.enter_context(closing(Ear(places[1]))).status == 200, "being free")
        assert asking(ann) == 429


def asking(person: Person) -> int:
    """Return the status of a request for a stream."""
    with closing(Ear(person)) as ear:
        return ear.status


def test_the_metrics_report_redis_and_the_delay_of_live_updates(hosts, people):
    ann, bob = people
    room = ann.makes_room(bob)
    with listening(at(hosts.there, bob), room=room, tells=ann):
        pass
    assert gauge(hosts.here, "minichat_redis_up") == 1
    assert gauge(hosts.here, 'minichat_redis_hints_total{direction="sent",topic="changes"}') > 0
    assert gauge(hosts.there, 'minichat_redis_hints_total{direction="received",topic="changes"}') > 0
    assert gauge(hosts.there, "minichat_live_lag_seconds_count") > 0


@pytest.mark.parametrize("fault", ["kill", "hang"])
def test_live_updates_survive_an_outage_of_redis_and_recover(hosts, people, fault):
    here, there, redis, _ = hosts
    ann, bob = people
    reported_before = [server.said.count("Redis does not answer") for server in (here, there)]
    room, other = ann.makes_room(bob), ann.makes_room(bob)
    with listening(*[bob] * 4, *[at(there, bob)] * 4, room=room, tells=ann) as ears:
        getattr(redis, fault)()
        assert max(lags(ann, room, ears, 20)) < 2
        # Now the outage is known: no request waits for Redis, and events come by the short poll.
        wait_until(lambda: readiness(here) == readiness(there) == {"away"}, "noticing")
        assert median(lags(ann, room, ears, 25)) < POLL_WITH_HINTS_SECONDS / 2
        assert gauge(here, "minichat_redis_up") == gauge(there, "minichat_redis_up") == 0
        began = time.monotonic()
        typing(ann, room)
        for ear in ears[:4]:
            assert ear.hears("typing")["data"]["user"] == ann.id
        ann.get(f"/api/chat/rooms/{room}/history/")
        with closing(Ear(at(there, ann))) as another:
            assert another.status == 200
        assert time.monotonic() - began < 2

        redis.go_on()
        wait_until(lambda: readiness(here) == readiness(there) == {"ok"}, "coming back")
        wait_until(lambda: gauge(here, "minichat_redis_up") == gauge(there, "minichat_redis_up") == 1, "saying so")
        typing(ann, other)
        for ear in ears:
            assert ear.hears("typing")["data"] == {"room": other, "user": ann.id}
        assert median(lags(ann, room, ears, 25)) < POLL_WITH_HINTS_SECONDS / 4
    for server, before in zip((here, there), reported_before, strict=True):
        assert "Traceback" not in server.said
        assert 1 <= server.said.count("Redis does not answer") - before <= 2, "once a worker"
