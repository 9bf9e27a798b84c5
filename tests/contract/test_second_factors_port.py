"""The ports `SecondFactorStore` and `AdministrationSessionStore`."""

import threading

import pytest

from minichat.domain.model import Device, SecondFactor

pytestmark = pytest.mark.threads

HOME = Device("Firefox", "192.0.2.1")


@pytest.fixture
def store(ports):
    return ports.second_factor_store


@pytest.fixture
def marks(ports):
    return ports.administration_session_store


def test_a_factor_is_stored_replaced_and_removed(ports, store, ann, bob):
    first = SecondFactor(ann.id, "one", 1_000, 7)
    confirmed = SecondFactor(ann.id, "two", 2_000, 8, 3_000)
    with ports.transaction(account=ann.id):
        assert store.get(ann.id) is None
        store.put(first)
        assert store.get(ann.id) == first
        store.put(confirmed)
    with ports.transaction(account=bob.id):
        store.put(SecondFactor(bob.id, "his", 1_000, 9))
    assert [factor.secret for factor in store.all()] == ["two", "his"]
    assert store.get(ann.id) == confirmed
    with ports.transaction(account=ann.id):
        store.use_step(ann.id, 7, keep=2)
        store.set_recovery_codes(ann.id, ["a", "b"])
        assert store.remove(ann.id)
        assert not store.remove(ann.id)
        assert store.recovery_codes_left(ann.id) == 0
        assert store.use_step(ann.id, 7, keep=2)
    assert store.get(bob.id) is not None


def test_a_secret_is_replaced_only_if_it_has_not_changed(ports, store, ann):
    with ports.transaction(account=ann.id):
        store.put(SecondFactor(ann.id, "old", 1_000, 7, 1_000))
    with ports.transaction(account=ann.id):
        assert not store.replace_secret(ann.id, "other", "new")
        assert store.replace_secret(ann.id, "old", "new")
    assert store.get(ann.id).secret == "new"


def test_a_step_is_used_once_and_far_ones_are_forgotten(ports, store, ann, bob):
    with ports.transaction(account=ann.id):
        assert store.use_step(ann.id, 100, keep=2)
        assert not store.use_step(ann.id, 100, keep=2)
        assert store.use_step(ann.id, 98, keep=2)
        assert not store.use_step(ann.id, 100, keep=2)
        assert store.use_step(ann.id, 103, keep=2)
        assert store.use_step(ann.id, 100, keep=2)
    with ports.transaction(account=bob.id):
        assert store.use_step(bob.id, 100, keep=2)


def test_a_recovery_code_is_used_once_and_by_its_owner(ports, store, ann, bob):
    with ports.transaction(account=ann.id):
        store.set_recovery_codes(ann.id, ["a", "b", "c"])
    with ports.transaction(account=bob.id):
        assert not store.use_recovery_code(bob.id, "a")
    with ports.transaction(account=ann.id):
        assert store.use_recovery_code(ann.id, "a")
        assert not store.use_recovery_code(ann.id, "a")
        assert store.recovery_codes_left(ann.id) == 2
        store.set_recovery_codes(ann.id, ["d"])
        assert not store.use_recovery_code(ann.id, "b")
        assert store.recovery_codes_left(ann.id) == 1


@pytest.mark.parametrize("use", ["step", "recovery code"])
def test_one_of_many_at_once_uses_a_code(ports, store, ann, use):
    with ports.transaction(account=ann.id):
        store.set_recovery_codes(ann.id, ["a"])
    won = []

    def enter():
        with ports.transaction(account=ann.id):
            won.append(store.use_step(ann.id, 5, keep=2) if use == "step" else store.use_recovery_code(ann.id, "a"))

    threads = [threading.Thread(target=enter) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 5 + [True]


class TestMarks:
    def opened(self, ports, user, device=HOME):
        with ports.transaction(account=user.id):
            return ports.session_store.open(user.id, device, 1_000, 9_000).id

    def test_a_mark_says_whether_a_code_proved_the_session(self, ports, marks, ann):
        session, other = self.opened(ports, ann), self.opened(ports, ann)
        with ports.transaction(account=ann.id):
            marks.mark(session, is_proved=False)
            assert not marks.is_proved(session)
            marks.mark(session, is_proved=True)
        assert marks.is_proved(session)
        assert not marks.is_proved(other)

    def test_a_place_is_known_by_a_proved_session(self, ports, marks, ann, bob):
        session = self.opened(ports, ann)
        with ports.transaction(account=ann.id):
            marks.mark(session, is_proved=False)
            assert not marks.is_known(ann.id, "192.0.2.1")
            marks.mark(session, is_proved=True)
            ports.session_store.end(session, 2_000)
        assert marks.is_known(ann.id, "192.0.2.1")
        assert marks.is_known(ann.id, "192.0.2.1", "Firefox")
        assert not marks.is_known(ann.id, "192.0.2.1", "curl")
        assert not marks.is_known(ann.id, "192.0.2.2")
        assert not marks.is_known(bob.id, "192.0.2.1")

    def test_marked_sessions_end_together(self, ports, marks, ann, bob):
        own, other, plain = (self.opened(ports, ann) for _ in range(3))
        his = self.opened(ports, bob)
        with ports.transaction(account=bob.id):
            marks.mark(his, is_proved=True)
        with ports.transaction(account=ann.id):
            marks.mark(own, is_proved=True)
            marks.mark(other, is_proved=False)
            assert marks.end_all(ann.id, 2_000, but=own) == 1
            assert marks.end_all(ann.id, 2_000, but=own) == 0
        assert set(ports.session_store.live_among([own, other, plain, his], 3_000)) == {own, plain, his}

    def test_a_mark_goes_with_its_session(self, ports, marks, ann):
        session = self.opened(ports, ann)
        with ports.transaction(account=ann.id):
            marks.mark(session, is_proved=True)
            ports.session_store.end(session, 2_000)
        with ports.transaction():
            assert ports.session_store.sweep(2_000, 9) == 1
        assert not marks.is_proved(session)
        assert not marks.is_known(ann.id, "192.0.2.1")
