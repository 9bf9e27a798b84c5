"""The adapters of several workers on a real Redis, and of one worker while Redis is down.

tests/e2e/test_redis.py tests exact rate limits. The contracts of notices and slots have separate files.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from redis import Redis

from contract.redises import RecordingMonitor, Redises
from e2e.crowd import wait_until
from minichat.adapters.memory import MemoryNoticeBoard
from minichat.adapters.notices import SharedMemoryNoticeBoard
from minichat.adapters.redis import TIMEOUT_SECONDS, RedisAdapters
from minichat.adapters.redis.hints import MIN_INTERVAL_SECONDS, Topic
from minichat.adapters.redis.slots import RedisStreamSlots
from minichat.adapters.slots import FileStreamSlots
from minichat.domain.model import TypingNotice

TYPING_PAUSE = 3_000
LEASE = 0.4


class Worker:
    """A worker that receives hints."""

    def __init__(self, redises: Redises, *, database: int = 0, board: SharedMemoryNoticeBoard | None = None) -> None:
        self.monitor = RecordingMonitor()
        self.redis = redises.adapters(self.monitor, database=database)
        self.notices = self.redis.notice_board(board or MemoryNoticeBoard())
        self.woken, self.checked_presence = threading.Event(), threading.Event()
        self.user_came_online = self.redis.hinting_presence(self.checked_presence.set)
        self.redis.hints.start(self.woken.set)
        self.wait_until_connected()

    def wait_until_connected(self) -> None:
        """Wait until hints of the other workers arrive."""
        wait_until(lambda: self.redis.hints.is_connected, "the connection of the hints")

    def expect(self, *notices: TypingNotice) -> None:
        """Wait for the last of the notices. Fail unless exactly these have arrived, once each."""
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


def test_hints_arrive_as_soon_as_the_channel_has_started(redises, bob):
    ann = redises.adapters()
    notices, wake = ann.notice_board(MemoryNoticeBoard()), threading.Event()
    ann.hints.start(wake.set)
    assert ann.hints.is_connected
    assert bob.notices.post(TypingNotice(1, 7, 10_000), TYPING_PAUSE)
    wait_until(lambda: notices.after(0)[0] == [TypingNotice(1, 7, 10_000)], "the notice")


def test_a_notice_reaches_each_worker_once(ann, bob):
    first, second = TypingNotice(1, 7, 10_000), TypingNotice(1, 8, 10_000)
    assert ann.notices.post(first, TYPING_PAUSE)
    bob.expect(first)
    assert bob.notices.post(second, TYPING_PAUSE)
    # When the second has arrived, an echo of the first would have arrived too.
    ann.expect(first, second)
    bob.expect(first, second)


def test_the_pause_between_notices_counts_over_all_workers(ann, bob):
    assert ann.notices.post(TypingNotice(1, 7, 10_000), TYPING_PAUSE)
    assert not bob.notices.post(TypingNotice(1, 7, 12_999), TYPING_PAUSE)
    assert bob.notices.post(TypingNotice(2, 7, 12_999), TYPING_PAUSE)


def test_redis_forgets_notices_after_the_pause(ann, client):
    ann.notices.post(TypingNotice(1, 7, 10_000), 50)
    wait_until(lambda: not client.keys("*typing*"), "the expiry of the key")


def test_while_redis_is_down_the_workers_of_a_host_share_notices(redises, tmp_path):
    here, beside = (redises.away().notice_board(SharedMemoryNoticeBoard(tmp_path / "typing")) for _ in range(2))
    assert beside.after(0) == ([], 0)
    notice = TypingNotice(1, 7, 10_000)
    assert here.post(notice, TYPING_PAUSE)
    assert beside.after(0) == here.after(0) == ([notice], 1)
    assert not beside.post(notice, TYPING_PAUSE)


def test_a_notice_that_arrives_both_ways_counts_once(redises, ann, tmp_path):
    board = SharedMemoryNoticeBoard(tmp_path / "typing")
    bob = Worker(redises, board=SharedMemoryNoticeBoard(tmp_path / "typing"))
    assert bob.notices.end() == 0
    first, second = TypingNotice(1, 7, 10_000), TypingNotice(1, 8, 10_000)
    ann.notices.post(first, TYPING_PAUSE)
    bob.expect(first)
    assert board.post(first, TYPING_PAUSE)
    assert board.post(second, TYPING_PAUSE)
    bob.expect(first, second)


MALFORMED = [b"", b"x", b"x 1 2", b"x 1 2 many", b"x 1 2 3 4", b"\xff\xfe \xff", b"x 1 2 -3", b"x 1 2 1" + b"0" * 15]
MALFORMED += [b"x 1 18446744073709551616 3", b"x 18446744073709551616 2 3", b"x 1 -2 3", b"x 0 2 3"]


@pytest.mark.parametrize("malformed", MALFORMED)
def test_a_malformed_hint_is_ignored(ann, bob, client, malformed):
    for topic in Topic:
        client.publish(ann.redis.hints.redis_channel(topic), malformed)
    notice = TypingNotice(1, 7, 10_000)
    ann.notices.post(notice, TYPING_PAUSE)
    bob.expect(notice)
    assert bob.notices.end() == 1
    assert bob.redis.hints.is_connected


def test_two_databases_of_one_redis_share_no_hints(redises, ann):
    elsewhere, there = Worker(redises, database=1), Worker(redises, database=1)
    ann.notices.post(TypingNotice(1, 7, 10_000), TYPING_PAUSE)
    ann.redis.hints.publish(Topic.CHANGES)
    wait_until(lambda: ann.monitor.sent_hints[Topic.CHANGES], "sending the hint")
    notice = TypingNotice(2, 7, 10_000)
    assert elsewhere.notices.post(notice, TYPING_PAUSE)
    there.expect(notice)
    assert there.monitor.received_hints == {Topic.TYPING: 1}


def test_a_hint_wakes_the_other_workers_only(ann, bob):
    for worker in (ann, bob):
        worker.woken.clear()
    ann.redis.hints.publish(Topic.CHANGES)
    assert bob.woken.wait(5)
    bob.user_came_online()
    assert bob.checked_presence.is_set()
    assert ann.checked_presence.wait(5)
    assert not ann.woken.is_set()


def test_continuous_writes_send_few_hints(ann, bob):
    began = time.monotonic()
    while time.monotonic() - began < 0.5:
        ann.redis.hints.publish(Topic.CHANGES)
        time.sleep(0)
    at_most = (time.monotonic() - began) / MIN_INTERVAL_SECONDS + 2
    wait_until(lambda: bob.monitor.received_hints == ann.monitor.sent_hints, "the arrival of all hints")
    assert 2 <= ann.monitor.sent_hints[Topic.CHANGES] <= at_most


@pytest.mark.parametrize("fault", ["kill", "hang"])
def test_a_worker_notices_the_loss_of_redis_and_reconnects(redises, ann, bob, fault):
    ann.woken.clear()
    getattr(redises.server, fault)()
    wait_until(lambda: not ann.redis.hints.is_connected, "the loss to be noticed", patience=5)
    assert ann.woken.wait(1)
    assert ann.monitor.was_up[-1:] == [False]
    assert not ann.redis.connection.answers()

    redises.server.go_on()
    for worker in (ann, bob):
        worker.wait_until_connected()
    assert ann.monitor.was_up == [False, True]
    notice = TypingNotice(1, 7, 10_000)
    assert ann.notices.post(notice, TYPING_PAUSE)
    bob.expect(notice)


def test_a_redis_that_refuses_writes_counts_as_down(ann, bob, client):
    client.config_set("min-replicas-to-write", 1)
    assert ann.notices.post(TypingNotice(1, 7, 10_000), TYPING_PAUSE)
    wait_until(lambda: client.info("commandstats").get("cmdstat_set", {}).get("rejected_calls", 0) >= 2, "two attempts")
    assert ann.monitor.was_up == [False]

    client.config_set("min-replicas-to-write", 0)
    ann.wait_until_connected()
    notice = TypingNotice(1, 8, 10_000)
    assert ann.notices.post(notice, TYPING_PAUSE)
    bob.expect(notice)


def test_publishing_does_not_wait_for_a_redis_that_hangs(redises, ann):
    redises.server.hang()
    took = []
    for _ in range(1_000):
        began = time.monotonic()
        ann.redis.hints.publish(Topic.CHANGES)
        took.append(time.monotonic() - began)
        time.sleep(0)
    redises.server.go_on()  # before a failure: a server that hangs can't be stopped
    assert max(took) < TIMEOUT_SECONDS


def test_a_subscription_that_redis_closes_is_renewed(ann, bob, client):
    client.client_kill_filter(_type="pubsub")
    wait_until(
        lambda: client.pubsub_numsub(ann.redis.hints.redis_channel(Topic.CHANGES))[0][1] == 2,
        "the renewed subscriptions",
    )
    for worker in (ann, bob):
        worker.wait_until_connected()
    notice = TypingNotice(1, 7, 10_000)
    assert ann.notices.post(notice, TYPING_PAUSE)
    bob.expect(notice)
    assert not ann.monitor.was_up  # one lost connection does not mean that Redis is down


def test_a_worker_without_redis_does_not_import_its_client():
    code = "import minichat.app, sys; assert 'redis' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


class TestSlots:
    @pytest.fixture
    def host(self, redises, tmp_path):
        """Return a factory for the slots of another host, with short leases: `host(max_per_user=3)`."""
        made: list[Any] = []

        def make(max_per_user=3):
            made.append(FileStreamSlots(tmp_path / f"slots-{len(made)}", max_per_user))
            return RedisStreamSlots(redises.adapters().connection, made[-1], max_per_user, LEASE)

        return make

    def test_slots_are_counted_over_all_hosts(self, host):
        here, there = host(), host()
        assert [here.acquire(1), here.acquire(1), there.acquire(1)] == [0, 1, 0]
        assert (here.acquire(1), there.acquire(1)) == (None, None)
        assert there.acquire(2) == 0
        here.release(1, 0)
        assert there.acquire(1) == 1
        assert here.acquire(1) is None

    def test_slots_are_held_as_long_as_their_worker_lives(self, host):
        here, there = host(max_per_user=1), host(max_per_user=1)
        assert here.acquire(1) == 0
        deadline = time.monotonic() + 4 * LEASE
        while time.monotonic() < deadline:
            assert there.acquire(1) is None
            time.sleep(0.01)

    def test_slots_of_a_killed_worker_expire(self, redises, host, tmp_path):
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_hold, args=(redises.server.url, tmp_path / "there", theirs))
        process.start()
        assert ours.recv() == 3
        here = host()
        assert here.acquire(1) is None
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        wait_until(lambda: here.acquire(1) is not None, "a free slot", patience=5 * LEASE)

    def test_a_slot_released_during_a_renewal_stays_free(self, host, client):
        here = host()
        assert here.acquire(1) == 0
        here.release(1, 0)
        here._renew([(1, 0)])
        assert client.zcard("minichat:streams:1") == 0

    def test_leases_from_before_redis_set_its_clock_back_hold_no_slot(self, host, client):
        seconds, _ = client.time()
        client.zadd("minichat:streams:1", {"a dead worker:0": (seconds + 7_200) * 1_000})
        here = host()
        assert here.acquire(1) == 0
        assert client.zscore("minichat:streams:1", "a dead worker:0") is None

    def test_slots_that_redis_has_forgotten_are_restored(self, host, client):
        here, there = host(max_per_user=2), host(max_per_user=2)
        assert [here.acquire(1), here.acquire(1)] == [0, 1]
        client.flushall()
        wait_until(lambda: client.zcard("minichat:streams:1") == 2, "the restored leases")
        assert there.acquire(1) is None

    @pytest.mark.parametrize("fault", ["kill", "hang"])
    def test_count_per_host_while_redis_is_down_and_together_afterwards(self, redises, host, client, fault):
        here, there = host(max_per_user=2), host(max_per_user=2)
        assert here.acquire(1) == 0
        getattr(redises.server, fault)()
        assert [here.acquire(1), here.acquire(1)] == [1, None]
        assert [there.acquire(1), there.acquire(1)] == [0, 1]
        there.release(1, 0)
        redises.server.go_on()
        wait_until(lambda: client.zcard("minichat:streams:1") == 3, "the restored leases")
        assert there.acquire(1) is None


def _hold(url, path, pipe):
    slots = RedisStreamSlots(RedisAdapters(url, RecordingMonitor()).connection, FileStreamSlots(path, 3), 3, LEASE)
    pipe.send(sum(slots.acquire(1) is not None for _ in range(3)))
    signal.pause()
