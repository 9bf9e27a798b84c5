"""Making an account, with its first session."""

from dataclasses import dataclass

from minichat.domain.accounts import check_password, check_profile, check_username
from minichat.domain.errors import UsernameTaken
from minichat.domain.model import Device, User
from minichat.domain.ports import (
    Clock,
    CommonPasswords,
    MixesScripts,
    NewUser,
    Passwords,
    Transaction,
    UsernameKey,
    Users,
)
from minichat.domain.sessions import Grant, Sessions
from minichat.domain.text import Fields


@dataclass(frozen=True, slots=True)
class Registration:
    _transaction: Transaction
    _clock: Clock
    _username_key: UsernameKey
    _mixes_scripts: MixesScripts
    _is_common_password: CommonPasswords
    _passwords: Passwords
    _users: Users
    _sessions: Sessions

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
        """Make an account and log it in. Raises InvalidInput or UsernameTaken, and then has made neither."""
        fields = Fields()
        if password_confirm is not None and password_confirm != password:
            fields.wrong("password_confirm", "not_equal")
        new = self._checked(fields, username, password, first_name, last_name, email)
        with self._transaction():
            user = self._add(new)
            grant = self._sessions.open(user, device)
            return user._replace(last_seen_at=grant.issued_at), grant

    def create_superuser(self, username: str, password: str, email: str = "") -> User:
        """Make an account that may use the administration. Raises as `register` does."""
        new = self._checked(Fields(), username, password, "", "", email)
        with self._transaction():
            return self._add(new._replace(is_superuser=True))

    def _checked(
        self, fields: Fields, username: str, password: str, first_name: str, last_name: str, email: str
    ) -> NewUser:
        name, key = check_username(fields, username, self._username_key, self._mixes_scripts)
        secret = check_password(fields, "password", password, self._username_key, key, self._is_common_password)
        first_name, last_name, email = check_profile(fields, first_name=first_name, last_name=last_name, email=email)
        fields.check()
        # A taken name is told before the slow hash; when two ask at once, the insert decides.
        if self._users.credentials(key) is not None:
            raise UsernameTaken
        return NewUser(name, key, self._passwords.hash(secret), first_name, last_name, email, self._clock())

    def _add(self, new: NewUser) -> User:
        user = self._users.add(new)
        if user is None:
            raise UsernameTaken
        return user
