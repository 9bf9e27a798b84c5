"""`minichat serve` as an operator uses it: a real process, real sockets, real signals."""

import http.client
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from commands import run_minichat
from e2e.crowd import register, wait_until
from e2e.streams import opened
from servers import BIN, PATIENCE, SECRET, resident_mib, run, serving

REGISTRATION = {"username": "ann", "password": "correct horse battery"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("serving"), "--workers", "2") as server:
        yield server


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory):
    """A server in an empty folder, with another folder for pictures and an unknown setting."""
    settings: dict[str, Any] = {"media_dir": "far/media", "acess_ttl": "60"}
    with serving(tmp_path_factory.mktemp("newcomer"), "--workers", "1", makes_database=True, **settings) as server:
        yield server


@pytest.fixture(scope="module")
def talkative(tmp_path_factory):
    """A server with the most detailed log, whose clients use HTTPS."""
    folder = tmp_path_factory.mktemp("talkative")
    settings: dict[str, Any] = {"log_level": "debug", "secret_key": SECRET, "public_url": "https://chat.example.org"}
    with serving(folder, **settings) as server:
        yield server


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def sentences(result):
    """The message of a failed command, which must not be a traceback."""
    assert "Traceback" not in result.stderr
    return result.stderr.splitlines()


def test_a_fresh_folder_serves_at_once_and_answers_within_seconds(tmp_path):
    # The best of three, because other tests may slow one of them down.
    times = []
    for attempt in range(3):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        started = time.monotonic()
        with serving(folder, makes_database=True) as server:
            times.append(time.monotonic() - started)
            assert server.call("POST", "/api/auth/register/", REGISTRATION).status == 201
        if times[-1] < 5:
            break
    assert min(times) < 5


def test_the_server_prints_the_addresses_of_api_documentation_and_administration(server):
    deadline = time.monotonic() + 5
    while "serves" not in server.said and time.monotonic() < deadline:
        time.sleep(0.05)
    assert f"the chat on http://127.0.0.1:{server.port}/, " in server.said
    assert f"http://127.0.0.1:{server.port}/api/ and" in server.said
    assert f"http://127.0.0.1:{server.port}/admin/\n" in server.said
    assert server.call("GET", "/api/").status == 200
    assert server.call("GET", "/admin/").status == 200


def test_an_idle_worker_needs_little_memory(server):
    assert len(server.workers) == 2
    assert all(resident_mib(pid) < 90 for pid in server.workers)


def test_only_the_owner_can_read_the_secret_and_the_database(newcomer):
    instance = newcomer.log.parent / "instance"
    assert instance.stat().st_mode & 0o777 == 0o700
    assert (instance / "secret_key").stat().st_mode & 0o777 == 0o600
    assert not list(instance.glob(".secret_key*"))


def test_the_parent_and_the_command_line_import_neither_flask_nor_peewee():
    lines = [
        "import sys, minichat.cli",
        "early = {'environs', 'gunicorn', 'gevent', 'flask', 'peewee'} & set(sys.modules)",
        "import minichat.serving",
        "late = {'flask', 'peewee', 'cysqlite'} & set(sys.modules)",
        "print(sorted(early), sorted(late))",
    ]
    command = [sys.executable, "-c", "\n".join(lines)]
    assert subprocess.check_output(command, text=True).strip() == "[] []"


def test_a_taken_address_is_reported_in_one_sentence(tmp_path, taken_port):
    result = run(tmp_path, "serve", "--bind", f"127.0.0.1:{taken_port}")  # the program itself, as its user does
    assert result.returncode == 1
    assert sentences(result) == [f"Can't listen on 127.0.0.1:{taken_port}: Address already in use."]


@pytest.mark.parametrize("bind", ["127.0.0.1:99999", "no-such-host.invalid:80", "127.0.0.1:http"])
def test_an_invalid_address_is_reported_in_one_sentence(tmp_path, bind):
    result = run_minichat(tmp_path, "serve", "--bind", bind)
    assert result.returncode == 1
    assert len(sentences(result)) == 1


def test_a_database_that_cannot_be_opened_is_reported_in_one_sentence(tmp_path):
    (tmp_path / "chat.sqlite3").write_bytes(b"this is not a database" * 100)
    result = run_minichat(tmp_path, "serve", "--bind", "127.0.0.1:0", database_url="sqlite:///chat.sqlite3")
    assert result.returncode == 1
    [sentence] = sentences(result)
    assert sentence.startswith(f"The database {tmp_path}/chat.sqlite3 can't be used: ")


def test_the_start_makes_a_private_folder_for_pictures(newcomer):
    assert (newcomer.log.parent / "far/media").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("place", ["file", "file/media", "/proc/media"])
def test_an_unusable_folder_for_pictures_stops_the_start_in_one_sentence(tmp_path, place):
    (tmp_path / "file").write_text("in the way")
    result = run_minichat(tmp_path, "serve", "--bind", "127.0.0.1:0", media_dir=place)
    assert result.returncode == 1
    [sentence] = sentences(result)
    assert sentence.startswith(f"MINICHAT_MEDIA_DIR: pictures can't be stored in {tmp_path / place}: ")


def test_wrong_settings_stop_the_start_and_are_all_reported(tmp_path):
    result = run_minichat(tmp_path, "serve", access_ttl="soon", secret_key="short", log_level="loud")
    assert result.returncode == 2
    assert [line.split()[0] for line in sentences(result)] == [
        "MINICHAT_SECRET_KEY",
        "MINICHAT_ACCESS_TTL",
        "MINICHAT_LOG_LEVEL",
    ]


def test_an_unknown_setting_is_reported_and_does_not_stop_the_start(newcomer):
    assert "MINICHAT_ACESS_TTL is not a setting of minichat and has no effect." in newcomer.said


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/9.9\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nBad Header: 1\r\n\r\n", 400, "bad_request"),
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "request_uri_too_long"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 9_000 + b"\r\n\r\n", 431, "request_header_fields_too_large"),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\n" + (b"Accept-Language: " + b"a," * 4_000 + b"\r\n") * 12 + b"\r\n",
            *(431, "request_header_fields_too_large"),
        ),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: br\r\n\r\n", 501, "not_implemented"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", 417, "expectation_failed"),
    ],
)
def test_malformed_http_is_answered_with_a_problem(server, raw, status, code):
    answer = server.send(raw)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert problem["detail"].endswith(".")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /healthz HTTP/1.1\r\nHost: chat_api:8000", 200),
        ("GET /healthz HTTP/1.1\r\nHost: [::1]", 200),
        ("GET http://chat.example.org/healthz HTTP/1.1\r\nHost: a b", 200),
        ("GET /healthz HTTP/1.0", 200),
        ("GET /healthz HTTP/1.0\r\nHost:", 200),
        ("GET /healthz HTTP/1.1", 400),
        ("GET /healthz HTTP/1.1\r\nHost:", 400),
        ("GET /healthz HTTP/1.1\r\nHost: a b", 400),
        ("GET /healthz HTTP/1.1\r\nHost: user@a", 400),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b", 400),
        ("GET http://user@a/healthz HTTP/1.1\r\nHost: a", 400),
    ],
)
def test_a_request_names_one_host(server, head, status):
    answer = server.send(f"{head}\r\nConnection: close\r\n\r\n".encode())
    assert answer.status == status
    assert answer.headers["Content-Type"] == ("application/json" if status == 200 else "application/problem+json")


@pytest.mark.parametrize(("used", "has_hsts"), [("talkative", True), ("server", False)])
def test_the_answer_to_malformed_http_has_the_security_headers(request, used, has_hsts):
    server = request.getfixturevalue(used)
    names = {"X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Content-Security-Policy", "Cache-Control"}
    names |= {"Strict-Transport-Security", "Cross-Origin-Resource-Policy", "Vary"}
    usual = server.call("GET", "/healthz").headers
    unusual = server.send(b"GET / HTTP/9.9\r\n\r\n").headers
    assert {name: usual[name] for name in names} == {name: unusual.get(name) for name in names}
    assert ("Strict-Transport-Security" in unusual) == has_hsts


def test_a_url_that_is_far_too_long_is_answered(server):
    assert server.send(b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n").status == 414


def test_the_log_repeats_nothing_of_a_refused_request(talkative):
    talkative.send(b"GET / HTTP/1.1\r\nHost: a\r\nBad Header: Bearer sesame-open\r\n\r\n")
    assert "InvalidHeaderName" in talkative.said
    assert "sesame-open" not in talkative.said


def test_the_server_stops_cleanly_while_its_workers_start(tmp_path):
    with serving(tmp_path, "--workers", "3") as server:  # the first of them answers
        assert server.stop() == 0, server.said
    assert "Traceback" not in server.said


def test_the_server_stops_soon_while_connections_are_open(tmp_path):
    with serving(tmp_path, "--workers", "1") as server, server.connection() as idle, server.connection() as silent:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        first = idle.recv(65_536)
        assert first.startswith(b"HTTP/1.1 200")
        time.sleep(1.1)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 5
        rest = b"".join(iter(lambda: idle.recv(65_536), b""))
        assert b"HTTP/1.1" not in rest
        assert silent.recv(1) == b""


HANDSHAKE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: bWluaWNoYXQgbWluaWNoYQ==\r\n"
)


class Asking:
    """A kind of request: its path, additional header fields, and the start and the end of the answer."""

    def __init__(self, path, begins, ends, fields=""):
        self.path, self.begins, self.ends, self.fields = path, begins, ends, fields


WAYS = (
    Asking("/healthz", b"HTTP/1.1 200", b'{"status":"ok"}'),
    Asking("/api/chat/sync/?after={place}&timeout=20", b"HTTP/1.1 200", b'"has_more":false}'),
    Asking("/api/chat/events/?after={place}", b"HTTP/1.1 200", b"\r\n0\r\n\r\n"),
    Asking("/ws/chat/{room}/", b"HTTP/1.1 101", b"\x03\xe9stopping", HANDSHAKE),
)


def test_a_stopping_server_answers_the_requests_that_have_reached_it(tmp_path):
    # Both workers are suspended and resumed together, so that requests and the signal arrive at the same time. Some
    # requests are on connections that were idle, as a proxy keeps them, others on new connections that no worker has
    # accepted yet.
    with ExitStack() as stack:
        server = stack.enter_context(serving(tmp_path, "--workers", "2"))
        workers = both_workers(server)
        sends = []
        for number, way in enumerate(WAYS):
            [person] = register(server, f"asking{number}")
            room, place = person.makes_room(), person.get("/api/chat/sync/")["cursor"]
            path = way.path.format(room=room, place=place)
            head = f"GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {person.token}\r\n"
            sends += [(way, f"{head}{way.fields}\r\n".encode())] * 5
        idle = [stack.enter_context(server.connection()) for _ in sends]
        for client in idle:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            received = client.recv(65_536)
            while not received.endswith(b'{"status":"ok"}'):
                received += client.recv(65_536)
        time.sleep(1.1)  # after a second the connection counts as idle
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
        wait_until(lambda: all("T (stopped)" in status(worker) for worker in workers), "the workers' hanging")
        clients = [*idle, *(stack.enter_context(server.connection()) for _ in sends)]
        for client, (_, request) in zip(clients, sends * 2, strict=True):
            client.sendall(request)
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: all(map(is_told_to_stop, workers)), "the end")
        time.sleep(1.1)  # the periodic tasks of the workers are due
        for worker in workers:
            os.kill(worker, signal.SIGCONT)
        answers = [b"".join(iter(partial(client.recv, 65_536), b"")) for client in clients]
        for answer, (way, _) in zip(answers, sends * 2, strict=True):
            assert answer.startswith(way.begins), (way.path, answer)
            assert answer.endswith(way.ends), (way.path, answer)
            assert way.fields or b"Connection: close" in answer, (way.path, answer)
        assert server.process.wait(PATIENCE) == 0
    assert "Traceback" not in server.said


def both_workers(server):
    """The processes of the two workers, when both of them answer."""
    wait_until(lambda: len(server.workers) == 2, "the second worker")
    workers = server.workers
    for _, other in (workers, reversed(workers)):
        os.kill(other, signal.SIGSTOP)
        server.wait_until_it_answers()
        os.kill(other, signal.SIGCONT)
    return workers


def status(pid):
    return Path(f"/proc/{pid}/status").read_text()


def is_told_to_stop(pid):
    """Whether a SIGTERM waits for the process."""
    pending = re.search(r"^ShdPnd:\t(\w+)$", status(pid), re.MULTILINE)
    assert pending
    return bool(int(pending[1], 16) & 1 << (signal.SIGTERM - 1))


def test_a_signal_right_after_the_fork_stops_a_worker(newcomer):
    [first] = newcomer.workers
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: set(newcomer.workers) - {first}, "another worker")
    [second] = set(newcomer.workers) - {first}
    os.kill(second, signal.SIGTERM)
    wait_until(lambda: second not in newcomer.workers, "its end")
    newcomer.wait_until_it_answers()


def test_ctrl_c_stops_a_server_with_streams_without_output(tmp_path):
    with serving(tmp_path, "--workers", "2") as server, ExitStack() as stack:
        [ann] = register(server, "ann")
        for _ in range(4):
            stack.enter_context(closing(opened(ann, "/api/chat/events/")))
        both_workers(server)
        said = server.said
        os.killpg(server.process.pid, signal.SIGINT)  # as a terminal does
        assert server.process.wait(PATIENCE) == 0
        assert server.said.removeprefix(said) == ""


@contextmanager
def serving_at_a_terminal(folder, before=""):
    """Run a server that has a terminal; yield both. `before` is a shell command that precedes it."""
    ours, its = pty.openpty()
    program = folder / "minichat"
    # The first process of a session that opens a terminal gets it as its controlling terminal.
    program.write_text(f'#!/bin/sh\n{before}\nexec "{BIN}/minichat" "$@" <{os.ttyname(its)}\n')
    program.chmod(0o700)
    try:
        with serving(folder, program=str(program)) as server:
            os.close(its)
            yield server, ours
    finally:
        os.close(ours)


def reload_at_a_hangup(server, hang_up):
    [old] = server.workers
    hang_up()
    wait_until(lambda: len(server.workers) == 1 and server.workers != [old], "a new worker")
    assert server.call("GET", "/healthz").status == 200


def test_a_server_ends_with_its_terminal_and_reloads_while_it_has_one(tmp_path):
    with serving_at_a_terminal(tmp_path) as (server, terminal):
        reload_at_a_hangup(server, lambda: server.process.send_signal(signal.SIGHUP))
        os.dup2(os.open(os.devnull, os.O_RDONLY), terminal)  # closes the terminal
        assert server.process.wait(PATIENCE) == 0


def test_a_server_under_nohup_survives_its_terminal(tmp_path):
    with serving_at_a_terminal(tmp_path, before="trap '' HUP") as (server, terminal):
        reload_at_a_hangup(server, lambda: os.dup2(os.open(os.devnull, os.O_RDONLY), terminal))


def test_a_killed_worker_is_replaced_and_all_sessions_continue(newcomer):
    token = newcomer.call("POST", "/api/auth/register/", REGISTRATION).json["tokens"]["access"]
    [worker] = newcomer.workers
    os.kill(worker, signal.SIGKILL)
    newcomer.wait_until_it_answers()
    assert newcomer.call("GET", "/api/auth/me/", token=token).status == 200
    assert worker not in newcomer.workers


def test_a_stopping_server_refuses_no_stream(tmp_path):
    with serving(tmp_path, "--workers", "2") as server:
        token = server.call("POST", "/api/auth/register/", REGISTRATION).json["tokens"]["access"]
        place = server.call("GET", "/api/chat/sync/", token=token).json["cursor"]
        server.process.send_signal(signal.SIGTERM)
        statuses = []
        while server.process.poll() is None:
            with suppress(OSError, http.client.HTTPException):
                statuses.append(server.call("GET", f"/api/chat/sync/?after={place}&timeout=1", token=token).status)
        assert set(statuses) <= {200}
        assert len(statuses) <= 20, "a client that reconnects reaches another worker"


SUSPENDING_NEW_WORKERS = """
import os
import signal

def suspend():
    starts_worker = signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, [])  # other children block no signal
    if starts_worker and os.path.exists("suspends"):
        os.kill(os.getpid(), signal.SIGSTOP)

os.register_at_fork(after_in_child=suspend)
"""


@contextmanager
def replacing(tmp_path):
    """A server that replaces its workers. Yield it, its old workers, and the suspended successor of the first."""
    (tmp_path / "sitecustomize.py").write_text(SUSPENDING_NEW_WORKERS)
    variables = {"PYTHONPATH": str(tmp_path)}
    with serving(tmp_path, "--workers", "2", slow_passwords=True, variables=variables) as server:
        old = set(both_workers(server))
        (tmp_path / "suspends").touch()
        server.process.send_signal(signal.SIGHUP)

        def suspended():
            with suppress(OSError):  # a child has ended
                return [worker for worker in server.workers if "T (stopped)" in status(worker)]

        wait_until(suspended, "a new worker")
        [new] = suspended()
        (tmp_path / "suspends").unlink()
        yield server, old, new


def test_each_old_worker_serves_after_a_hangup_until_its_successor_is_ready(tmp_path):
    with replacing(tmp_path) as (server, old, new):
        for _ in range(20):
            assert server.call("GET", "/healthz").status == 200
        assert set(server.workers) == {*old, new}
        os.kill(new, signal.SIGCONT)
        wait_until(lambda: not old & set(server.workers) and len(server.workers) == 2, "the end of the old ones")
        assert new in server.workers
        assert server.call("GET", "/healthz").status == 200


def test_a_server_begins_to_stop_at_once_although_a_new_worker_hangs(tmp_path):
    with replacing(tmp_path) as (server, old, new):
        server.process.send_signal(signal.SIGTERM)
        # It would wait 10 seconds for the new one.
        wait_until(lambda: not old & set(server.workers), "the end of the old ones", patience=5)
        os.kill(new, signal.SIGCONT)
        assert server.process.wait(PATIENCE) == 0


def test_a_hangup_loads_new_settings_and_ignores_wrong_ones(tmp_path):
    env_file = tmp_path / ".env"

    def allowed_origin(server):
        origin = "https://chat.example.org"
        with server.connection() as client:
            client.sendall(
                f"GET /healthz HTTP/1.1\r\nHost: a\r\nOrigin: {origin}\r\nConnection: close\r\n\r\n".encode()
            )
            return f"Access-Control-Allow-Origin: {origin}".encode() in client.recv(65_536)

    def hang_up(server):
        before = server.workers
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 15
        while set(before) & set(server.workers) or len(server.workers) != 1:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        server.wait_until_it_answers()

    with serving(tmp_path, "--workers", "1") as server:
        assert not allowed_origin(server)
        env_file.write_text("MINICHAT_CORS_ORIGINS=https://chat.example.org\n")
        hang_up(server)
        assert allowed_origin(server)
        env_file.write_text("MINICHAT_CORS_ORIGINS=*\n")
        hang_up(server)
        assert allowed_origin(server)
        assert "MINICHAT_CORS_ORIGINS must list origins" in server.said


def test_the_server_never_prints_its_secret(talkative):
    assert talkative.call("POST", "/api/auth/register/", REGISTRATION).status == 201
    assert talkative.stop() == 0
    assert SECRET not in talkative.said
    assert REGISTRATION["password"] not in talkative.said


@pytest.mark.parametrize("chunks", [b"zz\r\n", b"2\r\n{}XX0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n"])
def test_malformed_chunks_are_a_malformed_body(server, chunks):
    head = (
        b"POST /api/auth/login/ HTTP/1.1\r\nHost: chat\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    answer = server.send(head + chunks)
    assert (answer.status, answer.json["code"]) == (400, "malformed_json")


def test_proxy_headers_from_a_client_have_no_effect_without_a_proxy(server):
    token = server.call("POST", "/api/auth/register/", {**REGISTRATION, "username": "paula"}).json["tokens"]["access"]
    usual = server.call("GET", "/api/auth/me/", token=token)
    claims = {"X-Forwarded-Proto": "https", "X-Forwarded-Protocol": "ssl", "X-Forwarded-Ssl": "on"}
    claims |= {"SCRIPT_NAME": "/elsewhere", "PATH_INFO": "/elsewhere", "X-Forwarded-Prefix": "/elsewhere"}
    for name, value in claims.items():
        answer = requests.get(
            f"http://127.0.0.1:{server.port}/api/auth/me/",
            headers={"Authorization": f"Bearer {token}", name: value},
            timeout=PATIENCE,
        )
        assert (answer.status_code, answer.json()["avatar"]) == (200, usual.json["avatar"]), name
    assert usual.json["avatar"].startswith(f"http://127.0.0.1:{server.port}/avatars/")
