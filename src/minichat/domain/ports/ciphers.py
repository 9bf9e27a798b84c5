"""Encryption of secrets that the database stores and the server has to read again."""

from typing import Protocol


class SecretCipher(Protocol):
    """Encrypts with the server's current secret key, and also decrypts what its previous one encrypted."""

    def encrypt(self, text: str) -> str: ...

    def decrypt(self, encrypted: str) -> str | None:
        """Return the text, or None if no known key has encrypted it."""

    def is_current(self, encrypted: str) -> bool:
        """Return whether the current key has encrypted the text."""
