"""The port `AttemptStore`: counts by key, each over its window."""

from minichat.domain.model import AttemptCount


def count(ports, key, at, window=1_000):
    with ports.transaction():
        return ports.attempt_store.count(key, at, window)


def test_nothing_is_counted_at_first(ports):
    assert ports.attempt_store.get("key") is None


def test_each_count_is_one_more(ports):
    assert count(ports, "key", 5_000) == AttemptCount(1, 5_000, 5_000)
    assert count(ports, "key", 5_300) == AttemptCount(2, 5_000, 5_300)
    assert ports.attempt_store.get("key") == AttemptCount(2, 5_000, 5_300)
    assert ports.attempt_store.get("another key") is None


def test_a_count_restarts_after_its_window(ports):
    count(ports, "key", 5_000)
    assert count(ports, "key", 5_999) == AttemptCount(2, 5_000, 5_999)
    assert count(ports, "key", 6_000) == AttemptCount(1, 6_000, 6_000)
    assert count(ports, "key", 6_999) == AttemptCount(2, 6_000, 6_999)


def test_counting_continues_after_the_clock_is_set_back(ports):
    count(ports, "key", 5_000)
    assert count(ports, "key", 4_001) == AttemptCount(2, 5_000, 4_001)


def test_a_count_restarts_if_the_clock_is_set_back_by_its_window(ports):
    count(ports, "key", 5_000)
    assert count(ports, "key", 4_000) == AttemptCount(1, 4_000, 4_000)
    assert count(ports, "key", 4_999) == AttemptCount(2, 4_000, 4_999)
    with ports.transaction():
        assert ports.attempt_store.sweep(5_000, 9) == 1


def test_a_tally_is_forgotten(ports):
    count(ports, "key", 5_000)
    count(ports, "another key", 5_000)
    with ports.transaction():
        ports.attempt_store.forget("key")
        ports.attempt_store.forget("unknown")
    assert ports.attempt_store.get("key") is None
    assert count(ports, "key", 5_100) == AttemptCount(1, 5_100, 5_100)
    assert ports.attempt_store.get("another key") == AttemptCount(1, 5_000, 5_000)


def test_expired_counts_are_swept_a_few_at_a_time(ports):
    for key in ("a", "b", "c"):
        count(ports, key, 5_000)
    count(ports, "longer", 5_000, window=2_000)
    with ports.transaction():
        assert ports.attempt_store.sweep(5_999, 9) == 0
        assert ports.attempt_store.sweep(6_000, 2) == 2
        assert ports.attempt_store.sweep(6_000, 2) == 1
        assert ports.attempt_store.sweep(6_000, 2) == 0
    assert ports.attempt_store.get("longer") == AttemptCount(1, 5_000, 5_000)
