"""Acts of an operator on the accounts of others. The audit log records each act and its author.

`by` is the administrator's id, or None for the command line. A username selects the same account as at log-in, and
never an erased one. This module does not check that the caller is an operator: the pages and commands do.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from minichat.domain.account_links import AccountLinks
from minichat.domain.accounts import check_password, username_key
from minichat.domain.audit import AuditLog
from minichat.domain.errors import UserNotFound
from minichat.domain.model import AuditEntry, AuditEvent, Credentials, People, User
from minichat.domain.ports import (
    Clock,
    CommonPasswords,
    PasswordHasher,
    SessionStore,
    Transaction,
    UsernameKey,
    UserStore,
)
from minichat.domain.text import Fields


class Record(NamedTuple):
    """Entries of the audit log, the oldest first, with the people that they mention."""

    entries: Sequence[AuditEntry]
    people: People


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
    audit_log: AuditLog

    def disable(self, username: str, *, by: int | None = None) -> tuple[User, bool]:
        """Disable the account and end its sessions; False if it was disabled already. Raises UserNotFound."""
        with self._locked(username) as (user, _):
            is_new = self.user_store.set_active(user.id, False)
            ended = self.session_store.end_all(user.id, self.clock())
            if is_new:
                self.audit_log.note(AuditEvent.DISABLED, about=user.id, by=by, ended=ended)
        return user, is_new

    def enable(self, username: str, *, by: int | None = None) -> tuple[User, bool]:
        """Let the user log in again; False if the account was enabled already. Raises UserNotFound."""
        with self._locked(username) as (user, _):
            is_new = self.user_store.set_active(user.id, True)
            if is_new:
                self.audit_log.note(AuditEvent.ENABLED, about=user.id, by=by)
        return user, is_new

    def log_out(self, username: str, *, by: int | None = None) -> tuple[User, int]:
        """End all sessions of the user; return how many were live. Raises UserNotFound."""
        with self._locked(username) as (user, _):
            ended = self.session_store.end_all(user.id, self.clock())
            if ended:
                self.audit_log.note(AuditEvent.REVOKED, about=user.id, by=by, ended=ended)
        return user, ended

    def set_password(self, username: str, password: str, *, by: int | None = None) -> User:
        """Set another password and end all sessions. Raises UserNotFound, or InvalidInput on `password`."""
        key = self._living(username).user.username_key
        fields = Fields()
        secret = check_password(fields, "password", password, self.username_key, key, self.is_common_password)
        fields.check()
        new_hash = self.password_hasher.hash(secret)
        with self._locked(username) as (user, old_hash):
            self.user_store.change_password(user.id, old_hash, new_hash)
            self.account_links.void(user.id)
            ended = self.session_store.end_all(user.id, self.clock())
            self.audit_log.note(AuditEvent.PASSWORD_CHANGED, about=user.id, by=by, ended=ended)
        return user

    def record(self, limit: int, *, username: str | None = None, event: AuditEvent | None = None) -> Record:
        """Return the newest entries of the audit log, of all or about one user or event. Raises UserNotFound."""
        user_id = None if username is None else self._find(username).user.id
        entries = self.audit_log.page(limit, user_id=user_id, event=event)[::-1]
        mentioned = {id_ for entry in entries for id_ in (entry.user_id, entry.actor_id) if id_ is not None}
        return Record(entries, self.user_store.by_ids(mentioned))

    @contextmanager
    def _locked(self, username: str) -> Iterator[Credentials]:
        """Begin a transaction that holds the account of that name. Raises UserNotFound."""
        user_id = self._living(username).user.id
        with self.transaction(account=user_id):
            found = self.user_store.credentials_by_id(user_id)
            if found is None or found.user.is_erased:
                raise UserNotFound
            yield found

    def _living(self, username: str) -> Credentials:
        found = self._find(username)
        if found.user.is_erased:
            raise UserNotFound
        return found

    def _find(self, username: str) -> Credentials:
        key = username_key(username, self.username_key)
        found = self.user_store.credentials(key) if key else None
        if found is None:
            raise UserNotFound
        return found
