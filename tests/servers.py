"""Real servers for tests: `minichat serve` as a process, its addresses, its output and its workers."""

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

from launcher import Launcher, Process, launcher
from sqlite import put_new_database

BIN = Path(sys.executable).parent
SECRET = "5f1c0a3e9b7d4286a1c4e7f09b3d6c58"
PATIENCE = 20.0


Database = Path | str
"""SQLite's file, or the URL of a PostgreSQL."""


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class RunningServer:
    """A started server: its address, its processes and what it printed."""

    def __init__(self, process: Process, log: Path, port: int, database: Database = "") -> None:
        self.process = process
        self.log = log
        self.port = port
        self.database = database

    @property
    def said(self) -> str:
        return self.log.read_text()

    @property
    def workers(self) -> list[int]:
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in found.split()]

    def call(self, method: str, path: str, body: object = None, token: str | None = None) -> Answer:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def send(self, raw: bytes) -> Answer:
        """Send raw bytes and read the answer until the server closes the connection."""
        with self.connection() as client:
            client.sendall(raw)
            received = b"".join(iter(lambda: client.recv(65_536), b""))
        head, _, body = received.partition(b"\r\n\r\n")
        status, *fields = head.decode().split("\r\n")
        return Answer(int(status.split()[1]), dict(field.split(": ", 1) for field in fields), body)

    def connection(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.call("GET", "/healthz")
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise AssertionError(f"the server does not answer:\n{self.said}") from None
                time.sleep(0.01)
            else:
                return

    def wait_for_workers(self, number: int) -> None:
        """Wait until there are as many workers. gunicorn starts one after the other, and the first may answer alone."""
        deadline = time.monotonic() + PATIENCE
        while len(self.workers) < number:
            assert time.monotonic() < deadline, f"too few workers:\n{self.said}"
            time.sleep(0.01)

    def kill(self) -> None:
        """Kill the server with its workers, and return when all of them have ended."""
        ends = list(_ends_of(self.workers))
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        for end in ends:
            assert select.select([end], [], [], PATIENCE)[0], "a killed worker has not ended"
            os.close(end)

    def end(self) -> None:
        """Kill the processes that still run. When all have ended, another server can have the port."""
        if self.process.poll() is None:
            self.kill()
        else:
            kill_group(self.process)

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Stop the server and return its exit code."""
        self.process.send_signal(by)
        return self.process.wait(PATIENCE)


def _ends_of(pids: Iterable[int]) -> Iterator[int]:
    """Open a descriptor of each process that has not ended; it is readable at the end of the process."""
    for pid in pids:
        with suppress(ProcessLookupError):
            yield os.pidfd_open(pid)


def database_of(folder: Path, *, database_url: str = "sqlite:///instance/minichat.sqlite3", **_: str) -> Database:
    """Return the database of a server that starts in the folder with these settings."""
    is_file = database_url.startswith("sqlite:///")
    return folder / database_url.removeprefix("sqlite:///") if is_file else database_url


def sqlite_file_of(folder: Path) -> Path:
    """The SQLite file of a server that is started in the folder with the default settings."""
    return folder / "instance" / "minichat.sqlite3"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(**settings: str) -> dict[str, str]:
    """Return our environment with these MINICHAT_ settings and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MINICHAT_")}
    return {**kept, **{f"MINICHAT_{name.upper()}": value for name, value in settings.items()}}


@contextmanager
def child(command: Sequence[str | Path], folder: Path, **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """Run a command in `folder` and in a new process group, which is killed when the block ends.

    `options` are those of `subprocess.Popen`. Unlike `Popen`, this never waits for a process that hangs.
    """
    process = subprocess.Popen(command, cwd=folder, start_new_session=True, **options)
    try:
        yield process
    finally:
        end(process)


def kill_group(process: Process) -> None:
    """Kill a process that leads a group, and its group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)


def end(process: subprocess.Popen[Any]) -> None:
    """Kill a process that leads a group, and its group; close its pipes."""
    kill_group(process)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _launcher_for(command: Sequence[str], variables: Mapping[str, str], by: Launcher | None) -> Launcher | None:
    """Return `by` or the launcher of this process, or None if only the program itself can run the command."""
    by = by or launcher()
    return by if command[0] == str(BIN / "minichat") and by.can_start(variables) else None


def _started(
    command: Sequence[str], folder: Path, variables: Mapping[str, str], output: IO[bytes], by: Launcher | None
) -> Process:
    if by is not None:
        return by.start(command, folder, variables, output)
    return subprocess.Popen(
        command,
        cwd=folder,
        env=variables,
        stdout=output,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


@contextmanager
def serving(
    folder: Path,
    *args: str,
    program: str = "minichat",
    port: int | None = None,
    variables: Mapping[str, str] | None = None,
    by: Launcher | None = None,
    slow_passwords: bool = False,
    makes_database: bool = False,
    **settings: str,
) -> Iterator[RunningServer]:
    """Run a server in `folder` until the block ends; it answers when the block begins.

    `args` follow `minichat serve`, or the other `program`'s name. There is one worker, as that starts soonest, where
    they don't say otherwise. Without a `port`, a free one is taken; `variables` stand in its environment beside the
    settings. A launcher with the same environment starts it: `by`, or that of this test process. With `slow_passwords`,
    the program itself is started, and hashes cost as much as in production. A launched server finds a migrated SQLite
    file in its new folder, which saves 60 ms of CPU, unless it `makes_database`.
    """
    port = port or free_port()
    log = folder / "server.log"
    database = database_of(folder, **settings)
    begin = ["serve", "--workers", "1"] if Path(program).name == "minichat" else []
    command = [str(BIN / program), *begin, "--bind", f"127.0.0.1:{port}", *args]
    given = {**environment(**settings), **(variables or {})}
    by = None if slow_passwords else _launcher_for(command, given, by)
    if by is not None and not makes_database and database == sqlite_file_of(folder) and not database.parent.exists():
        database.parent.mkdir(mode=0o700)
        put_new_database(database)
    with log.open("wb") as output:
        process = _started(command, folder, given, output, by)
    server = RunningServer(process, log, port, database)
    try:
        server.wait_until_it_answers()
        if "--workers" in args:
            server.wait_for_workers(int(args[args.index("--workers") + 1]))
        yield server
    finally:
        server.end()


class RunningRedis:
    """A Redis on a socket in `folder`; a test can kill, suspend and restart it."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "redis.sock"
        self.url = f"unix://{self._socket}"
        self.start()

    def start(self) -> None:
        options = ["--port", "0", "--unixsocket", str(self._socket), "--save", "", "--dir", str(self._socket.parent)]
        self.process = subprocess.Popen(
            [BIN / "redis-server", *options], stdout=subprocess.DEVNULL, start_new_session=True
        )
        try:
            deadline = time.monotonic() + PATIENCE
            while not self._answers():
                assert time.monotonic() < deadline, "Redis does not start"
                time.sleep(0.01)
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        end(self.process)

    def hang(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Resume or restart, whichever is needed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
        else:
            self.start()

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            try:
                client.connect(str(self._socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
            except OSError:
                return False


@contextmanager
def running_redis(folder: Path) -> Iterator[RunningRedis]:
    redis = RunningRedis(folder)
    try:
        yield redis
    finally:
        redis.kill()


def run(folder: Path, *args: str, says: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `minichat ARGS` in `folder` to its end, with `says` on its standard input."""
    return run_program(folder, str(BIN / "minichat"), *args, says=says, variables=None, **settings)


def run_program(
    folder: Path, *command: str, says: str = "", variables: Mapping[str, str] | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder` to its end; `variables` stand in its environment beside the settings."""
    return subprocess.run(
        command,
        cwd=folder,
        env={**environment(**settings), **(variables or {})},
        input=says,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def run_launched(folder: Path, *args: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `minichat ARGS` in `folder` to its end, in a fork of the launcher, with nothing on its standard input."""
    command, variables = [str(BIN / "minichat"), *args], environment(**settings)
    by = _launcher_for(command, variables, None)
    if by is None:
        return run(folder, *args, **settings)
    with TemporaryFile() as output, TemporaryFile() as errors:
        process = by.start(command, folder, variables, output, errors)
        try:
            code = process.wait(60)
        finally:
            kill_group(process)
        texts = [os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode() for file in (output, errors)]
    return subprocess.CompletedProcess(command, code, *texts)


def resident_mib(pid: int) -> float:
    """Return the resident memory of the process, in MiB."""
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1024
