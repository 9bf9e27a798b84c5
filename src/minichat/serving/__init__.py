"""`minichat serve`: gunicorn in this process, configured for production.

The arbiter (the parent process) migrates the database in a short-lived child, opens the sockets and supervises the
workers. It never imports Flask, Peewee or a driver: gevent must patch a worker before these are imported, else all
greenlets share one connection and a slow connection blocks them all. It imports the domain, which is pure Python, so
that its children share it.
"""

import dataclasses
import logging
import multiprocessing
import os
import resource
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from gunicorn import util
from gunicorn.app.base import BaseApplication
from gunicorn.workers.base import Worker

import minichat.domain.services  # noqa: F401 - for the children
from minichat import indexing, logs
from minichat.config import Settings, SettingsError
from minichat.serving.accepting import KEEPALIVE_SECONDS
from minichat.serving.arbiter import STOP_SECONDS, Arbiter
from minichat.serving.metrics_files import reserve_space
from minichat.serving.shared_memory import SharedMemory
from minichat.serving.workers import ChatWorker
from minichat.standard_streams import OutputFailed

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

log = logging.getLogger(__name__)

Result = TypeVar("Result")
_FORKING = multiprocessing.get_context("fork")
MAX_DEFAULT_WORKERS = 4
MAX_CONNECTIONS = 10_000
HEARTBEAT_TIMEOUT_SECONDS = 30
UNFINISHED = os.EX_TEMPFAIL
"""Exit code of a preparation that is complete, apart from a search index that takes long."""


class ServingError(Exception):
    """The server can't start; the text is a sentence for the operator."""


def serve(settings: Settings, bind: str, workers: int | None, prepare: Callable[[], None]) -> None:
    """Run `prepare` in a child process, then serve until a signal stops it.

    If `prepare` exits with `UNFINISHED`, fill the search index meanwhile.

    Raises ServingError if the address can't be bound.
    """
    server = Server(settings, bind, workers or default_workers())
    try:
        addresses = server.cfg.address
    except RuntimeError as error:
        raise ServingError(f"--bind must be HOST:PORT or unix:PATH: {error}") from error
    for address in addresses:
        _check_free(address)
    if _run_in_child(prepare) == UNFINISHED:
        indexing.start()
    _allow_open_files(2 * MAX_CONNECTIONS)
    try:
        server.use(SharedMemory())
    except OSError as error:
        raise ServingError(f"The workers need a folder in memory or for temporary files: {error}.") from error
    server.run()


def default_workers() -> int:
    """Return the number of cores, but no more workers than SQLite's single writer can keep busy."""
    return min(len(os.sched_getaffinity(0)), MAX_DEFAULT_WORKERS)


class Server(BaseApplication):
    """gunicorn's application class, configured here instead of by a command line."""

    def __init__(self, settings: Settings, bind: str, workers: int) -> None:
        self.settings = settings
        self._bind = bind
        self._workers = workers
        self._shared_memory: SharedMemory | None = None
        super().__init__(prog="minichat")

    def use(self, shared_memory: SharedMemory) -> None:
        """Let the workers share this folder; remove it when the server stops."""
        self._shared_memory = shared_memory
        self.settings = dataclasses.replace(self.settings, shared_memory_dir=shared_memory.folder)
        self.load_config()

    def load_config(self) -> None:
        for name, value in {
            "bind": self._bind,
            "workers": self._workers,
            "worker_class": ChatWorker,
            # Every event stream is a connection, so the limit is far above gunicorn's default of 1000.
            "worker_connections": MAX_CONNECTIONS,
            # Clients that return all at once fill the kernel's queue, which then drops their packets for a second.
            "backlog": MAX_CONNECTIONS,
            "timeout": HEARTBEAT_TIMEOUT_SECONDS,
            "graceful_timeout": STOP_SECONDS,
            # Longer than the 60 s of common proxies, so that the proxy closes idle connections and not this server.
            "keepalive": KEEPALIVE_SECONDS,
            "limit_request_line": 8190,
            # sendfile(2) would block the event loop while the disk reads.
            "sendfile": False,
            # gunicorn trusts no X-Forwarded-* header: the application trusts `trusted_proxies` of them.
            "forwarded_allow_ips": "",
            "control_socket_disable": True,
            # The workers' heartbeat files: a slow disk must not look like a dead worker.
            "worker_tmp_dir": str(self._shared_memory.folder.parent) if self._shared_memory else None,
            # gunicorn's routine messages repeat lines of our own log.
            "loglevel": "debug" if self.settings.log_level == "debug" else "warning",
            "logger_class": logs.GunicornLogs,
            "post_worker_init": _announce,
            "child_exit": self._forget_worker,
            "on_exit": self._remove_shared_memory,
            "proc_name": "minichat",
        }.items():
            self.cfg.set(name, value)

    def run(self) -> None:
        """Serve until a signal stops it."""
        Arbiter(self).run()

    def reload(self) -> None:
        """Read the settings again (SIGHUP). If they are wrong, log the reason and keep the present ones."""
        try:
            self.settings = in_child(Settings.load)
        except SettingsError as error:
            log.error("The server keeps its settings, because the new ones are wrong: %s", error)  # noqa: TRY400
        except ChildProcessError as error:
            log.error("The server keeps its settings: %s", error)  # noqa: TRY400
        super().reload()

    def load(self) -> Callable[..., Any]:
        """Build the application; called in each worker, after gevent has patched it."""
        from minichat.api import instrumentation
        from minichat.app import create_app

        reserve_space()
        logs.configure(self.settings.log_level, instrumentation.log_fields, instrumentation.sent_texts)
        return create_app(self.settings, is_serving=True)

    def _forget_worker(self, _arbiter: Any, worker: Any) -> None:
        worker.share.leave()  # also of a worker that died while it started: its successor would wait for it
        if self._shared_memory is not None:
            self._shared_memory.forget_worker(worker.pid)

    def _remove_shared_memory(self, _arbiter: Any) -> None:
        if self._shared_memory is not None:
            self._shared_memory.remove()


def _announce(worker: Worker) -> None:
    """Print the server's addresses when the first worker is ready."""
    if worker.age > 1:
        return
    with suppress(OSError, OutputFailed):  # a closed standard output is no reason to stop
        _print_addresses(worker)


def _print_addresses(worker: Worker) -> None:
    for listener in worker.sockets:
        name = listener.getsockname()
        if not isinstance(name, tuple):
            print(f"minichat serves on unix:{name}", flush=True)
            continue
        host, port = str(name[0]), name[1]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - shown, not bound
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        base = f"http://{address}{os.environ.get('SCRIPT_NAME', '').rstrip('/')}"
        print(
            f"minichat serves the chat on {base}/, the documentation of its API on {base}/api/ "
            f"and the administration on {base}/admin/",
            flush=True,
        )


def _check_free(address: Any) -> None:
    """Raise ServingError if the address can't be bound. gunicorn would retry for 5 s."""
    # A server that replaces itself (SIGUSR2) or is started by systemd inherits its open sockets.
    if not isinstance(address, tuple) or "GUNICORN_FD" in os.environ or "LISTEN_FDS" in os.environ:
        return
    family = socket.AF_INET6 if util.is_ipv6(address[0]) else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ServingError(f"Can't listen on {address[0]}:{address[1]}: {reason}.") from error


def _allow_open_files(wanted: int) -> None:
    """Raise the soft limit, often 1024, towards `wanted`: every connection is an open file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def in_child(action: Callable[[], Result]) -> Result:
    """Return the result of `action` or raise its error; run it in a forked process, to keep its imports out of here.

    Raises ChildProcessError if that process was killed.
    """
    here, there = _FORKING.Pipe(duplex=False)
    child = _FORKING.Process(target=_send_outcome, args=(there, action))
    child.start()
    there.close()
    try:
        result, error = here.recv()
    except EOFError:
        raise ChildProcessError("a process that read the settings was killed") from None
    finally:
        child.join()
    if error is not None:
        raise error
    return cast("Result", result)


def _send_outcome(to: "Connection", action: Callable[[], object]) -> None:
    try:
        to.send((action(), None))
    except Exception as error:  # noqa: BLE001 - the parent raises it
        to.send((None, error))


def _run_in_child(prepare: Callable[[], None]) -> int:
    """Run `prepare` in a forked process, to keep its imports out of this process; return 0 or `UNFINISHED`.

    If it fails, exit with its code.
    """
    child = _FORKING.Process(target=prepare)
    child.start()
    child.join()
    code = child.exitcode or 0
    if code not in (0, UNFINISHED):
        sys.exit(1 if code < 0 else code)
    return code
