"""One-time codes by pyotp, as authenticator apps compute them. Implements `OneTimeCodes`."""

from pyotp import HOTP, TOTP, random_base32

SECRET_LENGTH = 32
"""In characters of base32: 160 bits, the length of the hash (RFC 4226, section 4)."""


class PyotpCodes:
    def new_secret(self) -> str:
        return random_base32(SECRET_LENGTH)

    def code(self, secret: str, step: int) -> str:
        return HOTP(secret).at(step)  # a TOTP is an HOTP of the time step

    def uri(self, secret: str, account: str, issuer: str) -> str:
        return TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)
