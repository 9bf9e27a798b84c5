"""The second factor of an administrator."""

from enum import StrEnum
from typing import NamedTuple

from minichat.domain.model.values import Timestamp


class SecondFactor(NamedTuple):
    """The secret that an administrator shares with an authenticator app (TOTP, RFC 6238)."""

    user_id: int
    secret: str
    """Encrypted: see `domain.ports.ciphers`."""
    created_at: Timestamp
    session_id: int
    """The session that began the set-up: no other sees the secret or turns the factor on."""
    confirmed_at: Timestamp | None = None
    """When the administrator first entered a code. Before that, the factor guards nothing."""

    @property
    def is_on(self) -> bool:
        return self.confirmed_at is not None


class SetUpKey(NamedTuple):
    """The secret of a set-up that awaits its first code, as the administrator reads it."""

    secret: str
    uri: str
    """For the QR code: `otpauth://totp/…`."""


class FactorState(NamedTuple):
    """The state of a second factor, as its administrator sees it."""

    on_since: Timestamp | None
    """None while the factor is off."""
    recovery_codes_left: int


class Gate(StrEnum):
    """How far an administrator's session opens the administration."""

    OPEN = "open"
    SET_UP = "set_up"
    """The operator requires a second factor, and this administrator has none: only its set-up is open."""
    CLOSED = "closed"
    """The administrator has a second factor, and this session has not proved it."""


class HalfSignIn(NamedTuple):
    """A sign-in whose password was right, and whose code is missing. It opens nothing but the form for the code."""

    user_id: int
    began_at: Timestamp
    password_mark: str
    """A digest of the password's hash: another password voids the sign-in."""
