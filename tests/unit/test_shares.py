"""The workers of a server publish how many connections they have. The busier ones leave new clients to the others."""

import pytest

from minichat.serving.shares import MAX_PAUSE_SECONDS, PAUSE_SECONDS, SILENCE_SECONDS, START_SECONDS, Share, Shares


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


def test_a_worker_with_as_few_connections_as_another_accepts_at_once(workers: list[Share]) -> None:
    for worker, count in zip(workers, (5, 5, 9), strict=True):
        worker.publish(count)
    assert [worker.pause_seconds(5) for worker in workers[:2]] == [0, 0]


def test_a_worker_with_more_connections_pauses_longer_but_never_long(workers: list[Share]) -> None:
    for worker, count in zip(workers, (5, 7, 5_000), strict=True):
        worker.publish(count)
    assert workers[1].pause_seconds(7) == 2 * PAUSE_SECONDS
    assert workers[2].pause_seconds(5_000) == MAX_PAUSE_SECONDS


def test_a_small_surplus_of_many_connections_causes_no_pause(workers: list[Share]) -> None:
    for worker, count in zip(workers, (990, 1_000, 1_000), strict=True):
        worker.publish(count)
    assert workers[1].pause_seconds(1_000) == 0
    assert workers[1].pause_seconds(1_010) == 5 * PAUSE_SECONDS


def test_a_worker_alone_does_not_pause(time: Time) -> None:
    alone = Shares(clock=time).add(1)
    alone.publish(7)
    assert not alone.pause_seconds(7)
    assert not alone.is_another_starting()


def test_nobody_waits_for_a_worker_that_stops(workers: list[Share]) -> None:
    for worker in workers:
        worker.publish(0)
    workers[1].leave()
    workers[2].leave()
    assert not workers[0].pause_seconds(9)


def test_nobody_waits_for_a_worker_that_is_silent(workers: list[Share], time: Time) -> None:
    for worker in workers:
        worker.publish(0)
    time.now += SILENCE_SECONDS
    workers[0].publish(9)
    assert not workers[0].pause_seconds(9)


def test_a_worker_that_starts_delays_the_start_of_others_but_no_client(workers: list[Share], time: Time) -> None:
    workers[0].publish(0)
    workers[1].leave()
    assert workers[0].is_another_starting()
    assert not workers[0].pause_seconds(9)
    time.now += START_SECONDS
    assert not workers[0].is_another_starting()


def test_a_successor_may_take_the_place_of_an_ended_worker(time: Time) -> None:
    shares = Shares(clock=time)
    old, other = shares.add(1), shares.add(2)
    for worker in (old, other):
        worker.publish(3)
    successor = shares.add(65)
    successor.publish(0)
    assert other.pause_seconds(3) == 3 * PAUSE_SECONDS
