"""Time-based one-time codes (TOTP, RFC 6238)."""

from typing import Protocol


class OneTimeCodes(Protocol):
    """Codes of six digits, a new one in each step of 30 seconds."""

    def new_secret(self) -> str:
        """Return a random secret of 160 bits, in base32 as authenticator apps take it."""

    def code(self, secret: str, step: int) -> str:
        """Return the code of a time step; the steps count from the Unix epoch."""

    def uri(self, secret: str, account: str, issuer: str) -> str:
        """Return the `otpauth://` URI that an authenticator app reads from a QR code."""
