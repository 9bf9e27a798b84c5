"""The arbiter of `minichat serve` kills silent workers, and spares them after a pause of the whole server."""

import logging
import signal
import time
from types import SimpleNamespace
from typing import Any

import pytest

from minichat.serving import HEARTBEAT_TIMEOUT_SECONDS, Server
from minichat.serving.shares import Shares
from minichat.serving.workers import PAUSE_SECONDS, Arbiter

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


def test_nobody_waits_for_a_worker_that_died_while_it_started() -> None:
    shares = Shares()
    dead, successor = shares.add(1), shares.add(2)
    assert successor.is_another_starting()
    server: Any = Server.__new__(Server)
    server._shared_memory = None
    server._forget_worker(None, SimpleNamespace(pid=1, share=dead))
    assert not successor.is_another_starting()
