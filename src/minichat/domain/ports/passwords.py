"""Password hashing, and the list of common passwords."""

from typing import Protocol


class PasswordHasher(Protocol):
    """Hashes passwords, slowly on purpose. Raises Unavailable if too many passwords wait to be hashed."""

    def hash(self, password: str) -> str:
        """Return a salted hash of `password`."""

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Return whether `password` made `password_hash`. None or "" is False and takes as long as any hash."""

    def needs_rehash(self, password_hash: str) -> bool:
        """Return whether `hash` uses other parameters today than those of `password_hash`."""


class CommonPasswords(Protocol):
    """Knows common passwords. The parameter's name keeps `MixesScripts` out of its place: mypy compares it."""

    def __call__(self, password: str) -> bool:
        """Return whether a password, in NFC, is one of the most common ones, in upper or lower case."""
