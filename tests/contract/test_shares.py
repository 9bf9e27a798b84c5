"""The workers of a server publish how many connections they have. The busier ones leave new clients to the others."""

import pytest

from minichat.serving.shares import (
    MAX_PAUSE_SECONDS,
    PAUSE_SECONDS,
    SILENCE_SECONDS,
    START_SECONDS,
    TOGETHER_SECONDS,
    Share,
    Shares,
    pause_seconds,
)


class Time:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def workers(time: Time) -> list[Share]:
    shares = Shares(clock=time)
    return [shares.add(number) for number in (1, 2, 3)]


def publish(workers: list[Share], *counts: int) -> None:
    for worker, count in zip(workers, counts, strict=True):
        worker.publish(count)


def test_every_worker_without_connections_may_accept_the_first(workers: list[Share]) -> None:
    publish(workers, 0, 0, 0)
    assert [worker.lacking(0, waiting=1) for worker in workers] == [1, 1, 1]


def test_a_worker_with_its_share_leaves_a_connection_to_the_others(workers: list[Share]) -> None:
    publish(workers, 1, 0, 1)
    assert [worker.lacking(count, waiting=1) for worker, count in zip(workers, (1, 0, 1), strict=True)] == [0, 1, 0]


def test_workers_share_the_connections_that_wait(workers: list[Share]) -> None:
    publish(workers, 10, 20, 90)
    assert [worker.lacking(count, waiting=60) for worker, count in zip(workers, (10, 20, 90), strict=True)] == [
        *(50, 40, -30)
    ]


def test_a_pause_grows_with_the_surplus_and_is_never_long() -> None:
    assert [pause_seconds(surplus) for surplus in (0, 2, 5_000)] == [
        PAUSE_SECONDS,
        3 * PAUSE_SECONDS,
        MAX_PAUSE_SECONDS,
    ]


def test_a_worker_alone_accepts_all(time: Time) -> None:
    alone = Shares(clock=time).add(1)
    alone.publish(7)
    assert alone.lacking(7, waiting=100) == 100
    assert not alone.is_another_starting()


def test_nobody_waits_for_a_worker_that_stops(workers: list[Share]) -> None:
    for worker in workers:
        worker.publish(0)
    workers[1].leave()
    workers[2].leave()
    assert workers[0].lacking(9, waiting=1) == 1


def test_nobody_waits_for_a_worker_that_is_silent(workers: list[Share], time: Time) -> None:
    for worker in workers:
        worker.publish(0)
    time.now += SILENCE_SECONDS
    workers[0].publish(9)
    assert workers[0].lacking(9, waiting=1) == 1


def test_a_worker_that_starts_delays_the_start_of_others_but_no_client(workers: list[Share], time: Time) -> None:
    workers[0].publish(0)
    workers[1].leave()
    assert workers[0].is_another_starting()
    assert workers[0].lacking(9, waiting=1) == 1
    time.now += START_SECONDS
    assert not workers[0].is_another_starting()


def test_a_worker_does_not_wait_for_one_that_begins_later(time: Time) -> None:
    shares = Shares(clock=time)
    first = shares.add(1)
    time.now += TOGETHER_SECONDS
    second = shares.add(2)
    assert not first.is_another_starting()
    assert second.is_another_starting()


def test_a_successor_may_take_the_place_of_an_ended_worker(time: Time) -> None:
    shares = Shares(clock=time)
    old, other = shares.add(1), shares.add(2)
    for worker in (old, other):
        worker.publish(3)
    successor = shares.add(65)
    successor.publish(0)
    assert other.lacking(3, waiting=1) == -1
