"""The arbiter of `minichat serve` kills silent workers, and spares them after a pause of the whole server.

It replaces the workers one after the other.
"""

import logging
import queue
import signal
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest

from minichat.serving import HEARTBEAT_TIMEOUT_SECONDS, Server
from minichat.serving.arbiter import PAUSE_SECONDS, Arbiter
from minichat.serving.shares import Shares

LONG = HEARTBEAT_TIMEOUT_SECONDS + 3


class WatchedArbiter(Arbiter):
    """An arbiter without processes: it records the signals that it sends."""

    sent: list[tuple[int, int]]

    def __init__(self: Any, *silent_seconds: float) -> None:
        self.timeout = HEARTBEAT_TIMEOUT_SECONDS
        self.log = logging.getLogger("test")
        self.sent = []
        self.WORKERS = {}
        for pid, seconds in enumerate(silent_seconds, start=1):
            self.WORKERS[pid] = SimpleNamespace(tmp=SimpleNamespace(last_update=lambda: 0.0), aborted=False)
            self.hears(pid, seconds)

    def hears(self: Any, pid: int, seconds_ago: float = 0.0) -> None:
        heard_at = time.monotonic() - seconds_ago
        self.WORKERS[pid].tmp.last_update = lambda: heard_at

    def has_looked(self, seconds_ago):
        self._looked_at = time.monotonic() - seconds_ago
        self._spares_until = 0.0

    def kill_worker(self, pid, sig):
        self.sent.append((pid, sig))


def test_a_silent_worker_is_killed_while_the_server_runs():
    arbiter = WatchedArbiter(LONG, 0.5)
    arbiter.has_looked(1)
    arbiter.murder_workers()
    arbiter.murder_workers()
    assert arbiter.sent == [(1, signal.SIGABRT), (1, signal.SIGKILL)]


@pytest.mark.parametrize("seconds", [PAUSE_SECONDS + 1, LONG, 3_600, 86_400 * 3])
def test_a_pause_of_the_whole_server_kills_no_worker(seconds):
    arbiter = WatchedArbiter(seconds, seconds)
    arbiter.has_looked(seconds)
    for _ in range(3):
        arbiter.murder_workers()
    assert arbiter.sent == []


def test_a_worker_that_is_silent_long_after_a_pause_is_killed():
    arbiter = WatchedArbiter(LONG, LONG)
    arbiter.has_looked(LONG)
    arbiter.murder_workers()
    arbiter.hears(1)
    arbiter.has_looked(1)  # the grace period has ended
    arbiter.murder_workers()
    assert arbiter.sent == [(2, signal.SIGABRT)]


def test_the_arbiter_spares_workers_again_after_a_second_pause():
    arbiter = WatchedArbiter(LONG)
    arbiter.has_looked(LONG)
    arbiter.murder_workers()
    arbiter.hears(1, LONG)
    arbiter.has_looked(LONG)
    arbiter.murder_workers()
    assert arbiter.sent == []


class ReplacingArbiter(Arbiter):
    """An arbiter without processes. Its workers serve as soon as they are started, and end when the test says so."""

    def __init__(self: Any, workers: int) -> None:
        self.WORKERS, self._num_workers, self.worker_age = {}, workers, 0
        self._last_logged_active_worker_count = workers
        self.cfg = SimpleNamespace(enable_backlog_metric=False)
        self.log = logging.getLogger("test")
        self.app = SimpleNamespace(reload=lambda: None)
        self.stopped: list[int] = []
        for _ in range(workers):
            self.spawn_worker()

    def setup(self, app):
        """Do nothing: the settings stay the same."""

    def spawn_worker(self: Any) -> Any:
        self.worker_age += 1
        tmp = SimpleNamespace(last_update=lambda: 0.0)
        self.WORKERS[self.worker_age] = SimpleNamespace(age=self.worker_age, tmp=tmp)
        return self.worker_age

    def kill_worker(self, pid, sig):
        assert sig == signal.SIGTERM
        self.stopped.append(pid)


def test_a_reload_replaces_the_workers_one_after_the_other():
    arbiter = ReplacingArbiter(3)
    arbiter.reload()
    arbiter.manage_workers()
    assert (set(arbiter.WORKERS), arbiter.stopped) == ({1, 2, 3, 4}, [1])  # memory for one more worker
    arbiter.manage_workers()  # the first is still finishing its requests
    assert set(arbiter.WORKERS) == {1, 2, 3, 4}
    for old in (1, 2, 3):
        assert set(arbiter.stopped) == set(range(1, old + 1))
        del arbiter.WORKERS[old]
        arbiter.manage_workers()
    arbiter.manage_workers()
    assert set(arbiter.WORKERS) == {4, 5, 6}


class DyingSuccessors(ReplacingArbiter):
    """The first successor dies while it starts."""

    def _newest_serve(self):
        self.WORKERS.pop(4, None)
        return True


def test_no_worker_is_stopped_for_a_successor_that_dies_while_it_starts():
    arbiter = DyingSuccessors(3)
    arbiter.reload()
    arbiter.manage_workers()
    assert (set(arbiter.WORKERS), arbiter.stopped) == ({1, 2, 3}, [])
    arbiter.manage_workers()
    assert (set(arbiter.WORKERS), arbiter.stopped) == ({1, 2, 3, 5}, [1])


def test_a_second_reload_replaces_the_workers_of_the_first_too():
    arbiter = ReplacingArbiter(2)
    arbiter.reload()
    arbiter.manage_workers()
    arbiter.reload()
    for _ in range(6):
        for old in set(arbiter.stopped) & set(arbiter.WORKERS):
            del arbiter.WORKERS[old]
        arbiter.manage_workers()
    assert len(arbiter.WORKERS) == 2
    assert min(arbiter.WORKERS) > 3


def test_a_worker_that_dies_beside_one_that_stops_is_replaced_at_once():
    arbiter = ReplacingArbiter(2)
    arbiter._num_workers = 1
    arbiter.manage_workers()
    assert arbiter.stopped == [1]
    for _ in range(2):
        del arbiter.WORKERS[max(arbiter.WORKERS)]  # the first still finishes its requests
        arbiter.manage_workers()
        arbiter.manage_workers()
        assert len(arbiter.WORKERS) == 2
    assert set(arbiter.stopped) == {1}
    assert set(arbiter.WORKERS) == {1, 4}


class WaitingArbiter(ReplacingArbiter):
    """Its newest worker takes long to start. A signal arrives when the arbiter has begun to wait."""

    def _newest_serve(self):
        self.SIG_QUEUE = queue.SimpleQueue()
        self.signal(signal.SIGTERM, None)
        return False

    def reap_workers(self):
        """Do nothing: there are no processes."""


def test_a_signal_to_stop_ends_the_wait_for_a_worker_that_starts():
    arbiter = WaitingArbiter(2)
    arbiter.reload()
    began = time.monotonic()
    arbiter.manage_workers()
    assert time.monotonic() - began < 1
    assert arbiter.SIG_QUEUE.get_nowait() == signal.SIGTERM
    assert (len(arbiter.WORKERS), arbiter.stopped) == (3, [])


FAILING = """
import logging, os, queue, signal, sys
from types import SimpleNamespace
from gunicorn.errors import HaltServer
from minichat.serving.arbiter import Arbiter

arbiter = Arbiter.__new__(Arbiter)
arbiter.log, arbiter.SIG_QUEUE, arbiter.reexec_pid = logging.getLogger("test"), queue.SimpleQueue(), 0
arbiter.dirty_arbiter_pid, arbiter.cfg = 0, SimpleNamespace(child_exit=print)
for stops in [True, False] if sys.argv[1:] else [False, False]:
    if stops:
        arbiter.signal(signal.SIGTERM, None)
    pid = os.fork() or os._exit(Arbiter.WORKER_BOOT_ERROR)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    arbiter.WORKERS = {pid: SimpleNamespace(tmp=SimpleNamespace(close=lambda: None))}
    try:
        arbiter.reap_workers()
        print("goes on")
    except HaltServer as halt:
        print("halts", halt.exit_status)
"""


@pytest.mark.parametrize(
    ("args", "outcomes"), [(["stops"], "goes on\ngoes on\n"), ([], "halts 3\ngoes on\n")], ids=["stops", "serves"]
)
def test_a_worker_that_fails_to_start_halts_a_server_once_and_not_one_that_stops(args, outcomes):
    command = [sys.executable, "-c", FAILING, *args]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout == outcomes


def test_nobody_waits_for_a_worker_that_died_while_it_started() -> None:
    shares = Shares()
    dead, successor = shares.add(1), shares.add(2)
    assert successor.is_another_starting()
    server: Any = Server.__new__(Server)
    server._shared_memory = None
    server._forget_worker(None, SimpleNamespace(pid=1, share=dead))
    assert not successor.is_another_starting()
