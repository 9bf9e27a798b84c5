"""Password hashing, and the list of common passwords."""

from typing import Protocol


class PasswordHasher(Protocol):
    """Hashes passwords, slowly on purpose. Raises Unavailable if too many passwords wait to be hashed."""

    def hash(self, password: str) -> str:
        """Return a salted hash of `password`."""

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Return whether the hash belongs to `password`. None and "" return False, as slowly as any other hash."""

    def needs_rehash(self, password_hash: str) -> bool:
        """Return whether `password_hash` has other parameters than a new hash would have."""


class CommonPasswords(Protocol):
    """Knows common passwords. The parameter is named, so that mypy rejects a `MixesScripts` in its place."""

    def __call__(self, password: str) -> bool:
        """Return whether a password, given in NFC, is very common. Upper and lower case count as equal."""
