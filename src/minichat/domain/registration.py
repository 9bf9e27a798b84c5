"""Registration: a new account with its first session. The rules for its fields are in `accounts`."""

from dataclasses import dataclass

from minichat.domain.accounts import check_email, check_name, check_password, check_username
from minichat.domain.audit import AuditLog
from minichat.domain.errors import UsernameTaken
from minichat.domain.model import AuditEvent, Device, NewUser, User
from minichat.domain.ports import (
    Characters,
    Clock,
    CommonPasswords,
    EmailAddress,
    MixesScripts,
    PasswordHasher,
    Transaction,
    UsernameKey,
    UserStore,
)
from minichat.domain.sessions import Grant, Sessions
from minichat.domain.text import Fields
from minichat.domain.throttling import Throttling


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    transaction: Transaction
    clock: Clock
    characters: Characters
    username_key: UsernameKey
    mixes_scripts: MixesScripts
    is_common_password: CommonPasswords
    email_address: EmailAddress
    password_hasher: PasswordHasher
    user_store: UserStore
    sessions: Sessions
    throttling: Throttling
    audit_log: AuditLog

    def register(
        self,
        username: str,
        password: str,
        *,
        password_confirm: str | None = None,
        email: str = "",
        first_name: str = "",
        last_name: str = "",
        device: Device = Device(),
    ) -> tuple[User, Grant]:
        """Create an account and its first session, or nothing.

        Raises InvalidInput, UsernameTaken or TooManyAttempts.
        """
        self.throttling.check_registration(device)
        new, secret = self._checked(username, password, password_confirm, email, first_name, last_name)
        # This check saves the slow hash for a taken name. Between concurrent registrations the insert decides.
        if self.user_store.is_taken(new.username_key, new.joined_at):
            with self.transaction():
                self.throttling.count_registration(device)
            raise UsernameTaken
        password_hash = self.password_hasher.hash(secret)
        with self.transaction():
            user = self._add(new._replace(password_hash=password_hash))
            grant = self.sessions.open(user, device)
            self.throttling.count_registration(device)
            self.audit_log.note(
                AuditEvent.REGISTERED, about=user.id, by=user.id, session_id=grant.session.id, device=device
            )
            return user._replace(last_seen_at=grant.issued_at), grant

    def create_superuser(self, username: str, password: str, email: str = "") -> User:
        """Create an account that may use the administration. Raises the same errors as `register`."""
        new, secret = self._checked(username, password, None, email)
        password_hash = self.password_hasher.hash(secret)
        with self.transaction():
            user = self._add(new._replace(password_hash=password_hash, is_superuser=True))
            self.audit_log.note(AuditEvent.SUPERUSER_CREATED, about=user.id)
            return user

    def check(
        self,
        *,
        username: str | None = None,
        password: str | None = None,
        password_confirm: str | None = None,
        email: str = "",
        first_name: str = "",
        last_name: str = "",
    ) -> None:
        """Raise InvalidInput if a given field breaks a rule. Read and change nothing."""
        self._checked(username, password, password_confirm, email, first_name, last_name)

    def _checked(
        self,
        username: str | None,
        password: str | None,
        password_confirm: str | None,
        email: str,
        first_name: str = "",
        last_name: str = "",
    ) -> tuple[NewUser, str]:
        """Return the account without a password hash, and the password in the form to hash. Raises InvalidInput.

        A missing username or password breaks no rule.
        """
        fields = Fields()
        name = key = secret = ""
        if username is not None:
            name, key = check_username(fields, username, self.characters, self.username_key, self.mixes_scripts)
        if password is not None:
            secret = check_password(fields, "password", password, self.username_key, key, self.is_common_password)
            if password_confirm is not None and password_confirm != password:
                fields.wrong("password_confirm", "not_equal")
        first_name = check_name(fields, "first_name", first_name, self.characters)
        last_name = check_name(fields, "last_name", last_name, self.characters)
        address = check_email(fields, email, self.email_address)
        fields.check()
        return NewUser(name, key, "", first_name, last_name, address, self.clock()), secret

    def _add(self, new: NewUser) -> User:
        user = self.user_store.add(new)
        if user is None:
            raise UsernameTaken
        return user
