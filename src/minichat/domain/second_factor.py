"""The second factor of administrators: set it up, turn it off, make recovery codes, reset it.

A factor belongs to its account, also while that is no superuser: when the right returns, the factor guards it again. So
an administrator can't rid another of their factor by taking the right back and granting it once more. Only its owner,
and an operator at the command line, turn a factor off. Every change ends the account's other sessions in the
administration. The codes are in `domain.second_factor_codes`, the sign-in is in `domain.administrator_sign_in`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from minichat.domain.account_lookup import existing_account
from minichat.domain.audit import AuditLog
from minichat.domain.errors import InvalidInput, SecondFactorIsOff, SecondFactorIsOn, SetUpExpired
from minichat.domain.model import (
    MINUTE,
    AuditEvent,
    Caller,
    Device,
    FactorState,
    SecondFactor,
    SetUpKey,
    User,
    is_within,
)
from minichat.domain.ports import (
    AdministrationSessionStore,
    Clock,
    OneTimeCodes,
    SecondFactorStore,
    SecretCipher,
    Transaction,
    UsernameKey,
    UserStore,
)
from minichat.domain.second_factor_codes import SecondFactorCodes, attempts_of
from minichat.domain.sessions import Sessions
from minichat.domain.throttling import Guess

SET_UP_DURATION = 30 * MINUTE
"""How long a set-up waits for its first code, in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactors:
    transaction: Transaction
    clock: Clock
    username_key: UsernameKey
    one_time_codes: OneTimeCodes
    secret_cipher: SecretCipher
    user_store: UserStore
    second_factor_store: SecondFactorStore
    administration_session_store: AdministrationSessionStore
    second_factor_codes: SecondFactorCodes
    sessions: Sessions
    audit_log: AuditLog

    def state(self, user_id: int) -> FactorState:
        """Return the state of the user's own factor."""
        return factor_state(self.second_factor_store, user_id)

    # Set-up

    def begin(self, caller: Caller, password: str, device: Device = Device()) -> None:
        """Begin a set-up: make a secret that awaits its first code. An unfinished earlier set-up is void.

        Raises InvalidInput on a wrong `password`, TooManyAttempts, SessionEnded, or SecondFactorIsOn.
        """
        self.sessions.verify_password(caller, password, "password", device)
        secret = self.secret_cipher.encrypt(self.one_time_codes.new_secret())
        with self._holding(caller):
            self._expect_off(caller.user.id)
            self.second_factor_store.put(SecondFactor(caller.user.id, secret, self.clock(), caller.session.id))

    def set_up_key(self, caller: Caller, issuer: str) -> SetUpKey | None:
        """Return the secret of the set-up that the caller's session has begun; None if there is none or it has expired.

        `issuer` is the name of the service in the authenticator app.
        """
        factor = self._unfinished(caller)
        secret = None if factor is None else self.secret_cipher.decrypt(factor.secret)
        if secret is None:
            return None
        return SetUpKey(secret, self.one_time_codes.uri(secret, caller.user.username, issuer))

    def confirm(self, caller: Caller, code: str, device: Device = Device()) -> Sequence[str]:
        """Turn the factor on with its first code; return the recovery codes, which are shown this once.

        The code also proves the caller's session. Raises InvalidInput on a wrong `code`, SetUpExpired,
        SecondFactorIsOn, or SessionEnded.
        """
        user_id = caller.user.id
        with self._holding(caller):
            self._expect_off(user_id)
            factor = self._unfinished(caller)
            secret = None if factor is None else self.secret_cipher.decrypt(factor.secret)
            if factor is None or secret is None:
                raise SetUpExpired
            if not self.second_factor_codes.use_first(user_id, secret, code):
                raise InvalidInput.of("code", "wrong_code")
            self.second_factor_store.put(factor._replace(confirmed_at=self.clock()))
            self.administration_session_store.mark(caller.session.id, is_proved=True)
            self._changed(AuditEvent.SECOND_FACTOR_SET_UP, caller, device)
            return self.second_factor_codes.new_recovery_codes(user_id)

    def _expect_off(self, user_id: int) -> None:
        factor = self.second_factor_store.get(user_id)
        if factor is not None and factor.is_on:
            raise SecondFactorIsOn

    def _unfinished(self, caller: Caller) -> SecondFactor | None:
        factor = self.second_factor_store.get(caller.user.id)
        if factor is None or factor.is_on or factor.session_id != caller.session.id:
            return None
        return factor if is_within(SET_UP_DURATION, factor.created_at, self.clock()) else None

    # Changes of a factor that is on

    def turn_off(self, caller: Caller, password: str, code: str, device: Device = Device()) -> None:
        """Turn the caller's factor off.

        Raises InvalidInput on a wrong `password` or `code`, SecondFactorIsOff, TooManyAttempts, SecondFactorUnreadable,
        or SessionEnded.
        """
        guesses = self._verify(caller, password, device)
        with self._holding(caller, guesses):
            is_right = self._is_right(caller, code, guesses, device)
            if is_right:
                self.second_factor_store.remove(caller.user.id)
                self._changed(AuditEvent.SECOND_FACTOR_TURNED_OFF, caller, device)
        _expect_right(is_right)

    def renew_recovery_codes(
        self, caller: Caller, password: str, code: str, device: Device = Device()
    ) -> Sequence[str]:
        """Replace the caller's recovery codes; return the new ones. Raises the errors of `turn_off`."""
        guesses = self._verify(caller, password, device)
        codes: Sequence[str] = ()
        with self._holding(caller, guesses):
            is_right = self._is_right(caller, code, guesses, device)
            if is_right:
                codes = self.second_factor_codes.new_recovery_codes(caller.user.id)
                self._changed(AuditEvent.RECOVERY_CODES_RENEWED, caller, device)
        _expect_right(is_right)
        return codes

    def _verify(self, caller: Caller, password: str, device: Device) -> Sequence[Guess]:
        """Check the password; return the guesses of the code. Raises InvalidInput or SecondFactorIsOff."""
        self.sessions.verify_password(caller, password, "password", device)
        return self.second_factor_codes.guesses(caller.user, device)

    def _is_right(self, caller: Caller, code: str, guesses: Sequence[Guess], device: Device) -> bool:
        factor = self.second_factor_store.get(caller.user.id)
        if factor is None or not factor.is_on:
            raise SecondFactorIsOff
        return self.second_factor_codes.use(caller.user.id, code, guesses, device)

    def _changed(self, event: AuditEvent, caller: Caller, device: Device) -> None:
        """End the caller's other sessions in the administration, and record the change."""
        user_id, session_id = caller.user.id, caller.session.id
        ended = self.administration_session_store.end_all(user_id, self.clock(), but=session_id)
        self.audit_log.note(event, about=user_id, by=user_id, session_id=session_id, device=device, ended=ended)

    @contextmanager
    def _holding(self, caller: Caller, guesses: Sequence[Guess] = ()) -> Iterator[None]:
        """Begin a transaction that holds the caller's account and the guesses. Raises SessionEnded."""
        with self.transaction(account=caller.user.id, attempts=attempts_of(guesses)):
            self.sessions.authenticate(caller.session.id, caller.user.id)
            yield

    # Help from an operator

    def reset(self, username: str, *, by: int | None = None) -> tuple[User, bool]:
        """Turn off the factor of an administrator who lost it; return False if there was none. Raises UserNotFound.

        All sessions of the account in the administration end.
        """
        user = existing_account(self.user_store, self.username_key, username).user
        user_id = user.id
        with self.transaction(account=user_id):
            is_reset = self.second_factor_store.remove(user_id)
            if is_reset:
                ended = self.administration_session_store.end_all(user_id, self.clock())
                self.audit_log.note(AuditEvent.SECOND_FACTOR_RESET, about=user_id, by=by, ended=ended)
        return user, is_reset

    # The server's key

    def renew_encryption(self) -> int:
        """Encrypt all secrets with the current key; return how many were under another. Do this at each start."""
        renewed = 0
        for factor in self.second_factor_store.all():
            secret = self.secret_cipher.decrypt(factor.secret)
            if secret is not None and not self.secret_cipher.is_current(factor.secret):
                with self.transaction(account=factor.user_id):
                    new = self.secret_cipher.encrypt(secret)
                    renewed += self.second_factor_store.replace_secret(factor.user_id, factor.secret, new)
        return renewed

    def unreadable(self) -> int:
        """Return how many secrets no known key can decrypt."""
        return sum(self.secret_cipher.decrypt(factor.secret) is None for factor in self.second_factor_store.all())


def factor_state(store: SecondFactorStore, user_id: int) -> FactorState:
    """Return the state of a user's factor."""
    factor = store.get(user_id)
    if factor is None or not factor.is_on:
        return FactorState(None, 0)
    return FactorState(factor.confirmed_at, store.recovery_codes_left(user_id))


def _expect_right(is_right: bool) -> None:
    """Raise InvalidInput, after the transaction that has counted the wrong code."""
    if not is_right:
        raise InvalidInput.of("code", "wrong_code")
