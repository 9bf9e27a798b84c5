"""The operator's view of a running server: metrics of all workers, and the log."""

import json
import os
import re
import signal
import subprocess
import time
from contextlib import contextmanager
from fcntl import F_SETPIPE_SZ, fcntl
from pathlib import Path
from typing import Any

import pytest

from commands import run_minichat
from servers import BIN, SECRET, RunningServer, child, environment, free_port, serving

PASSWORD = "sesame-open-wide"
REGISTRATION = {"username": "ann", "password": PASSWORD}
ANNOUNCED = ("Applied the migration ", "minichat serves ")
ME = 'minichat_http_requests_total{method="GET",route="/api/auth/me/",status="200"}'


def metrics(server):
    """Return the samples by name with labels."""
    answer = server.call("GET", "/metrics")
    assert answer.status == 200
    lines = [line for line in answer.body.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def log_lines(server):
    """Return the parsed lines of its standard error, without the announcements on standard output."""
    return [json.loads(line) for line in server.said.splitlines() if not line.startswith(ANNOUNCED)]


def folder_of(server):
    """Return the folder of the workers' counters, which the server holds open."""
    links = [descriptor.readlink() for descriptor in Path(f"/proc/{server.process.pid}/fd").iterdir()]
    return next(link for link in links if link.name.startswith("minichat-metrics-"))


def new_workers(server, old, how_many=2):
    deadline = time.monotonic() + 15
    while set(old) & set(server.workers) or len(server.workers) != how_many:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    server.wait_until_it_answers()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Its workers may be killed; a test leaves two of them."""
    with serving(tmp_path_factory.mktemp("watching"), "--workers", "2") as server:
        yield server


@pytest.fixture
def token(server, request):
    """The access token of a new account."""
    registration = {**REGISTRATION, "username": f"ann-{abs(hash(request.node.nodeid)):x}"}
    return server.call("POST", "/api/auth/register/", registration).json["tokens"]["access"]


def ask(server, token, times=40):
    """Request the account on new connections, so that both workers answer some."""
    for _ in range(times):
        assert server.call("GET", "/api/auth/me/", token=token).status == 200


class TestMetrics:
    def test_metrics_are_summed_over_workers_and_survive_them(self, server, token):
        earlier = metrics(server).get(ME, 0)
        ask(server, token)
        assert metrics(server)[ME] == earlier + 40

        first, second = server.workers
        os.kill(first, signal.SIGKILL)
        new_workers(server, [first])
        assert metrics(server)[ME] == earlier + 40
        ask(server, token, 10)
        assert metrics(server)[ME] == earlier + 50

        before = server.workers
        assert second in before
        server.process.send_signal(signal.SIGHUP)
        new_workers(server, before)
        ask(server, token, 10)
        after = metrics(server)
        assert after[ME] == earlier + 60
        assert after["minichat_http_requests_in_progress"] == 1  # this very one

    def test_a_killed_worker_leaves_no_request_in_progress(self, tmp_path):
        with serving(tmp_path, "--workers", "1") as server, server.connection() as slow:
            slow.sendall(
                b"POST /api/auth/login/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                b"Content-Length: 100\r\n\r\n{"
            )
            deadline = time.monotonic() + 10
            while metrics(server)["minichat_http_requests_in_progress"] != 2:
                assert time.monotonic() < deadline
            [worker] = server.workers
            os.kill(worker, signal.SIGKILL)
            new_workers(server, [worker], 1)
            assert metrics(server)["minichat_http_requests_in_progress"] == 1

    def test_a_server_removes_its_folder_of_metrics_and_those_of_killed_servers(self, tmp_path):
        with serving(tmp_path) as killed:  # one worker, so that all files exist at its first answer
            left = folder_of(killed)
            os.utime(left, (0, 0))
            beside = tmp_path / "beside"
            beside.mkdir()
            with serving(beside):
                assert left.exists(), "it is in use, however old it is"
            killed.stop(signal.SIGKILL)
            wait_for_the_end_of(killed)
            os.utime(left, (0, 0))
        with serving(tmp_path) as server:
            assert not left.exists()
            own = folder_of(server)
            assert own.stat().st_mode & 0o777 == 0o700
            server.stop()
            assert not own.exists()

    def test_metrics_cover_one_process_under_plain_gunicorn(self, tmp_path):
        settings: dict[str, Any] = {"database_url": f"sqlite:///{tmp_path}/chat.sqlite3", "secret_key": SECRET}
        assert run_minichat(tmp_path, "db", "upgrade", **settings).returncode == 0
        args = ["--no-control-socket", "minichat.app:create_app()"]
        with serving(tmp_path, *args, program="gunicorn", **settings) as server:
            server.call("POST", "/api/auth/login/", REGISTRATION)
            assert metrics(server)['minichat_log_ins_total{outcome="failed"}'] == 1


def wait_for_the_end_of(server):
    """Wait for the end of a killed server's workers."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        try:
            server.call("GET", "/healthz")
        except OSError:
            return
        time.sleep(0.1)
    raise AssertionError("its workers go on")


class TestTheLog:
    def test_the_log_is_json_with_the_facts_of_each_request(self, server):
        answer = server.call("POST", "/api/auth/register/", REGISTRATION)
        account = answer.json
        server.call("GET", "/api/auth/me/?ticket=sesame-ticket", token=account["tokens"]["access"])
        by_path = {line["path"]: line for line in log_lines(server) if line["logger"] == "minichat.access"}
        line = by_path["/api/auth/me/"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
        assert line.pop("duration_ms") > 0
        assert line.pop("bytes") > 0
        assert re.fullmatch("[0-9a-f]{24}", line.pop("request_id"))
        assert line == {
            "level": "info",
            "logger": "minichat.access",
            "event": "request",
            "method": "GET",
            "path": "/api/auth/me/",
            "user_id": account["user"]["id"],
            "status": 200,
            "ip": "127.0.0.1",
        }
        assert by_path["/api/auth/register/"]["request_id"] == answer.headers["X-Request-ID"]

    def test_the_log_of_gunicorn_is_json_too(self, server):
        killed, _ = server.workers
        os.kill(killed, signal.SIGKILL)
        new_workers(server, [killed])
        said = [line for line in log_lines(server) if line["logger"] == "gunicorn.error"]
        assert any(f"pid:{killed}" in line["event"] for line in said)
        assert {line["level"] for line in said} <= {"warning", "error"}

    @pytest.mark.parametrize("own", [[], ["--logger-class", "minichat.logs.GunicornLogs"]])
    def test_the_log_under_plain_gunicorn_is_json_and_has_no_request_lines(self, tmp_path, own):
        settings: dict[str, Any] = {"database_url": f"sqlite:///{tmp_path}/chat.sqlite3", "secret_key": SECRET}
        assert run_minichat(tmp_path, "db", "upgrade", **settings).returncode == 0
        args = [*own, "--access-logfile", "-", "--no-control-socket", "minichat.app:create_app()"]
        with serving(tmp_path, *args, program="gunicorn", **settings) as server:
            server.call("GET", "/healthz?ticket=sesame-ticket")
            server.stop()
            assert "sesame" not in server.said
            lines = server.said.splitlines()
            parsed = [json.loads(line) for line in lines if line.startswith("{")]
            assert any(line["logger"] == "minichat.access" and line["path"] == "/healthz" for line in parsed)
            if own:
                assert len(parsed) == len(lines)

    def test_a_stalled_or_closed_reader_of_the_log_blocks_no_request(self, tmp_path):
        reading, writing = os.pipe()
        fcntl(writing, F_SETPIPE_SZ, 4_096)
        with unread(tmp_path, writing) as server:
            # The reader stalls: the pipe fills up, and requests still work.
            for _ in range(60):
                assert server.call("GET", "/healthz").status == 200
            # The reader leaves.
            os.close(reading)
            for _ in range(20):
                assert server.call("GET", "/healthz").status == 200
            [worker] = server.workers
            os.kill(worker, signal.SIGKILL)
            new_workers(server, [worker], 1)
            assert server.call("GET", "/healthz").status == 200
            assert server.stop() == 0

    @pytest.mark.parametrize("errors", [subprocess.DEVNULL, subprocess.STDOUT])
    def test_a_server_starts_without_a_reader_of_its_log(self, tmp_path, errors):
        assert run_minichat(tmp_path, "db", "upgrade").returncode == 0
        reading, writing = os.pipe()
        os.close(reading)
        with unread(tmp_path, writing, errors) as server:
            assert server.call("GET", "/healthz").status == 200
            assert server.stop() == 0


@contextmanager
def unread(folder, output, errors=subprocess.STDOUT):
    """Run a server with one worker that writes to this pipe."""
    port = free_port()
    command: list[str | Path] = [BIN / "minichat", "serve", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    streams: dict[str, Any] = {"stdout": output, "stderr": errors, "stdin": subprocess.DEVNULL}
    with child(command, folder, env=environment(), **streams) as process:
        os.close(output)
        server = RunningServer(process, Path(os.devnull), port)
        server.wait_until_it_answers()
        yield server
