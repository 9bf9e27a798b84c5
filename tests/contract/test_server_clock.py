"""The clock of the database server: hosts whose own clocks differ or are set agree on the time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from builders import PASSWORD, Chat, Person
from contract.backends import on_postgres
from e2e.crowd import wait_until
from minichat.adapters.memory import MemoryClock
from minichat.adapters.peewee import open_database, server_clock
from minichat.adapters.peewee.engine.server_clock import (
    ASK_INTERVAL,
    MAX_JITTER,
    MAX_ROUND_TRIP,
    RETRY_INTERVAL,
    ServerClock,
)
from minichat.domain.errors import InvalidTicket, Unavailable
from minichat.domain.model import HOUR, MINUTE, SECOND, Timestamp
from minichat.domain.ports import Clock
from postgres import migrated

LOCAL = 5_000_000
"""The time of the host."""


class Server:
    """A server whose clock the test sets. It can fail."""

    def __init__(self) -> None:
        self.now, self.questions, self.fails = 9_000_000, 0, False
        self.on_answer: Callable[[], object] = lambda: None
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self) -> Timestamp:
        self.questions += 1
        assert self.may_answer.wait(30)
        if self.fails:
            raise Unavailable("away")
        answer = self.now
        self.on_answer()
        return answer


class Host:
    """A host with a local and a steady clock that the test moves."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.local, self.steady = MemoryClock(LOCAL), MemoryClock(70_000)
        self.clock = ServerClock(server, self.local, self.steady)

    def passes(self, milliseconds: int) -> None:
        """Let time pass everywhere."""
        for clock in (self.local, self.steady, self.server):
            clock.now += milliseconds

    def asks_after(self, milliseconds: int) -> Timestamp:
        """Let time pass, and return the time after the server's next answer."""
        before = self.server.questions
        self.passes(milliseconds)
        self.clock()
        wait_until(lambda: self.server.questions > before, "a question")
        wait_until(lambda: not any(one.name == "minichat-clock" for one in threading.enumerate()), "the answer")
        return self.clock()


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def host(server: Server) -> Host:
    return Host(server)


def test_the_server_says_the_time(host: Host) -> None:
    assert host.clock() == 9_000_000
    host.passes(1_234)
    assert host.clock() == 9_001_234
    assert host.server.questions == 1


def test_setting_the_clock_of_the_host_changes_nothing(host: Host) -> None:
    assert host.clock() == 9_000_000
    for hours in (2, -5, 1000):
        host.local.advance(hours * 3_600)
        host.passes(SECOND)
    assert host.clock() == 9_003_000


def test_a_change_of_the_servers_clock_is_followed(host: Host) -> None:
    host.clock()
    host.server.now -= 2 * HOUR
    assert host.asks_after(ASK_INTERVAL) == 9_000_000 + ASK_INTERVAL - 2 * HOUR


@pytest.mark.parametrize(("jitter", "expected"), [(MAX_JITTER, 0), (-MAX_JITTER, 0), (MAX_JITTER + 1, MAX_JITTER + 1)])
def test_a_small_difference_between_answers_is_ignored(host: Host, jitter: int, expected: int) -> None:
    host.clock()
    host.server.now += jitter
    assert host.asks_after(ASK_INTERVAL) == 9_000_000 + ASK_INTERVAL + expected


def test_an_answer_after_a_long_round_trip_is_ignored(host: Host) -> None:
    host.clock()
    host.server.on_answer = lambda: host.passes(MAX_ROUND_TRIP + 1)
    expected = 9_000_000 + ASK_INTERVAL + MAX_ROUND_TRIP + 1
    assert host.asks_after(ASK_INTERVAL) == expected
    host.server.on_answer = lambda: None
    assert host.asks_after(RETRY_INTERVAL) == expected + RETRY_INTERVAL


def test_time_goes_on_while_the_server_is_away(host: Host) -> None:
    host.clock()
    host.server.fails = True
    assert host.asks_after(ASK_INTERVAL) == 9_000_000 + ASK_INTERVAL
    host.server.fails, host.server.now = False, 1_000_000
    assert host.asks_after(RETRY_INTERVAL) == 1_000_000 + RETRY_INTERVAL


def test_the_host_says_the_time_until_the_server_does(host: Host) -> None:
    host.server.fails = True
    assert host.clock() == LOCAL
    host.server.fails = False
    assert host.asks_after(RETRY_INTERVAL) == host.server.now


def test_a_server_that_hangs_delays_one_call(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minichat.adapters.peewee.engine.server_clock.FIRST_ANSWER_SECONDS", 0.01)
    host.server.may_answer.clear()
    assert host.clock() == LOCAL
    monkeypatch.setattr("minichat.adapters.peewee.engine.server_clock.FIRST_ANSWER_SECONDS", 30.0)
    assert host.clock() == LOCAL
    host.server.may_answer.set()


def test_sqlite_has_the_clock_of_its_host(tmp_path: Path) -> None:
    assert server_clock(open_database(f"sqlite:///{tmp_path}/chat.sqlite3"), lambda: LOCAL)() == LOCAL


@pytest.fixture
def make_host(tmp_path: Path) -> Iterator[Callable[[int], Chat]]:
    """Make a host of one chat on PostgreSQL, whose clock is off by so many milliseconds."""
    url, opened = migrated(), ExitStack()

    def make(off: int) -> Chat:
        database = open_database(url)
        opened.callback(database.close_connections)
        clock: Clock = server_clock(database, lambda: time.time_ns() // 1_000_000 + off)
        return Chat(on_postgres(database, tmp_path)._replace(clock=clock), clock)  # type: ignore[arg-type]  # not moved

    with opened:
        yield make


def test_hosts_whose_clocks_are_minutes_apart_serve_one_client(make_host: Callable[[int], Chat]) -> None:
    fast, slow = make_host(5 * MINUTE), make_host(-7 * MINUTE)
    assert abs(fast.clock() - slow.clock()) < SECOND
    ann = fast.person("ann")
    elsewhere = Person(slow, ann.user, ann.grant)
    for here, there in ((ann, elsewhere), (elsewhere, ann)):
        successor = here.refreshes()
        assert there.refreshes().jti == successor.jti  # the answer was lost, and the client asks another host
        ann.grant = elsewhere.grant = successor
        ticket = here.chat.services.tickets.issue(here.caller, here.chat.clock() + HOUR)
        assert there.chat.services.tickets.redeem(ticket)[0].user.id == ann.id
        with pytest.raises(InvalidTicket):
            there.chat.services.tickets.redeem(ticket)
        assert set(there.chat.services.presence.online()) == {ann.id}
        assert not there.chat.services.sessions.is_stale(there.caller)
    assert elsewhere.logs_in(PASSWORD).caller.user.id == ann.id
