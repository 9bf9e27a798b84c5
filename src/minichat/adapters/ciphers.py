"""Encryption by Fernet (AES in CBC mode with an HMAC), under keys derived from the server's secret. Implements
`SecretCipher`.
"""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


class FernetCipher:
    def __init__(self, keys: Sequence[bytes]) -> None:
        """`keys` have 32 bytes each: the current key first, then its predecessors."""
        self._keys = keys

    @cached_property
    def _fernets(self) -> "Sequence[Fernet]":
        # The package takes megabytes of a worker, and few workers ever need it.
        from cryptography.fernet import Fernet

        return [Fernet(urlsafe_b64encode(key)) for key in self._keys]

    def encrypt(self, text: str) -> str:
        return self._fernets[0].encrypt(text.encode()).decode()

    def decrypt(self, encrypted: str) -> str | None:
        found = (_decrypted(fernet, encrypted) for fernet in self._fernets)
        return next((text for text in found if text is not None), None)

    def is_current(self, encrypted: str) -> bool:
        return _decrypted(self._fernets[0], encrypted) is not None


def _decrypted(fernet: "Fernet", encrypted: str) -> str | None:
    from cryptography.fernet import InvalidToken

    try:
        return fernet.decrypt(encrypted.encode()).decode()
    except InvalidToken:
        return None
