"""Starts `minichat` in a fork of a process that has imported it, which saves each start most of its CPU time.

That process imports the modules that `minichat serve` loads before it forks its workers, and the application. A started
command has its own session, folder, environment and output, and runs as if from a shell. Its password hashes are cheap,
since nearly every test registers two people. Tests of the start itself or of the hashes' cost run the program.
"""

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import IO, Any, NoReturn, Protocol

PRELOADED = ("minichat.app", "email_validator", "regex", "segno", "psycopg")
"""Modules that workers import after gevent has patched them: the application, and what it imports later."""
REPLACING = (
    "thread",
    "threading",
    "time",
    "select",
    "selectors",
    "socket",
    "ssl",
    "subprocess",
    "queue",
    "os",
    "signal",
)
"""Modules of gevent that replace attributes of the standard library's modules."""
DECIDING = {"PROMETHEUS_MULTIPROC_DIR": os.devnull, "PSYCOPG_WAIT_FUNC": "wait_poll"}
"""The environment in which modules decide as in a worker, when they are imported, how they count and how they wait."""
_LARGEST_REQUEST = 1 << 17
_PATIENCE_SECONDS = 20.0


class Process(Protocol):
    """The part of `subprocess.Popen` that the tests of servers use."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...


class Launched:
    """A started command. It remains a zombie until its end is noticed, as a child would."""

    def __init__(self, launcher: "Launcher", pid: int, args: Sequence[str]) -> None:
        self.pid = pid
        self.args = args
        self.returncode: int | None = None
        self._launcher = launcher
        self._end = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Return the exit code, negative after a signal, or None while the command runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code as soon as there is one. Raises TimeoutExpired."""
        if self.returncode is None:
            if timeout is not None and not select.select([self._end], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout)
            self.returncode = self._launcher.exit_code(self.pid)
            os.close(self._end)
        return self.returncode

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._end, sig)


class Launcher:
    """The process that forks, as its user sees it."""

    def __init__(self, variables: Mapping[str, str] = {}, free: Collection[str] = ()) -> None:
        """`variables` are added to the environment. Those that are `free` may differ from start to start."""
        self._free = free
        self.environment = self._decisive({**os.environ, **variables})
        self._lock = threading.Lock()
        self._socket, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(_PATIENCE_SECONDS)
        with there:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(there.fileno())],
                env=self.environment,
                pass_fds=[there.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )

    def can_start(self, environment: Mapping[str, str]) -> bool:
        """Return whether this environment differs from the launcher's in minichat's settings and free variables only.

        Other variables could matter to Python or to the imported modules.
        """
        return self._decisive(environment) == self.environment

    def _decisive(self, environment: Mapping[str, str]) -> dict[str, str]:
        found = _without_minichat(environment)
        return {name: value for name, value in found.items() if name not in self._free}

    def start(
        self,
        args: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        output: IO[bytes],
        errors: IO[bytes] | None = None,
    ) -> Launched:
        """Run `minichat` with these arguments, the program's name first. Without `errors`, `output` gets them, too."""
        request = {"args": args, "folder": str(folder), "environment": dict(environment)}
        return Launched(self, self._ask(request, [output.fileno(), (errors or output).fileno()]), args)

    def exit_code(self, pid: int) -> int:
        """Return the exit code of a started command, at its end."""
        return self._ask({"ended": pid})

    def end(self) -> None:
        """End the process that forks; it notices that the socket is closed."""
        self._socket.close()
        self._process.wait(_PATIENCE_SECONDS)

    def _ask(self, request: Mapping[str, object], descriptors: Sequence[int] = ()) -> int:
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(request).encode()], descriptors)
            answer = self._socket.recv(64)
        assert answer, "the launcher has failed"
        return int(answer)


def _without_minichat(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("MINICHAT_") and name != "PYTEST_CURRENT_TEST"
    }


@cache
def launcher() -> Launcher:
    """Return the launcher of this test process."""
    started = Launcher()
    atexit.register(started.end)
    return started


# In the process that forks


def _next_command(requests: socket.socket) -> None:
    """Serve requests. Return in a forked process, which is ready for its command; exit when the tests have ended."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, _LARGEST_REQUEST, 2)
        if not message:
            sys.exit()
        request = json.loads(message)
        if "ended" in request:
            _, status = os.waitpid(request["ended"], 0)
            requests.send(b"%d" % os.waitstatus_to_exitcode(status))
        elif os.fork():
            for descriptor in descriptors:
                os.close(descriptor)
        else:
            _become(request, descriptors)
            requests.send(b"%d" % os.getpid())
            requests.close()
            return


def _become(request: dict[str, object], descriptors: Sequence[int]) -> None:
    args, folder, environment = request["args"], request["folder"], request["environment"]
    assert isinstance(args, list)
    assert isinstance(folder, str)
    assert isinstance(environment, dict)
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for stream, descriptor in enumerate(descriptors, start=1):
        os.dup2(descriptor, stream)
        os.close(descriptor)
    sys.argv[:] = args


def preload() -> None:
    """Import what a server loads: the modules of `serve`, then those of the workers, which find what gevent replaces.

    So a preloaded module holds the same objects as in a worker of the program. The preparation, which has no greenlets,
    uses some of them, too. At the end, nothing is replaced, and no later collection of garbage visits what is imported:
    that would copy most of the memory that the started processes share.
    """
    import minichat.serving  # noqa: F401 - as `serve` would

    os.environ.update(DECIDING)
    with replaced():
        for name in PRELOADED:
            import_module(name)
    for name in DECIDING:
        del os.environ[name]
    gc.collect()
    gc.freeze()


@contextmanager
def replaced() -> Iterator[None]:
    """Put gevent's objects into the standard library, as in a worker, until the block ends."""
    originals = [(module, name, getattr(module, name)) for module, name, _ in replacements()]
    for module, name, replacement in replacements():
        setattr(module, name, replacement)
    try:
        yield
    finally:
        for module, name, original in originals:
            setattr(module, name, original)


@cache
def replacements() -> Sequence[tuple[ModuleType, str, object]]:
    """Return modules of the standard library, names in them, and what gevent puts there."""
    return [
        (module, attribute, getattr(replacing, attribute))
        for name in REPLACING
        for replacing in [import_module(f"gevent.{name}")]
        for module in [import_module(getattr(replacing, "__target__", name))]
        for attribute in replacing.__implements__
        if hasattr(module, attribute)
    ]


def cheap_hashing() -> dict[str, Any]:
    """Return values for the constants of `minichat.adapters.passwords` with which a hash takes no time."""
    from argon2 import PasswordHasher

    memory_kib, time_cost, parallelism = 8, 1, 1  # the least that Argon2 takes
    dummy_hash = PasswordHasher(time_cost, memory_kib, parallelism).hash("")
    return {"MEMORY_KIB": memory_kib, "TIME_COST": time_cost, "PARALLELISM": parallelism, "DUMMY_HASH": dummy_hash}


def _end(code: int) -> NoReturn:
    """End as Python does, but without freeing each object: that would copy most of the shared memory first."""
    threading._shutdown()  # type: ignore[attr-defined]  # waits for the threads that are no daemons
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    preload()
    from minichat.adapters import passwords
    from minichat.cli import main

    vars(passwords).update(cheap_hashing())
    _next_command(socket.socket(fileno=int(sys.argv[1])))
    try:
        main()
    except SystemExit as ended:
        if isinstance(ended.code, int):
            _end(ended.code)
        raise
