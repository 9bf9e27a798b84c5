"""`adapters.offloading.Turns`: slow work is bounded in number, and the surplus is told to come back."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from minichat.adapters.offloading import Turns, run_here
from minichat.domain.errors import Unavailable


class Work:
    """Goes on until it is let go, and knows how much of it went on at once."""

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


def turns(at_once=1, most_waiting=10, patience=10.0):
    return Turns(run_here, at_once=at_once, most_waiting=most_waiting, patience=patience)


def test_work_is_done_and_its_result_returned():
    assert turns().run(lambda: 6 * 7) == 42


def test_it_is_handed_to_where_it_blocks_nobody():
    places = []

    def elsewhere(function):
        places.append("elsewhere")
        return function()

    assert Turns(elsewhere, at_once=1, most_waiting=1, patience=1).run(lambda: "done") == "done"
    assert places == ["elsewhere"]


def test_no_more_runs_at_once_than_may():
    work, few = Work(), turns(at_once=2)
    with ThreadPoolExecutor(8) as people:
        running = [people.submit(few.run, work) for _ in range(8)]
        for _ in range(2):
            assert work.begun.acquire(timeout=10)
        assert not work.begun.acquire(timeout=0.1)
        work.go_on.set()
        assert [one.result() for one in running] == ["done"] * 8
    assert work.most == 2


def test_who_waits_too_long_is_told_to_come_back():
    work, one = Work(), turns(patience=0.05)
    with ThreadPoolExecutor(1) as people:
        running = people.submit(one.run, work)
        assert work.begun.acquire(timeout=10)
        with pytest.raises(Unavailable):
            one.run(lambda: "done")
        work.go_on.set()
        assert running.result() == "done"


def test_who_would_be_one_too_many_is_told_at_once():
    work, none_waits = Work(), turns(most_waiting=0, patience=60.0)
    with pytest.raises(Unavailable):
        none_waits.run(work)


def test_work_that_fails_gives_its_turn_back():
    one = turns(patience=0.05)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            one.run(lambda: 1 // 0)
    assert one.run(lambda: "done") == "done"


def test_who_has_waited_makes_room_for_the_next():
    one = turns(most_waiting=1)
    assert [one.run(lambda: "done") for _ in range(3)] == ["done"] * 3
