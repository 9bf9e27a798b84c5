"""minichat under a gunicorn of the operator's own: the worker classes that people use, from the first event to SIGTERM.

Each course starts one server, and the tests look at it afterwards. `make slow` adds options, signals and clients.
"""

import json
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import pytest
import websocket

from e2e.crowd import wait_until
from e2e.gunicorns import (
    JSON_LOG,
    Client,
    Gunicorn,
    HalfRequest,
    Person,
    follower,
    long_poll,
    opens_and_leaves,
    own_gunicorn,
    poller,
    stream,
    web_socket,
)
from scale import IS_SLOW, scaled
from servers import BIN, PATIENCE, SECRET, run_program

STOP_SECONDS = scaled(15.0, 5.0)
"""The server ends within this time. It needs 3 s, and half of gunicorn's graceful timeout on a busy machine."""
STREAM_SECONDS = scaled(5.0, 2.0)
"""Its streams end within this time, if their clients read. They need 0.1 s."""


class Kind(NamedTuple):
    """A way to run gunicorn."""

    options: str
    tls: bool = False
    by: signal.Signals = signal.SIGTERM


_THREADS = f"--worker-class gthread --threads {scaled(9, 90)}"
_GEVENT = "--worker-class gevent"
_OWN = "--worker-class minichat.serving.workers.ChatWorker --keep-alive 75"
CARRYING = {"gthread": Kind(_THREADS), "gevent-tls": Kind(_GEVENT, tls=True), "own-tls": Kind(_OWN, tls=True)}
REFUSING = {"sync": Kind("--worker-class sync")}
if IS_SLOW:
    CARRYING |= {
        "gevent": Kind(_GEVENT),
        "gevent-tmp-dir": Kind(f"{_GEVENT} --worker-tmp-dir /dev/shm"),
        "gevent-sigint": Kind(_GEVENT, by=signal.SIGINT),
        "gevent-tls-sigquit": Kind(_GEVENT, tls=True, by=signal.SIGQUIT),
        "own": Kind(_OWN),
        "gthread-tls": Kind(_THREADS, tls=True),
        "gthread-preload": Kind(f"{_THREADS} --preload"),
        "gthread-timeout": Kind(f"{_THREADS} --timeout 5 --worker-tmp-dir /dev/shm"),
        "gthread-sigint": Kind(_THREADS, by=signal.SIGINT),
        "gthread-tls-sigquit": Kind(_THREADS, tls=True, by=signal.SIGQUIT),
    }
    REFUSING |= {
        "sync-tls": Kind("", tls=True),
        "sync-preload": Kind("--preload"),
        "gthread-one-thread": Kind("--worker-class gthread"),
    }


class Course(NamedTuple):
    """What happened on one server until its end."""

    kind: Kind
    streams: list[Client]
    sockets: list[Client]
    answered_poll: Client
    waiting_poll: Client
    half_request: int
    stopped_at: float
    seconds: float
    exit_code: int
    lines: list[str]
    left_files: list[str]


@pytest.fixture(scope="module", params=[*CARRYING.values()], ids=[*CARRYING])
def course(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    kind: Kind = request.param
    options = [*JSON_LOG, *kind.options.split()]
    with own_gunicorn(tmp_path_factory.mktemp("gunicorn"), *options, tls=kind.tls) as server:
        ann = Person(server, "ann")
        guests = [Person(server, f"guest{number}") for number in range(scaled(1, 5))]
        ann.makes_room(guests)
        idle = server.connection()
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(100).startswith(b"HTTP/1.1 200 ")
        if "ChatWorker" in kind.options:
            speak_no_tls(server)
        left = opens_and_leaves(ann)
        assert server.holds_connection(idle.getsockname())
        wait_until(lambda: not server.holds_connection(left), "the end of the connection of a client that has left")
        cursor = ann.cursor()
        streams = [stream(guest) for guest in guests for _ in range(scaled(2, 10))]
        sockets = [web_socket(guest) for guest in guests for _ in range(scaled(1, 2))]
        reads_nothing = ann.opens_socket()
        answered_poll = long_poll(ann, cursor)
        wait_until(lambda: server.requests_in_progress == 1, "the poll")
        ann.says("hello")
        for client in (*streams, *sockets, answered_poll):
            client.wait_for("hello")
        waiting_poll = long_poll(ann, ann.cursor())
        half_request = HalfRequest(ann, "half")
        wait_until(lambda: server.requests_in_progress == 2, "the second poll")
        server.process.send_signal(signal.SIGUSR1)
        stopped_at = time.monotonic()
        server.process.send_signal(kind.by)
        for client in (*streams, *sockets, waiting_poll):
            client.join()
        finished = half_request.finish()
        exit_code = server.process.wait(60)
        yield Course(
            kind=kind,
            streams=streams,
            sockets=sockets,
            answered_poll=answered_poll,
            waiting_poll=waiting_poll,
            half_request=finished,
            stopped_at=stopped_at,
            seconds=time.monotonic() - stopped_at,
            exit_code=exit_code,
            lines=server.lines,
            left_files=server.left_files,
        )
        reads_nothing.shutdown()
        idle.close()


class TestAWorkerThatCarriesStreams:
    def test_every_client_receives_a_message_once(self, course):
        for client in (*course.streams, *course.sockets, course.answered_poll):
            assert client.texts == ["hello"]

    def test_streams_end_at_once(self, course):
        for client in course.streams:
            assert client.ended_at - course.stopped_at < STREAM_SECONDS

    def test_streams_end_cleanly(self, course):
        assert [client.error for client in course.streams] == [None] * len(course.streams)

    def test_sockets_are_closed_with_the_reason(self, course):
        for client in course.sockets:
            assert client.received[-1] == {"type": "close", "code": 1001}
            assert client.ended_at - course.stopped_at < STREAM_SECONDS

    def test_a_waiting_poll_is_answered_at_once(self, course):
        assert course.waiting_poll.received == [{"type": "answer", "status": 200}]
        assert course.waiting_poll.ended_at - course.stopped_at < STREAM_SECONDS

    def test_a_request_in_progress_is_answered_after_sigterm(self, course):
        if course.kind.by == signal.SIGTERM:
            assert course.half_request == 201
        else:
            assert course.half_request in {0, 201}, "gunicorn's quick stop may cut it"

    def test_the_server_ends_soon(self, course):
        assert course.exit_code == 0
        assert course.seconds < STOP_SECONDS

    def test_the_log_is_json_without_errors(self, course):
        assert_is_quiet(course.lines)

    def test_no_temporary_file_is_left(self, course):
        assert course.left_files == []


def speak_no_tls(server: Gunicorn) -> None:
    """Send plain HTTP, whatever the server speaks, and wait until it closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection, suppress(OSError):
        connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        while connection.recv(1_000):
            pass


def assert_is_quiet(lines: list[str]) -> None:
    for line in lines:
        entry = json.loads(line)
        assert entry["level"] == "info", entry
        assert "exception" not in entry, entry


@pytest.fixture(scope="module", params=[*REFUSING.values()], ids=[*REFUSING])
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """A user, with a room, of a server that serves one request at a time."""
    kind: Kind = request.param
    options = [*JSON_LOG, *kind.options.split()]
    with own_gunicorn(tmp_path_factory.mktemp("gunicorn"), *options, tls=kind.tls) as server:
        ann = Person(server, "ann")
        ann.makes_room()
        yield ann


def test_gunicorn_does_not_preload_the_app_for_gevent(tmp_path):
    command = [f"{BIN}/gunicorn", "minichat.app:create_app()", "--worker-class", "gevent", "--preload"]
    ended = run_program(tmp_path, *command, secret_key=SECRET)
    assert ended.returncode == 1
    assert ended.stderr.strip().endswith("Start gunicorn without --preload.")
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "instance").exists()


class TestAWorkerForOneRequestAtATime:
    def test_a_single_request_worker_refuses_a_stream(self, small):
        self._assert_is_refused(small.get("/api/chat/events/"))

    def test_a_single_request_worker_refuses_a_socket(self, small):
        with pytest.raises(websocket.WebSocketBadStatusException) as refusal:
            small.opens_socket()
        assert refusal.value.status_code == 503
        assert json.loads(refusal.value.resp_body or b"")["code"] == "streams_not_served"

    def test_a_single_request_worker_refuses_to_wait_for_an_event(self, small):
        began = time.monotonic()
        self._assert_is_refused(small.get("/api/chat/sync/", after=small.cursor(), timeout=30))
        assert time.monotonic() - began < 5

    def test_a_single_request_worker_answers_a_long_poll_that_has_events(self, small):
        cursor = small.cursor()
        small.says("hello")
        answer = small.get("/api/chat/sync/", after=cursor, timeout=30)
        assert [event["data"]["content"] for event in answer.json()["events"]] == ["hello"]

    def test_a_single_request_worker_answers_a_poll(self, small):
        assert small.get("/api/chat/sync/", after=small.cursor()).json()["events"] == []

    def test_a_single_request_worker_finishes_its_request_and_ends(self, small):
        """The last test of this server."""
        server = small.server
        half_request = HalfRequest(small, "half")
        stopped_at = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert half_request.finish() == 201
        assert server.process.wait(60) == 0
        assert time.monotonic() - stopped_at < STOP_SECONDS
        assert server.left_files == []
        assert not any("exception" in json.loads(line) for line in server.lines)

    @staticmethod
    def _assert_is_refused(answer):
        assert answer.status_code == 503
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Retry-After"] == "5"
        assert answer.json()["code"] == "streams_not_served"


if IS_SLOW:
    _RELOADED = {"gthread": _THREADS, "gevent": _GEVENT, "own": _OWN, "sync": "--workers 2"}

    def _new_workers(server: Gunicorn, before: list[int]) -> None:
        wait_until(lambda: server.workers and not set(before) & set(server.workers), "the end of the old workers")

    def _hang_up(server: Gunicorn) -> None:
        before = server.workers
        server.process.send_signal(signal.SIGHUP)
        _new_workers(server, before)

    def _replace_arbiter(server: Gunicorn) -> None:
        """Start a second arbiter beside the first. Its workers answer, too."""
        before = server.workers
        server.process.send_signal(signal.SIGUSR2)
        wait_until(lambda: set(server.workers) - set(before), "the new arbiter")

    def _nothing(server: Gunicorn) -> None:
        pass

    @pytest.mark.parametrize("options", [*_RELOADED.values()], ids=[*_RELOADED])
    @pytest.mark.parametrize(
        ("more", "act"),
        [
            ("", _hang_up),
            ("", _replace_arbiter),
            ("--max-requests 50 --max-requests-jitter 10", _nothing),
            ("--max-requests 50 --max-requests-jitter 10", _hang_up),
        ],
        ids=["reload", "second arbiter", "max requests", "max requests and reload"],
    )
    def test_no_message_is_lost_while_workers_are_replaced(tmp_path, options, more, act):
        with own_gunicorn(tmp_path, *JSON_LOG, *options.split(), *more.split()) as server:
            ann = Person(server, "ann")
            ann.makes_room()
            stop, start = threading.Event(), ann.cursor()
            client = (poller if "--workers" in options else follower)(ann, start, stop)
            for number in range(60):
                ann.says(f"{number}")
            act(server)
            for number in range(60, 120):
                ann.says(f"{number}")
            sent = [f"{number}" for number in range(120)]
            stop.set()
            assert server.stop() == 0
            client.join()
            missed = sent[len(client.texts) :]
            assert client.texts + missed == sent, "in order, and none twice"
            assert len(missed) < 60, "the others were live"
            assert_is_quiet(server.lines)

    @pytest.mark.parametrize("options", [_THREADS, _GEVENT, _OWN], ids=["gthread", "gevent", "own"])
    def test_streams_end_when_the_arbiter_is_killed(tmp_path, options):
        with own_gunicorn(tmp_path, *JSON_LOG, *options.split()) as server:
            ann = Person(server, "ann")
            ann.makes_room()
            client, began = stream(ann), time.monotonic()
            ends = [os.pidfd_open(worker) for worker in server.workers]
            server.process.kill()
            client.join()
            assert client.ended_at - began < STOP_SECONDS
            assert select.select(ends, [], [], STOP_SECONDS)[0] == ends, "the worker ends, too"
            for end in ends:
                os.close(end)
