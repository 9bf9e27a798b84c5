"""Acts of an operator on the accounts of others. The audit log records each act and its author.

`by` is the administrator's id, or None for the command line. An account is given by its id, or by its username as at
log-in, and is never an erased one. Each act raises NotAnAdministrator if its author is no administrator any more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from minichat.domain.account_links import AccountLinks
from minichat.domain.accounts import check_password, username_key
from minichat.domain.administrators import Administrators, accounts
from minichat.domain.audit import AuditLog
from minichat.domain.errors import SessionNotFound, UserNotFound
from minichat.domain.model import AuditEvent, Credentials, User
from minichat.domain.ports import (
    Clock,
    CommonPasswords,
    PasswordHasher,
    SessionStore,
    Transaction,
    UsernameKey,
    UserStore,
)
from minichat.domain.superusers import Superusers
from minichat.domain.text import Fields

Who = int | str
"""The id or the username of an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    transaction: Transaction
    clock: Clock
    username_key: UsernameKey
    is_common_password: CommonPasswords
    password_hasher: PasswordHasher
    user_store: UserStore
    session_store: SessionStore
    account_links: AccountLinks
    superusers: Superusers
    administrators: Administrators
    audit_log: AuditLog

    def find(self, who: Who) -> User:
        """Return the account. Raises UserNotFound."""
        return self._living(who).user

    def disable(self, who: Who, *, by: int | None = None) -> tuple[User, bool]:
        """Disable the account and end its sessions; False if it was disabled already.

        Raises UserNotFound or LastSuperuser.
        """
        with self._locked(who, by, superusers=True) as (user, _):
            self.superusers.keep_one(user)
            is_new = self.user_store.set_active(user.id, False)
            ended = self.session_store.end_all(user.id, self.clock())
            if is_new:
                self.audit_log.note(AuditEvent.DISABLED, about=user.id, by=by, ended=ended)
        return user, is_new

    def enable(self, who: Who, *, by: int | None = None) -> tuple[User, bool]:
        """Let the user log in again; False if the account was enabled already. Raises UserNotFound."""
        with self._locked(who, by) as (user, _):
            is_new = self.user_store.set_active(user.id, True)
            if is_new:
                self.audit_log.note(AuditEvent.ENABLED, about=user.id, by=by)
        return user, is_new

    def log_out(self, who: Who, *, by: int | None = None) -> tuple[User, int]:
        """End all sessions of the user; return how many were live. Raises UserNotFound."""
        with self._locked(who, by) as (user, _):
            ended = self.session_store.end_all(user.id, self.clock())
            if ended:
                self.audit_log.note(AuditEvent.REVOKED, about=user.id, by=by, ended=ended)
        return user, ended

    def end_session(self, user_id: int, session_id: int, *, by: int | None = None) -> None:
        """End one session of the user. Raises UserNotFound or SessionNotFound."""
        with self._locked(user_id, by):
            session = self.session_store.of(user_id, session_id)
            if session is None or not self.session_store.end(session_id, self.clock()):
                raise SessionNotFound
            self.audit_log.note(AuditEvent.REVOKED, about=user_id, by=by, session_id=session_id)

    def set_password(self, who: Who, password: str, *, by: int | None = None) -> User:
        """Set another password and end all sessions. Raises UserNotFound, or InvalidInput on `password`."""
        key = self._living(who).user.username_key
        fields = Fields()
        secret = check_password(fields, "password", password, self.username_key, key, self.is_common_password)
        fields.check()
        new_hash = self.password_hasher.hash(secret)
        with self._locked(who, by) as (user, old_hash):
            self.user_store.change_password(user.id, old_hash, new_hash)
            self.account_links.void(user.id)
            ended = self.session_store.end_all(user.id, self.clock())
            self.audit_log.note(AuditEvent.PASSWORD_CHANGED, about=user.id, by=by, ended=ended)
        return user

    @contextmanager
    def _locked(self, who: Who, by: int | None, *, superusers: bool = False) -> Iterator[Credentials]:
        """Begin a transaction that holds the account. Raises UserNotFound or NotAnAdministrator."""
        user_id = self._living(who).user.id
        with self.transaction(account=user_id, shared_accounts=accounts(by), superusers=superusers):
            self.administrators.refuse_former(by)
            found = self.user_store.credentials_by_id(user_id)
            if found is None or found.user.is_erased:
                raise UserNotFound
            yield found

    def _living(self, who: Who) -> Credentials:
        found = self._find(who)
        if found.user.is_erased:
            raise UserNotFound
        return found

    def _find(self, who: Who) -> Credentials:
        if isinstance(who, int):
            found = self.user_store.credentials_by_id(who)
        else:
            key = username_key(who, self.username_key)
            found = self.user_store.credentials(key) if key else None
        if found is None:
            raise UserNotFound
        return found
