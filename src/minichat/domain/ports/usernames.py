"""The ports for usernames: how they are compared, and which of them look like another."""

from typing import Protocol


class UsernameKey(Protocol):
    """Compares usernames. The parameter's name keeps `EmailAddress` out of its place: mypy compares it."""

    def __call__(self, username: str) -> str:
        """Return the form by which a username is compared. Raises ValueError unless RFC 8265 allows the name."""


class MixesScripts(Protocol):
    """Detects mixed scripts. The parameter's name keeps `CommonPasswords` out of its place: mypy compares it."""

    def __call__(self, username: str) -> bool:
        """Return whether the name mixes scripts that look alike (UTS #39, section 5.2)."""
