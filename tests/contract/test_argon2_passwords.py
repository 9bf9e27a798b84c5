"""`domain.ports.Passwords` by Argon2."""

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


@pytest.mark.parametrize(
    "earlier", [(1, MEMORY_KIB, PARALLELISM), (TIME_COST, 8_192, PARALLELISM)], ids=["less time", "less memory"]
)
def test_a_hash_by_earlier_parameters_verifies_and_is_due_for_rehashing(passwords, earlier):
    old = PasswordHasher(*earlier).hash("secret")
    assert passwords.verify(old, "secret")
    assert passwords.needs_rehash(old)


def test_a_hash_by_the_parameters_of_today_is_not(passwords):
    assert not passwords.needs_rehash(passwords.hash("secret"))
