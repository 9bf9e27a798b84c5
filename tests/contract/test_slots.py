"""The port `StreamSlots`: bounded slots for each user over all processes. No slot is ever lost."""

import multiprocessing
import os
import signal

import pytest

from minichat.adapters.slots import FILES, FileStreamSlots

BIG = 2**53 - 1


@pytest.fixture(params=["files", "redis", "redis that is away"])
def slots_of(request, tmp_path):
    """Return a factory: `slots_of(3)` has three slots for each user."""

    def make(most):
        slots = FileStreamSlots(tmp_path / "slots", most)
        if request.param == "files":
            return slots
        redises = request.getfixturevalue("redises")
        return (redises.adapters() if request.param == "redis" else redises.away()).slots(slots, most)

    return make


def test_a_user_has_no_more_than_the_maximum(slots_of):
    slots = slots_of(3)
    for user in (1, 2, BIG):
        assert {slots.acquire(user) for _ in range(3)} == {0, 1, 2}
        assert slots.acquire(user) is None


def test_a_released_slot_is_free_again(slots_of):
    slots = slots_of(2)
    assert [slots.acquire(1), slots.acquire(1), slots.acquire(1)] == [0, 1, None]
    slots.release(1, 0)
    assert [slots.acquire(1), slots.acquire(1)] == [0, None]


def test_slots_are_counted_over_all_openers_of_the_file(slots_of):
    one, other = slots_of(3), slots_of(3)
    assert [one.acquire(7), other.acquire(7), one.acquire(7)] == [0, 1, 2]
    assert (one.acquire(7), other.acquire(7)) == (None, None)
    other.release(7, 1)
    assert one.acquire(7) == 1


def test_the_slots_of_a_process_that_is_killed_are_free(tmp_path):
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_hold, args=(tmp_path / "slots", there))
    process.start()
    assert here.recv() == 3
    slots = FileStreamSlots(tmp_path / "slots", 3)
    assert slots.acquire(1) is None
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert {slots.acquire(1) for _ in range(3)} == {0, 1, 2}


def _hold(path, pipe):
    slots = FileStreamSlots(path, 3)
    pipe.send(sum(slots.acquire(1) is not None for _ in range(3)))
    signal.pause()


def test_the_files_stay_few_and_empty(tmp_path):
    slots = FileStreamSlots(tmp_path / "slots", 3)
    for user in (*range(1, 2 * FILES + 1), BIG):
        assert slots.acquire(user) == 0
    found = list(tmp_path.iterdir())
    assert len(found) == FILES, "each lock takes as long as its file has locks"
    assert {(file.stat().st_size, file.stat().st_mode & 0o777) for file in found} == {(0, 0o600)}
