"""Sign-in to the administration: first the password, then the code of the second factor, if the superuser has one.

The session opens after the code. Between the two there is a `HalfSignIn`, which the administration keeps in a signed
cookie: it opens the form for the code alone, ends after minutes, and is void after a change of the password. The API's
log-in asks for no code and opens no page of the administration.
"""

from dataclasses import dataclass

from minichat.domain.audit import AuditLog
from minichat.domain.errors import InvalidCode, SignInExpired
from minichat.domain.model import (
    MINUTE,
    AuditEvent,
    Caller,
    Credentials,
    Device,
    Gate,
    HalfSignIn,
    User,
    is_within,
)
from minichat.domain.ports import AdministrationSessionStore, Clock, SecondFactorStore, Transaction, UserStore
from minichat.domain.second_factor_codes import SecondFactorCodes, attempts_of
from minichat.domain.secret_tokens import hash_of
from minichat.domain.sessions import Grant, Sessions
from minichat.domain.throttling import Throttling

HALF_SIGN_IN_DURATION = 5 * MINUTE
"""How long a sign-in waits for its code, in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdministratorSignIn:
    transaction: Transaction
    clock: Clock
    user_store: UserStore
    second_factor_store: SecondFactorStore
    administration_session_store: AdministrationSessionStore
    second_factor_codes: SecondFactorCodes
    sessions: Sessions
    throttling: Throttling
    audit_log: AuditLog
    is_required: bool = False
    """Whether every administrator has to set up a second factor."""

    def gate(self, caller: Caller) -> Gate:
        """Return how far the session of a superuser opens the administration."""
        if self._is_on(caller.user.id):
            is_proved = self.administration_session_store.is_proved(caller.session.id)
            return Gate.OPEN if is_proved else Gate.CLOSED
        return Gate.SET_UP if self.is_required else Gate.OPEN

    def enter_password(
        self, username: str, password: str, device: Device = Device()
    ) -> tuple[User, Grant] | HalfSignIn:
        """Open a session, or return a half sign-in if the superuser has a second factor.

        Raises InvalidCredentials, also for an account that is no superuser, or TooManyAttempts.
        """
        found, guess = self.sessions.recognise(username, password, device, only_superusers=True)
        self.sessions.renew_hash(found, password)
        with self.transaction(account=found.user.id, attempts=guess.checked):
            user = self._unchanged(found)
            self.throttling.check(guess)
            if user is not None and self._is_on(user.id):
                # The counts of the guess stay: knowing the password must not permit unlimited guesses of codes.
                self.audit_log.note(AuditEvent.CODE_AWAITED, about=user.id, device=device)
                return HalfSignIn(user.id, self.clock(), _mark(found))
            if user is not None:
                self.throttling.succeeded(guess)
                return user, self._open(user, device, is_proved=False)
        # Another request has changed the account meanwhile: check the password again.
        return self.enter_password(username, password, device)

    def expect_half(self, half: HalfSignIn) -> User:
        """Return the user of a half sign-in that awaits its code. Raises SignInExpired."""
        found = self.user_store.credentials_by_id(half.user_id)
        if (
            found is None
            or not (found.user.is_active and found.user.is_superuser)
            or not is_within(HALF_SIGN_IN_DURATION, half.began_at, self.clock())
            or _mark(found) != half.password_mark
            or not self._is_on(half.user_id)
        ):
            raise SignInExpired
        return found.user

    def enter_code(self, half: HalfSignIn, code: str, device: Device = Device()) -> tuple[User, Grant]:
        """Open the session of a half sign-in by a code of the app or a recovery code.

        Raises SignInExpired, InvalidCode, TooManyAttempts, or SecondFactorUnreadable.
        """
        guesses = self.second_factor_codes.guesses(self.expect_half(half), device)
        grant = None
        with self.transaction(account=half.user_id, attempts=attempts_of(guesses)):
            user = self.expect_half(half)
            if self.second_factor_codes.use(user.id, code, guesses, device):
                grant = self._open(user, device, is_proved=True)
        # Raise after the transaction: inside, the error would roll back the count of the wrong code.
        if grant is None:
            raise InvalidCode
        return user, grant

    def _open(self, user: User, device: Device, *, is_proved: bool) -> Grant:
        grant = self.sessions.open(user, device)
        self.administration_session_store.mark(grant.session.id, is_proved=is_proved)
        self.audit_log.note(AuditEvent.LOGGED_IN, about=user.id, by=user.id, session_id=grant.session.id, device=device)
        return grant

    def _unchanged(self, found: Credentials) -> User | None:
        """Return the current superuser, or None if another request has changed the account since."""
        current = self.user_store.credentials_by_id(found.user.id)
        if current is None or not (current.user.is_active and current.user.is_superuser):
            return None
        return current.user if current.password_hash == found.password_hash else None

    def _is_on(self, user_id: int) -> bool:
        factor = self.second_factor_store.get(user_id)
        return factor is not None and factor.is_on


def _mark(found: Credentials) -> str:
    """Return a digest that reveals nothing: the hash of a password has a random salt."""
    return hash_of(f"half sign-in with {found.password_hash}")
