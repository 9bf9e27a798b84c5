"""The port for the syntax of e-mail addresses."""

from typing import Protocol


class EmailAddress(Protocol):
    """Normalises e-mail addresses. The parameter is named, so that mypy rejects a `UsernameKey` in its place."""

    def __call__(self, address: str) -> str:
        """Return the normal form of an address. Raises ValueError unless it follows RFC 5321 or RFC 6531."""
