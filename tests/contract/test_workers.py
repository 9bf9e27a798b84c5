"""The gunicorn worker of this process, and the child that reads settings for its arbiter.

tests/e2e/test_own_gunicorn.py runs every class of worker.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.workers.base import Worker
from gunicorn.workers.gthread import ThreadWorker
from gunicorn.workers.sync import SyncWorker

from minichat.adapters.workers import GunicornWorker
from minichat.serving import in_child

TIMEOUT_SECONDS = 10
MakeWorker = Callable[..., Worker]


@pytest.fixture
def make_worker() -> Iterator[MakeWorker]:
    """Return a function that makes a worker, which handles SIGTERM until the end of the test."""
    before = signal.getsignal(signal.SIGTERM)

    def make(kind: type[Worker], *, ppid: int | None = None, **options: Any) -> Worker:
        config = Config()
        for name, value in options.items():
            config.set(name, value)
        unused: Any = None
        worker = kind(1, os.getppid() if ppid is None else ppid, [], unused, 30, config, unused)
        worker.tmp.close()
        signal.signal(signal.SIGTERM, worker.handle_exit)
        return worker

    yield make
    signal.signal(signal.SIGTERM, before)


def test_a_sync_worker_carries_no_streams(make_worker: MakeWorker) -> None:
    make_worker(SyncWorker)
    assert GunicornWorker().max_streams() == 0


@pytest.mark.parametrize(("threads", "streams"), [(1, 0), (2, 1), (40, 39)])
def test_a_worker_with_threads_keeps_one_for_requests(make_worker: MakeWorker, threads: int, streams: int) -> None:
    make_worker(ThreadWorker, threads=threads)
    assert GunicornWorker().max_streams() == streams


def test_another_server_has_no_limit_of_its_own() -> None:
    assert GunicornWorker().max_streams() == sys.maxsize


def test_a_foreign_handler_of_sigterm_is_no_worker() -> None:
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        assert GunicornWorker().max_streams() == sys.maxsize
        GunicornWorker().when_stopping(lambda: None)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_action_runs_when_the_worker_receives_a_signal(make_worker: MakeWorker) -> None:
    worker, has_stopped = make_worker(SyncWorker), threading.Event()
    GunicornWorker().when_stopping(has_stopped.set)
    assert not has_stopped.wait(0.3)
    os.kill(os.getpid(), signal.SIGTERM)
    assert has_stopped.wait(TIMEOUT_SECONDS)
    assert not worker.alive


def test_the_action_runs_when_the_worker_has_answered_its_maximum_of_requests(make_worker: MakeWorker) -> None:
    worker, has_stopped = make_worker(SyncWorker), threading.Event()
    GunicornWorker().when_stopping(has_stopped.set)
    worker.alive = False
    assert has_stopped.wait(TIMEOUT_SECONDS)


def test_the_action_runs_when_the_arbiter_has_died(make_worker: MakeWorker) -> None:
    make_worker(SyncWorker, ppid=1 if os.getppid() != 1 else 2)
    has_stopped = threading.Event()
    GunicornWorker().when_stopping(has_stopped.set)
    assert has_stopped.wait(TIMEOUT_SECONDS)


class _WorkerWithEvent(SyncWorker):
    def __init__(self, *args: Any) -> None:
        self.stops = threading.Event()
        super().__init__(*args)


def test_the_action_runs_at_the_event_of_a_worker_that_has_one(make_worker: MakeWorker) -> None:
    worker, has_stopped = make_worker(_WorkerWithEvent), threading.Event()
    assert isinstance(worker, _WorkerWithEvent)
    GunicornWorker().when_stopping(has_stopped.set)
    worker.stops.set()
    assert has_stopped.wait(TIMEOUT_SECONDS)


def with_a_chat_worker(*lines: str) -> None:
    """Run lines with a `worker` of the server in another process: it changes classes of gunicorn."""
    program = (
        "import os",
        "from gunicorn.config import Config",
        "from minichat.serving.workers import ChatWorker",
        "worker = ChatWorker(1, os.getppid(), [], None, 30, Config(), None)",
        *lines,
    )
    subprocess.run([sys.executable, "-c", "\n".join(program)], check=True, timeout=TIMEOUT_SECONDS)


@pytest.mark.parametrize("end", ["alive = False", "handle_exit(15, None)", "handle_quit(3, None)"])
def test_the_worker_of_the_server_has_an_event_for_each_way_to_stop(end: str) -> None:
    has_stopped = "assert worker.stops.is_set() and not worker.alive"
    with_a_chat_worker("assert not worker.stops.is_set()", f"worker.{end}", has_stopped)


def test_a_worker_starts_without_the_kernels_report_of_the_arbiters_end() -> None:
    with_a_chat_worker("del os.pidfd_open", "worker._stop_with_arbiter()", "assert worker.alive")


def test_a_killed_child_is_an_error_and_no_endless_wait() -> None:
    assert in_child(lambda: 7) == 7
    with pytest.raises(ChildProcessError):
        in_child(lambda: os.kill(os.getpid(), signal.SIGKILL))
