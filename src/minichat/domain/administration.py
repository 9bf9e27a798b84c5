"""Acts of an operator on the accounts of others. The audit log records each act and its author.

`by` is the administrator's id, or None for the command line. An account is given by its id, or by its username as at
log-in, and is never an erased one. Each act raises NotAnAdministrator if its author is no administrator any more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from minichat.domain.account_links import AccountLinks
from minichat.domain.account_lookup import UserReference, existing_account
from minichat.domain.accounts import check_password
from minichat.domain.administrators import Administrators, accounts
from minichat.domain.audit import AuditLog
from minichat.domain.errors import SessionNotFound
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

    def find(self, reference: UserReference) -> User:
        """Return the account. Raises UserNotFound."""
        return self._existing(reference).user

    def disable(self, reference: UserReference, *, by: int | None = None) -> tuple[User, bool]:
        """Disable the account and end its sessions; False if it was disabled already.

        Raises UserNotFound or LastSuperuser.
        """
        with self._locked(reference, by, superusers=True) as (user, _):
            self.superusers.keep_one(user)
            is_new = self.user_store.set_active(user.id, False)
            ended = self.session_store.end_all(user.id, self.clock())
            if is_new:
                self.audit_log.note(AuditEvent.DISABLED, about=user.id, by=by, ended=ended)
        return user, is_new

    def enable(self, reference: UserReference, *, by: int | None = None) -> tuple[User, bool]:
        """Let the user log in again; False if the account was enabled already. Raises UserNotFound."""
        with self._locked(reference, by) as (user, _):
            is_new = self.user_store.set_active(user.id, True)
            if is_new:
                self.audit_log.note(AuditEvent.ENABLED, about=user.id, by=by)
        return user, is_new

    def log_out(self, reference: UserReference, *, by: int | None = None) -> tuple[User, int]:
        """End all sessions of the user; return how many were live. Raises UserNotFound."""
        with self._locked(reference, by) as (user, _):
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

    def set_password(self, reference: UserReference, password: str, *, by: int | None = None) -> User:
        """Set another password and end all sessions. Raises UserNotFound, or InvalidInput on `password`."""
        key = self._existing(reference).user.username_key
        fields = Fields()
        secret = check_password(fields, "password", password, self.username_key, key, self.is_common_password)
        fields.check()
        new_hash = self.password_hasher.hash(secret)
        with self._locked(reference, by) as (user, old_hash):
            self.user_store.change_password(user.id, old_hash, new_hash)
            self.account_links.void(user.id)
            ended = self.session_store.end_all(user.id, self.clock())
            self.audit_log.note(AuditEvent.PASSWORD_CHANGED, about=user.id, by=by, ended=ended)
        return user

    @contextmanager
    def _locked(self, reference: UserReference, by: int | None, *, superusers: bool = False) -> Iterator[Credentials]:
        """Begin a transaction that holds the account. Raises UserNotFound or NotAnAdministrator."""
        user_id = self._existing(reference).user.id
        with self.transaction(account=user_id, shared_accounts=accounts(by), superusers=superusers):
            self.administrators.refuse_former(by)
            yield self._existing(user_id)

    def _existing(self, reference: UserReference) -> Credentials:
        return existing_account(self.user_store, self.username_key, reference)
