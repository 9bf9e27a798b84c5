"""`minichat serve`: gunicorn, in this process, set up as production runs it.

The arbiter (the parent) opens the sockets, migrates the database in a short-lived child and minds the workers. It never
imports Flask or Peewee: gevent must patch a worker before Peewee is imported, else all greenlets share one connection.
"""

import fcntl
import logging
import multiprocessing
import os
import resource
import shutil
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Any

from gunicorn import util
from gunicorn.app.base import BaseApplication
from gunicorn.workers.base import Worker

from minichat import logs
from minichat.config import Settings, SettingsError
from minichat.serving.workers import KEEPALIVE_SECONDS, STOP_SECONDS, ChatWorker, Parent

log = logging.getLogger(__name__)

MOST_DEFAULT_WORKERS = 4
MOST_CONNECTIONS = 10_000
SHARED_MEMORY = next((path for path in [Path("/dev/shm")] if path.is_dir()), None)  # noqa: S108 - names there are random


class ServingError(Exception):
    """The server can't start; the text is a sentence for the operator."""


def serve(settings: Settings, bind: str, workers: int | None, prepare: Callable[[], None]) -> None:
    """Run `prepare` in a child, then serve until told to stop. Raises ServingError if the address can't be bound."""
    server = Server(settings, bind, workers or default_workers())
    try:
        addresses = server.cfg.address
    except RuntimeError as error:
        raise ServingError(f"--bind must be HOST:PORT or unix:PATH: {error}") from error
    for address in addresses:
        _check_free(address)
    _in_a_child(prepare)
    _allow_open_files(2 * MOST_CONNECTIONS)
    server.metrics = SharedMetrics()
    server.run()


def default_workers() -> int:
    """One for each core that we may use, up to the number at which SQLite's one writer is the limit."""
    return min(len(os.sched_getaffinity(0)), MOST_DEFAULT_WORKERS)


class SharedMetrics:
    """The folder in memory in which the workers count together, each in files of its own (see `api.metrics`).

    The files of a worker that is gone stay: what it counted must not be taken back. The folder is locked as long as a
    process of this server lives, so that what a kill -9 left of others can be told apart and removed.
    """

    PREFIX = "minichat-metrics-"

    def __init__(self) -> None:
        root = SHARED_MEMORY or Path(gettempdir())
        for left in root.glob(f"{self.PREFIX}*"):
            with suppress(OSError):  # in use, or another user's
                if time.time() - left.stat().st_mtime > 60:  # younger ones may be about to be locked
                    os.close(_locked(left))
                    shutil.rmtree(left)
        self._folder = Path(mkdtemp(prefix=self.PREFIX, dir=root))
        self._lock = _locked(self._folder)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(self._folder)

    def forget_worker(self, pid: int) -> None:
        """Take away what was true of a worker only while it lived, such as its requests in progress."""
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(pid)  # type: ignore[no-untyped-call]

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _locked(folder: Path) -> int:
    """Return a descriptor that locks the folder, in this process and those that it forks. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


class Server(BaseApplication):
    """gunicorn's own application class, told its settings by us instead of a command line."""

    metrics: SharedMetrics

    def __init__(self, settings: Settings, bind: str, workers: int) -> None:
        self.settings = settings
        self._bind = bind
        self._workers = workers
        super().__init__(prog="minichat")

    def load_config(self) -> None:
        for name, value in {
            "bind": self._bind,
            "workers": self._workers,
            "worker_class": ChatWorker,
            # Every event stream is a connection, so the limit is far above gunicorn's 1000.
            "worker_connections": MOST_CONNECTIONS,
            "timeout": 30,
            "graceful_timeout": STOP_SECONDS,
            # Longer than the 60 s of usual proxies: whoever closes first must not be the server.
            "keepalive": KEEPALIVE_SECONDS,
            "limit_request_line": 8190,
            # sendfile(2) would block the event loop for as long as the disk takes.
            "sendfile": False,
            # Nobody's X-Forwarded-* counts here: the application believes `trusted_proxies` of them.
            "forwarded_allow_ips": "",
            "control_socket_disable": True,
            # The workers' heartbeat files: a slow disk must not look like a dead worker.
            "worker_tmp_dir": str(SHARED_MEMORY) if SHARED_MEMORY else None,
            # What gunicorn says of its daily business is of no use beside our own log.
            "loglevel": "debug" if self.settings.log_level == "debug" else "warning",
            "logger_class": logs.GunicornLogs,
            "post_worker_init": _announce,
            "child_exit": lambda _, worker: self.metrics.forget_worker(worker.pid),
            "on_exit": lambda _: self.metrics.remove(),
            "proc_name": "minichat",
        }.items():
            self.cfg.set(name, value)

    def run(self) -> None:
        """Serve until told to stop."""
        Parent(self).run()

    def reload(self) -> None:
        """Read the settings again (SIGHUP); with wrong ones, say so and go on with those that we have."""
        try:
            self.settings = Settings.load()
        except SettingsError as error:
            log.error("the settings were not read again: %s", error)  # noqa: TRY400 - the sentence is enough
        super().reload()

    def load(self) -> Callable[..., Any]:
        """Build the application; called in each worker, after gevent has patched it."""
        from minichat.api import watching
        from minichat.app import create_app

        logs.configure(self.settings.log_level, watching.facts, watching.sent_texts)
        return create_app(self.settings)


def _announce(worker: Worker) -> None:
    """Tell where the chat is, once the first worker answers."""
    if worker.age > 1:
        return
    with suppress(OSError):  # nobody reads what we say, which is no reason not to serve
        _tell_addresses(worker)


def _tell_addresses(worker: Worker) -> None:
    for listener in worker.sockets:
        name = listener.getsockname()
        if not isinstance(name, tuple):
            print(f"minichat serves on unix:{name}", flush=True)
            continue
        host, port = str(name[0]), name[1]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - shown, not bound
        base = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        print(
            f"minichat serves the chat API on {base}/api/chat/, its documentation on {base}/api/ "
            f"and the administration on {base}/admin/",
            flush=True,
        )


def _check_free(address: Any) -> None:
    """Raise ServingError if the address can't be bound: gunicorn tries for five seconds, noisily."""
    # A server that replaces itself (SIGUSR2) or is started by systemd is handed its open sockets.
    if not isinstance(address, tuple) or "GUNICORN_FD" in os.environ or "LISTEN_FDS" in os.environ:
        return
    family = socket.AF_INET6 if util.is_ipv6(address[0]) else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise ServingError(f"Can't listen on {address[0]}:{address[1]}: {why}.") from error


def _allow_open_files(wanted: int) -> None:
    """Raise the soft limit, often 1024, towards `wanted`: a connection is an open file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def _in_a_child(prepare: Callable[[], None]) -> None:
    """Run `prepare` in a forked process, so that what it imports stays out of this one; exit as it does if it fails."""
    child = multiprocessing.get_context("fork").Process(target=prepare)
    child.start()
    child.join()
    if child.exitcode:
        sys.exit(1 if child.exitcode < 0 else child.exitcode)
