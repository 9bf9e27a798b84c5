"""The port `FigureStore`, and the adapter of `Tally` that fills it."""

import threading

import pytest

from minichat.adapters.tally import QueueTally
from minichat.domain.errors import Unavailable
from minichat.domain.model import DAY, HOUR, Figure, FigureCount

pytestmark = pytest.mark.threads

NOON = 12 * HOUR + 20_000 * DAY


@pytest.fixture
def store(ports):
    return ports.figure_store


def test_counts_add_up_and_are_read_by_period(ports, store):
    with ports.transaction():
        store.add(NOON, Figure.MESSAGES, 2)
        store.add(NOON, Figure.MESSAGES, 3)
        store.add(NOON, Figure.STREAMS, 1)
        store.add(NOON + HOUR, Figure.MESSAGES, 7)
    assert list(store.between(NOON, NOON + HOUR)) == [
        FigureCount(NOON, Figure.MESSAGES, 5),
        FigureCount(NOON, Figure.STREAMS, 1),
    ]
    assert [count for _, _, count in store.between(NOON + 1, NOON + 2 * HOUR)] == [7]


def test_concurrent_counts_are_all_kept(ports, store, ann):
    def add():
        for _ in range(5):
            with ports.transaction():
                store.mark_active([ann.id], NOON, NOON - NOON % DAY)
                store.add(NOON, Figure.MESSAGES, 1)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [count for _, _, count in store.between(NOON, NOON + 1)] == [20]


def test_each_user_is_new_once_in_an_hour_and_in_a_day(ports, store, ann, bob):
    day = NOON - NOON % DAY
    with ports.transaction():
        assert store.mark_active([], NOON, day) == (0, 0)
        assert store.mark_active([ann.id, 999], NOON, day) == (1, 1)
        assert store.mark_active([ann.id, bob.id], NOON, day) == (1, 1)
        assert store.mark_active([ann.id, bob.id], NOON + HOUR, day) == (2, 0)
        assert store.mark_active([ann.id], NOON, day) == (0, 0)
        assert store.mark_active([bob.id], NOON + DAY, day + DAY) == (1, 1)
        store.erase(ann.id)
        assert store.mark_active([ann.id], NOON + HOUR, day) == (1, 1)


def test_a_clock_that_was_set_back_counts_again(ports, store, ann):
    day = NOON - NOON % DAY
    with ports.transaction():
        store.mark_active([ann.id], NOON + 10 * DAY, day + 10 * DAY)
        assert store.mark_active([ann.id], NOON, day) == (1, 1)
        assert store.mark_active([ann.id], NOON, day) == (0, 0)


def test_old_counts_are_swept_a_few_at_a_time(ports, store):
    with ports.transaction():
        for hours in range(5):
            store.add(NOON + hours * HOUR, Figure.REFUSALS, 1)
        assert store.sweep(NOON + 3 * HOUR, 2) == 2
        assert store.sweep(NOON + 3 * HOUR, 2) == 1
        assert store.sweep(NOON + 3 * HOUR, 2) == 0
    assert len(store.between(0, NOON + DAY)) == 2


class TestTally:
    """One tally does not depend on a database."""

    @pytest.fixture
    def stored(self):
        return []

    @pytest.fixture
    def tally(self, stored):
        tally = QueueTally(lambda: NOON + 5)
        tally.store_by(lambda counts, active: stored.append((counts, active)), in_background=False)
        return tally

    def test_it_stores_sums_once(self, tally, stored):
        tally.store()
        for _ in range(3):
            tally.count(Figure.MESSAGES)
        tally.saw(7)
        tally.saw(7)
        tally.store()
        tally.store()
        assert stored == [({(NOON, Figure.MESSAGES): 3}, {NOON: {7}})]

    def test_a_user_is_stored_once_an_hour(self, tally, stored):
        for _ in range(2):
            tally.saw(7)
            tally.store()
        tally._clock = lambda: NOON + HOUR
        tally.saw(7)
        tally.store()
        assert [active for _, active in stored] == [{NOON: {7}}, {NOON + HOUR: {7}}]

    def test_counts_wait_for_the_database(self, tally, stored):
        def away(_counts, _active):
            raise Unavailable("the database is away")

        tally.store_by(away, in_background=False)
        tally.count(Figure.STREAMS)
        tally.saw(7)
        with pytest.raises(Unavailable):
            tally.store()
        tally._clock = lambda: NOON + HOUR
        tally.count(Figure.STREAMS)
        tally.store_by(lambda counts, active: stored.append((counts, active)), in_background=False)
        tally.store()
        assert stored == [({(NOON, Figure.STREAMS): 1, (NOON + HOUR, Figure.STREAMS): 1}, {NOON: {7}})]

    def test_threads_count_without_loss(self, tally, stored):
        threads = [
            threading.Thread(target=lambda: [tally.count(Figure.MESSAGES) for _ in range(500)]) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        tally.store()
        for thread in threads:
            thread.join()
        tally.store()
        assert sum(counts.get((NOON, Figure.MESSAGES), 0) for counts, _ in stored) == 2_000

    def test_it_stores_in_the_background_from_the_first_count_on(self):
        stored = threading.Event()
        tally = QueueTally(lambda: NOON, interval_seconds=0.01)
        tally.store_by(lambda _counts, _active: stored.set(), in_background=True)
        tally.count(Figure.MESSAGES)
        assert stored.wait(10)
