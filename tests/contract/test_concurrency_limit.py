"""`adapters.offloading.ConcurrencyLimit` bounds the running and the waiting slow work, and rejects the rest."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from minichat.adapters.offloading import ConcurrencyLimit, run_here
from minichat.domain.errors import Unavailable


class Work:
    """Work that runs until `go_on` is set. It counts the maximum of concurrent calls."""

    def __init__(self):
        self.go_on = threading.Event()
        self.begun = threading.Semaphore(0)
        self.at_once = self.most = 0
        self._lock = threading.Lock()

    def __call__(self):
        with self._lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        self.begun.release()
        assert self.go_on.wait(10)
        with self._lock:
            self.at_once -= 1
        return "done"


def limit(max_running=1, max_waiting=10, patience_seconds=10.0):
    return ConcurrencyLimit(
        run_here, max_running=max_running, max_waiting=max_waiting, patience_seconds=patience_seconds
    )


def test_the_result_of_the_work_is_returned():
    assert limit().run(lambda: 6 * 7) == 42


def test_work_runs_by_the_given_offload():
    places = []

    def elsewhere(function):
        places.append("elsewhere")
        return function()

    assert ConcurrencyLimit(elsewhere, max_running=1, max_waiting=1, patience_seconds=1).run(lambda: "done") == "done"
    assert places == ["elsewhere"]


def test_no_more_work_runs_at_once_than_the_limit_allows():
    work, few = Work(), limit(max_running=2)
    with ThreadPoolExecutor(8) as people:
        running = [people.submit(few.run, work) for _ in range(8)]
        for _ in range(2):
            assert work.begun.acquire(timeout=10)
        assert not work.begun.acquire(timeout=0.1)
        work.go_on.set()
        assert [one.result() for one in running] == ["done"] * 8
    assert work.most == 2


def test_work_that_waits_too_long_is_refused():
    work, one = Work(), limit(patience_seconds=0.05)
    with ThreadPoolExecutor(1) as people:
        running = people.submit(one.run, work)
        assert work.begun.acquire(timeout=10)
        with pytest.raises(Unavailable):
            one.run(lambda: "done")
        work.go_on.set()
        assert running.result() == "done"


def test_work_beyond_the_waiting_limit_is_refused_at_once():
    work, none_waits = Work(), limit(max_waiting=0, patience_seconds=60.0)
    with ThreadPoolExecutor(1) as people:
        running = people.submit(none_waits.run, work)
        assert work.begun.acquire(timeout=10)
        with pytest.raises(Unavailable):
            none_waits.run(lambda: "done")
        work.go_on.set()
        assert running.result() == "done"


def test_failed_work_makes_room_for_the_next():
    one = limit(patience_seconds=0.05)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            one.run(lambda: 1 // 0)
    assert one.run(lambda: "done") == "done"


def test_finished_work_makes_room_for_the_next():
    one = limit(max_waiting=1)
    assert [one.run(lambda: "done") for _ in range(3)] == ["done"] * 3
