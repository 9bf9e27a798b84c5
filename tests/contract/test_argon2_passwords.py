"""The port `PasswordHasher`, by Argon2."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher

from minichat.adapters.passwords import (
    DUMMY_HASH,
    MEMORY_KIB,
    PARALLELISM,
    PATIENCE_SECONDS,
    TIME_COST,
    Argon2Passwords,
)
from minichat.domain.errors import Unavailable


@pytest.fixture(scope="module")
def passwords():
    return Argon2Passwords()


def test_a_password_verifies_its_own_hash_only(passwords):
    hashed = passwords.hash("secret")
    assert passwords.verify(hashed, "secret")
    assert not passwords.verify(hashed, "Secret")
    assert not passwords.verify(None, "secret")
    assert not passwords.verify("no hash", "secret")


def test_a_password_is_compared_beyond_a_nul_character(passwords):
    hashed = passwords.hash("a\0b")
    assert passwords.verify(hashed, "a\0b")
    assert not passwords.verify(hashed, "a\0c")
    assert not passwords.verify(hashed, "a")


def test_a_missing_hash_verifies_no_password(passwords):
    stand_in = "compared with the password when there is no such account"
    for password in ("", "secret", stand_in):
        assert not passwords.verify("", password)
        assert not passwords.verify(None, password)


def test_verifying_a_missing_hash_takes_as_long_as_any_other(passwords):
    def seconds(password_hash):
        started = time.thread_time()
        passwords.verify(password_hash, "secret")
        return time.thread_time() - started

    hashed = passwords.hash("other")
    by_turns = [(seconds(hashed), seconds("")) for _ in range(8)]  # so that both have had a quiet moment
    usual, without = map(min, zip(*by_turns, strict=True))
    assert usual / 2 < without < usual * 2


@pytest.mark.parametrize(
    "earlier", [(1, MEMORY_KIB, PARALLELISM), (TIME_COST, 8_192, PARALLELISM)], ids=["less time", "less memory"]
)
def test_a_hash_by_earlier_parameters_verifies_and_is_due_for_rehashing(passwords, earlier):
    old = PasswordHasher(*earlier).hash("secret")
    assert passwords.verify(old, "secret")
    assert passwords.needs_rehash(old)


def test_the_dummy_hash_costs_as_much_as_any_other(passwords):
    assert not passwords.needs_rehash(DUMMY_HASH)
    assert passwords.verify(DUMMY_HASH, "compared with the password when there is no such account")


def test_a_hash_by_the_present_parameters_needs_no_rehash(passwords):
    assert not passwords.needs_rehash(passwords.hash("secret"))


@pytest.mark.parametrize("use", ["hash", "verify"])
def test_one_hash_per_core_runs_at_once_some_wait_and_the_rest_are_refused(use):
    """A storm of log-ins takes neither all memory nor the event loop. The offload's threads stand for cores."""
    cores, surplus, may_wait = os.cpu_count() or 1, 5, 64
    begun, refused, go_on = threading.Semaphore(0), threading.Semaphore(0), threading.Event()

    def hashing(_function):
        begun.release()
        assert go_on.wait(10)
        return "hashed"

    argon2 = Argon2Passwords(hashing)

    def log_in():
        try:
            return argon2.hash("secret") if use == "hash" else argon2.verify("a hash", "secret")
        except Unavailable:
            refused.release()

    with ThreadPoolExecutor(cores + may_wait + surplus) as people:
        try:
            running = [people.submit(log_in) for _ in range(cores)]
            for _ in range(cores):
                assert begun.acquire(timeout=10)
            running += [people.submit(log_in) for _ in range(may_wait + surplus)]
            for _ in range(surplus):
                assert refused.acquire(timeout=10)
            assert not refused.acquire(timeout=0.1)
            assert not begun.acquire(timeout=0.1)
        finally:
            go_on.set()
    assert [one.result() for one in running].count(None) == surplus


def test_a_hash_waits_no_longer_than_a_client_would():
    assert 0 < PATIENCE_SECONDS <= 10
