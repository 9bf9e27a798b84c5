"""What an operator does with the accounts of others. Each act stands in the audit log, with whoever did it.

`by` is the administrator's id, or None for somebody at the command line. A name means the same account here as at the
log-in. An erased account is nobody's, so nothing is done with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

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
    """A stretch of the audit log, the oldest entry first, with the people whom it mentions."""

    entries: Sequence[AuditEntry]
    people: People


@dataclass(frozen=True, slots=True)
class Administration:
    _transaction: Transaction
    _clock: Clock
    _username_key: UsernameKey
    _is_common_password: CommonPasswords
    _passwords: PasswordHasher
    _users: UserStore
    _sessions: SessionStore
    _audit: AuditLog

    def disable(self, username: str, *, by: int | None = None) -> tuple[User, bool]:
        """Let the user in no more, with any token or password; False if it was so already. Raises UserNotFound."""
        with self._transaction():
            user = self._living(username).user
            is_new = self._users.set_active(user.id, False)
            ended = self._sessions.end_all(user.id, self._clock())
            if is_new:
                self._audit.note(AuditEvent.DISABLED, about=user.id, by=by, ended=ended)
        return user, is_new

    def enable(self, username: str, *, by: int | None = None) -> tuple[User, bool]:
        """Let the user log in again; False if it was so already. Raises UserNotFound."""
        with self._transaction():
            user = self._living(username).user
            is_new = self._users.set_active(user.id, True)
            if is_new:
                self._audit.note(AuditEvent.ENABLED, about=user.id, by=by)
        return user, is_new

    def log_out(self, username: str, *, by: int | None = None) -> tuple[User, int]:
        """End all of the user's sessions; return how many there were to end. Raises UserNotFound."""
        with self._transaction():
            user = self._living(username).user
            ended = self._sessions.end_all(user.id, self._clock())
            if ended:
                self._audit.note(AuditEvent.REVOKED, about=user.id, by=by, ended=ended)
        return user, ended

    def set_password(self, username: str, password: str, *, by: int | None = None) -> User:
        """Give the user another password and end all sessions. Raises UserNotFound, or InvalidInput on `password`."""
        key = self._living(username).user.username_key
        fields = Fields()
        secret = check_password(fields, "password", password, self._username_key, key, self._is_common_password)
        fields.check()
        new_hash = self._passwords.hash(secret)
        with self._transaction():
            found = self._living(username)
            self._users.change_password(found.user.id, found.password_hash, new_hash)
            ended = self._sessions.end_all(found.user.id, self._clock())
            self._audit.note(AuditEvent.PASSWORD_CHANGED, about=found.user.id, by=by, ended=ended)
        return found.user

    def record(self, limit: int, *, username: str | None = None, event: AuditEvent | None = None) -> Record:
        """The newest entries of the audit log, or of those about one user or event. Raises UserNotFound."""
        user_id = None if username is None else self._find(username).user.id
        entries = self._audit.page(limit, user_id=user_id, event=event)[::-1]
        mentioned = {id_ for entry in entries for id_ in (entry.user_id, entry.actor_id) if id_ is not None}
        return Record(entries, self._users.by_ids(mentioned))

    def _living(self, username: str) -> Credentials:
        found = self._find(username)
        if found.user.deleted_at is not None:
            raise UserNotFound
        return found

    def _find(self, username: str) -> Credentials:
        key = username_key(username, self._username_key)
        found = self._users.credentials(key) if key else None
        if found is None:
            raise UserNotFound
        return found
