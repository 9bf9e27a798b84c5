"""The codes of a second factor: from an authenticator app (TOTP, RFC 6238), and recovery codes.

A code of the app is valid for one step of 30 seconds and one step on either side, because clocks differ. Each code
works once, over all workers and hosts. A recovery code works once at any time.

Wrong codes count as failed log-ins. They also have counts of their own: a right password forgets the counts of a
log-in, which would permit unlimited guesses of codes.
"""

import hmac
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from minichat.domain.audit import AuditLog
from minichat.domain.errors import SecondFactorUnreadable
from minichat.domain.model import SECOND, AuditEvent, Device, User
from minichat.domain.ports import (
    AdministrationSessionStore,
    Clock,
    OneTimeCodes,
    SecondFactorStore,
    SecretCipher,
)
from minichat.domain.secret_tokens import hash_of
from minichat.domain.throttling import Guess, Throttling

STEP = 30 * SECOND
"""How long the app shows a code, in milliseconds."""
NEIGHBOURS = 1
"""How many steps a clock may be ahead or behind."""
CODE_LENGTH = 6
RECOVERY_CODES = 10
MAX_TYPED_LENGTH = 100
"""Longer input is cut before it is compared."""
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base32: no two characters look alike."""
_GROUPS, _GROUP_LENGTH = 4, 4
"""A recovery code has 80 bits, which nobody can guess from its hash either."""
_LOOK_ALIKE = str.maketrans("oil", "011")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorCodes:
    clock: Clock
    one_time_codes: OneTimeCodes
    secret_cipher: SecretCipher
    second_factor_store: SecondFactorStore
    administration_session_store: AdministrationSessionStore
    throttling: Throttling
    audit_log: AuditLog

    def guesses(self, user: User, device: Device) -> Sequence[Guess]:
        """Return the guesses that a code is: as a failed log-in, and as a code."""
        is_known = self.administration_session_store.is_known
        return (
            self.throttling.guess(user.username_key, user.id, device),
            self.throttling.code_guess(user.username_key, user.id, device, is_known),
        )

    def use(self, user_id: int, code: str, guesses: Sequence[Guess], device: Device) -> bool:
        """Use a code of the app or a recovery code; return False if it is wrong or was used before.

        Call this inside a transaction that holds the account and `attempts_of(guesses)`. A wrong code is counted and
        recorded, so commit before you raise an error. Raises TooManyAttempts, or SecondFactorUnreadable for a code of
        the app.
        """
        typed = typed_code(code)
        is_recovery = len(typed) != CODE_LENGTH
        for guess in guesses:
            # Nobody guesses a recovery code. So it still opens if wrong codes have used up the limit of the account.
            self.throttling.check(guess, with_account=not is_recovery)
        is_right = self._use_recovery_code(user_id, typed) if is_recovery else self._use_code(user_id, typed)
        for guess in guesses:
            (self.throttling.succeeded if is_right else self.throttling.failed)(guess)
        if not is_right:
            self.audit_log.note(AuditEvent.CODE_REFUSED, about=user_id, device=device)
        elif is_recovery:
            left = self.second_factor_store.recovery_codes_left(user_id)
            self.audit_log.note(AuditEvent.RECOVERY_CODE_USED, about=user_id, by=user_id, device=device, left=left)
        return is_right

    def use_first(self, user_id: int, secret: str, code: str) -> bool:
        """Use the code that confirms a new secret, inside the caller's transaction; False if it is wrong."""
        step = self._step_of(secret, typed_code(code))
        return step is not None and self.second_factor_store.use_step(user_id, step, keep=2 * NEIGHBOURS)

    def new_recovery_codes(self, user_id: int) -> Sequence[str]:
        """Replace the recovery codes of the account, inside the caller's transaction. Only their hashes are stored."""
        codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
        self.second_factor_store.set_recovery_codes(user_id, [_hash(user_id, typed_code(code)) for code in codes])
        return codes

    def _use_code(self, user_id: int, typed: str) -> bool:
        factor = self.second_factor_store.get(user_id)
        if factor is None or not factor.is_on:
            return False
        secret = self.secret_cipher.decrypt(factor.secret)
        if secret is None:
            raise SecondFactorUnreadable
        return self.use_first(user_id, secret, typed)

    def _use_recovery_code(self, user_id: int, typed: str) -> bool:
        return self.second_factor_store.use_recovery_code(user_id, _hash(user_id, typed))

    def _step_of(self, secret: str, typed: str) -> int | None:
        """Return the time step of the code among the current one and its neighbours; None if it is of none."""
        now, found = self.clock() // STEP, None
        for step in range(now - NEIGHBOURS, now + NEIGHBOURS + 1):
            if hmac.compare_digest(self.one_time_codes.code(secret, step).encode(), typed.encode()):
                found = step
        return found


def attempts_of(guesses: Sequence[Guess]) -> Sequence[str]:
    """Return the attempt counts that `SecondFactorCodes.use` reads and changes."""
    return [key for guess in guesses for key in guess.all]


def typed_code(text: str) -> str:
    """Return a code as it is compared: without spaces and hyphens, in ASCII digits and lower case."""
    normal = unicodedata.normalize("NFKC", text[:MAX_TYPED_LENGTH])
    kept = "".join(_in_ascii(char) for char in normal if char.isalnum()).lower()
    return kept if len(kept) == CODE_LENGTH else kept.translate(_LOOK_ALIKE)


def _in_ascii(char: str) -> str:
    digit = unicodedata.decimal(char, None)
    return char if digit is None else str(digit)


def _new_recovery_code() -> str:
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)


def _hash(user_id: int, typed: str) -> str:
    return hash_of(f"recovery code of {user_id}: {typed}")
