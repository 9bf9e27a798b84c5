"""What workers do together by a real Redis, and that each does it alone while Redis is away.

(That rate limits are exact over workers: tests/e2e/test_redis.py. Notices and slots by themselves: their own files.)
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from redis import Redis

from contract.redises import Counts, Redises
from e2e.crowd import wait_until
from minichat.adapters.memory import MemoryNoticeBoard
from minichat.adapters.notices import SharedMemoryNoticeBoard
from minichat.adapters.redis import RedisAdapters
from minichat.adapters.redis.hints import MIN_INTERVAL_SECONDS, Topic
from minichat.adapters.redis.slots import RedisStreamSlots
from minichat.adapters.slots import FileStreamSlots
from minichat.domain.model import TypingNotice

TYPING_PAUSE = 3_000
LEASE = 0.4


class Worker:
    """One that listens to the others."""

    def __init__(self, redises: Redises, *, database: int = 0, board: SharedMemoryNoticeBoard | None = None) -> None:
        self.counts = Counts()
        self.redis = redises.adapters(self.counts, database=database)
        self.notices = self.redis.notice_board(board or MemoryNoticeBoard())
        self.woken, self.hurried = threading.Event(), threading.Event()
        self.hurry = self.redis.hinting_presence(self.hurried.set)
        self.redis.hints.start(self.woken.set)
        self.hears()

    def hears(self) -> None:
        """Wait until it hears the others."""
        wait_until(lambda: self.redis.hints.is_connected, "hearing the others")

    def has_heard(self, *notices: TypingNotice) -> None:
        """Wait for the last of the notices; fail unless these were told, each once, and no others."""
        wait_until(lambda: notices[-1] in self.notices.after(0)[0], "the last notice")
        assert self.notices.after(0) == (list(notices), len(notices))


@pytest.fixture
def ann(redises):
    return Worker(redises)


@pytest.fixture
def bob(redises):
    return Worker(redises)


@pytest.fixture
def client(redises):
    with Redis.from_url(redises.server.url) as client:
        yield client


def test_a_notice_is_told_at_each_worker_once(ann, bob):
    first, second = TypingNotice(1, 7, 10_000), TypingNotice(1, 8, 10_000)
    assert ann.notices.post(first, TYPING_PAUSE)
    bob.has_heard(first)
    assert bob.notices.post(second, TYPING_PAUSE)
    # When the second has come, what was said of the first would have come back as well.
    ann.has_heard(first, second)
    bob.has_heard(first, second)


def test_the_pause_of_a_notice_counts_over_all_workers(ann, bob):
    assert ann.notices.post(TypingNotice(1, 7, 10_000), TYPING_PAUSE)
    assert not bob.notices.post(TypingNotice(1, 7, 12_999), TYPING_PAUSE)
    assert bob.notices.post(TypingNotice(2, 7, 12_999), TYPING_PAUSE)


def test_nothing_of_typing_is_kept(ann, client):
    ann.notices.post(TypingNotice(1, 7, 10_000), 50)
    wait_until(lambda: not client.keys("*typing*"), "forgetting")


def test_while_redis_is_away_the_workers_of_a_host_hear_one_another(redises, tmp_path):
    here, beside = (redises.away().notice_board(SharedMemoryNoticeBoard(tmp_path / "typing")) for _ in range(2))
    assert beside.after(0) == ([], 0)
    notice = TypingNotice(1, 7, 10_000)
    assert here.post(notice, TYPING_PAUSE)
    assert beside.after(0) == here.after(0) == ([notice], 1)
    assert not beside.post(notice, TYPING_PAUSE)


def test_a_notice_that_came_both_ways_is_told_once(redises, ann, tmp_path):
    board = SharedMemoryNoticeBoard(tmp_path / "typing")
    bob = Worker(redises, board=SharedMemoryNoticeBoard(tmp_path / "typing"))
    assert bob.notices.end() == 0
    first, second = TypingNotice(1, 7, 10_000), TypingNotice(1, 8, 10_000)
    ann.notices.post(first, TYPING_PAUSE)
    bob.has_heard(first)
    assert board.post(first, TYPING_PAUSE)
    assert board.post(second, TYPING_PAUSE)
    bob.has_heard(first, second)


NONSENSE = [b"", b"x", b"x 1 2", b"x 1 2 many", b"x 1 2 3 4", b"\xff\xfe \xff", b"x 1 2 -3", b"x 1 2 1" + b"0" * 15]
NONSENSE += [b"x 1 18446744073709551616 3", b"x 18446744073709551616 2 3", b"x 1 -2 3", b"x 0 2 3"]


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_nonsense_harms_nobody(ann, bob, client, nonsense):
    for topic in Topic:
        client.publish(ann.redis.hints.redis_channel(topic), nonsense)
    notice = TypingNotice(1, 7, 10_000)
    ann.notices.post(notice, TYPING_PAUSE)
    bob.has_heard(notice)
    assert bob.notices.end() == 1
    assert bob.redis.hints.is_connected


def test_two_databases_of_one_redis_hear_nothing_of_one_another(redises, ann):
    elsewhere, there = Worker(redises, database=1), Worker(redises, database=1)
    ann.notices.post(TypingNotice(1, 7, 10_000), TYPING_PAUSE)
    ann.redis.hints.publish(Topic.CHANGES)
    wait_until(lambda: ann.counts.told[Topic.CHANGES], "saying it")
    notice = TypingNotice(2, 7, 10_000)
    assert elsewhere.notices.post(notice, TYPING_PAUSE)
    there.has_heard(notice)
    assert there.counts.heard == {Topic.TYPING: 1}


def test_a_hint_wakes_the_others_and_not_oneself(ann, bob):
    for worker in (ann, bob):
        worker.woken.clear()
    ann.redis.hints.publish(Topic.CHANGES)
    assert bob.woken.wait(5)
    bob.hurry()
    assert bob.hurried.is_set()
    assert ann.hurried.wait(5)
    assert not ann.woken.is_set()


def test_who_writes_all_the_time_is_heard_and_says_so_only_now_and_then(ann, bob):
    began = time.monotonic()
    while time.monotonic() - began < 0.5:
        ann.redis.hints.publish(Topic.CHANGES)
        time.sleep(0)
    most = (time.monotonic() - began) / MIN_INTERVAL_SECONDS + 2
    wait_until(lambda: bob.counts.heard == ann.counts.told, "hearing all")
    assert 2 <= ann.counts.told[Topic.CHANGES] <= most


@pytest.mark.parametrize("fault", ["kill", "hang"])
def test_who_is_no_longer_heard_knows_it_soon_and_is_again_when_redis_is_back(redises, ann, bob, fault):
    ann.woken.clear()
    getattr(redises.server, fault)()
    wait_until(lambda: not ann.redis.hints.is_connected, "noticing", patience=5)
    assert ann.woken.wait(1)
    assert ann.counts.was_up[-1:] == [False]
    assert not ann.redis.connection.answers()

    redises.server.go_on()
    for worker in (ann, bob):
        worker.hears()
    assert ann.counts.was_up == [False, True]
    notice = TypingNotice(1, 7, 10_000)
    assert ann.notices.post(notice, TYPING_PAUSE)
    bob.has_heard(notice)


def test_a_redis_that_answers_and_refuses_to_write_is_done_without(ann, bob, client):
    client.config_set("min-replicas-to-write", 1)
    assert ann.notices.post(TypingNotice(1, 7, 10_000), TYPING_PAUSE)
    wait_until(lambda: client.info("commandstats").get("cmdstat_set", {}).get("rejected_calls", 0) >= 2, "two tries")
    assert ann.counts.was_up == [False]

    client.config_set("min-replicas-to-write", 0)
    ann.hears()
    notice = TypingNotice(1, 8, 10_000)
    assert ann.notices.post(notice, TYPING_PAUSE)
    bob.has_heard(notice)


def test_to_say_something_takes_no_time_though_redis_hangs(redises, ann):
    redises.server.hang()
    began = time.monotonic()
    for _ in range(1_000):
        ann.redis.hints.publish(Topic.CHANGES)
        time.sleep(0)
    took = time.monotonic() - began
    redises.server.go_on()  # before a failure: a server that hangs can't be stopped
    assert took < 0.25


def test_a_connection_that_redis_closes_is_made_again(ann, bob, client):
    client.client_kill_filter(_type="pubsub")
    wait_until(lambda: client.pubsub_numsub(ann.redis.hints.redis_channel(Topic.CHANGES))[0][1] == 2, "hearing again")
    for worker in (ann, bob):
        worker.hears()
    notice = TypingNotice(1, 7, 10_000)
    assert ann.notices.post(notice, TYPING_PAUSE)
    bob.has_heard(notice)
    assert not ann.counts.was_up  # to lose one connection is not to lose Redis


def test_its_client_takes_no_memory_where_there_is_none():
    code = "import minichat.app, sys; assert 'redis' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


class TestSlots:
    @pytest.fixture
    def host(self, redises, tmp_path):
        """Make the slots of another host, whose leases are short: `host(most=3)`."""
        made = []

        def make(most=3):
            made.append(FileStreamSlots(tmp_path / f"slots-{len(made)}", most))
            return RedisStreamSlots(redises.adapters().connection, made[-1], most, LEASE)

        return make

    def test_are_counted_over_all_hosts(self, host):
        here, there = host(), host()
        assert [here.acquire(1), here.acquire(1), there.acquire(1)] == [0, 1, 0]
        assert (here.acquire(1), there.acquire(1)) == (None, None)
        assert there.acquire(2) == 0
        here.release(1, 0)
        assert there.acquire(1) == 1
        assert here.acquire(1) is None

    def test_are_kept_for_as_long_as_one_lives(self, host):
        here, there = host(most=1), host(most=1)
        assert here.acquire(1) == 0
        deadline = time.monotonic() + 4 * LEASE
        while time.monotonic() < deadline:
            assert there.acquire(1) is None
            time.sleep(0.01)

    def test_of_a_worker_that_is_killed_are_free_soon(self, redises, host, tmp_path):
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_hold, args=(redises.server.url, tmp_path / "there", theirs))
        process.start()
        assert ours.recv() == 3
        here = host()
        assert here.acquire(1) is None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        wait_until(lambda: here.acquire(1) is not None, "being free", patience=5 * LEASE)

    def test_that_are_given_back_while_they_are_renewed_do_not_come_back(self, host, client):
        here = host()
        assert here.acquire(1) == 0
        here.release(1, 0)
        here._renew([(1, 0)])
        assert client.zcard("minichat:streams:1") == 0

    def test_that_redis_has_forgotten_are_told_to_it_again(self, host, client):
        here, there = host(most=2), host(most=2)
        assert [here.acquire(1), here.acquire(1)] == [0, 1]
        client.flushall()
        wait_until(lambda: client.zcard("minichat:streams:1") == 2, "telling it again")
        assert there.acquire(1) is None

    @pytest.mark.parametrize("fault", ["kill", "hang"])
    def test_go_on_by_host_while_redis_is_away_and_count_when_it_is_back(self, redises, host, client, fault):
        here, there = host(most=2), host(most=2)
        assert here.acquire(1) == 0
        getattr(redises.server, fault)()
        assert [here.acquire(1), here.acquire(1)] == [1, None]
        assert [there.acquire(1), there.acquire(1)] == [0, 1]
        there.release(1, 0)
        redises.server.go_on()
        wait_until(lambda: client.zcard("minichat:streams:1") == 3, "telling Redis of them")
        assert there.acquire(1) is None


def _hold(url, path, pipe):
    slots = RedisStreamSlots(RedisAdapters(url, Counts()).connection, FileStreamSlots(path, 3), 3, LEASE)
    pipe.send(sum(slots.acquire(1) is not None for _ in range(3)))
    signal.pause()
