"""`domain.ports.Passwords` by Argon2."""

import time

import pytest
from argon2 import PasswordHasher

from minichat.adapters.passwords import MEMORY_KIB, PARALLELISM, TIME_COST, Argon2Passwords


@pytest.fixture(scope="module")
def passwords():
    return Argon2Passwords()


def test_a_password_verifies_its_own_hash_only(passwords):
    hashed = passwords.hash("secret")
    assert passwords.verify(hashed, "secret")
    assert not passwords.verify(hashed, "Secret")
    assert not passwords.verify(None, "secret")
    assert not passwords.verify("no hash", "secret")


def test_no_hash_verifies_nothing_not_even_what_nobody_knows(passwords):
    stand_in = "what a password is checked against when there is no such user"
    for password in ("", "secret", stand_in):
        assert not passwords.verify("", password)
        assert not passwords.verify(None, password)


def test_no_hash_takes_as_long_as_any_other(passwords):
    def seconds(password_hash):
        started = time.perf_counter()
        passwords.verify(password_hash, "secret")
        return time.perf_counter() - started

    hashed = passwords.hash("other")
    usual, without = (min(seconds(one) for _ in range(5)) for one in (hashed, ""))
    assert usual / 2 < without < usual * 2


@pytest.mark.parametrize(
    "earlier", [(1, MEMORY_KIB, PARALLELISM), (TIME_COST, 8_192, PARALLELISM)], ids=["less time", "less memory"]
)
def test_a_hash_by_earlier_parameters_verifies_and_is_due_for_rehashing(passwords, earlier):
    old = PasswordHasher(*earlier).hash("secret")
    assert passwords.verify(old, "secret")
    assert passwords.needs_rehash(old)


def test_a_hash_by_the_parameters_of_today_is_not(passwords):
    assert not passwords.needs_rehash(passwords.hash("secret"))
