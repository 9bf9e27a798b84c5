"""The ports for usernames: their comparison, and the detection of names that imitate others."""

from typing import Protocol


class UsernameKey(Protocol):
    """Compares usernames. The parameter is named, so that mypy rejects an `EmailAddress` in its place."""

    def __call__(self, username: str) -> str:
        """Return the form of a username for comparisons. Raises ValueError unless RFC 8265 allows the name."""


class MixesScripts(Protocol):
    """Detects mixed scripts. The parameter is named, so that mypy rejects a `CommonPasswords` in its place."""

    def __call__(self, username: str) -> bool:
        """Return whether the name mixes scripts that look alike (UTS #39, section 5.2)."""
