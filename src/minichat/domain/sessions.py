"""Log-in, refresh rotation, log-out: the life of a session.

A session is a chain of refresh tokens (RFC 9700, section 4.14). Using the newest makes its one successor; using it
again within the grace, while the successor is unused, gives the same successor; any other reuse is theft and ends the
session. A token is known by its `jti`; the store holds only a hash of it. A successor's `jti` is derived from its
parent's with the server's key, which is how a lost answer can be given again without keeping it.

How a token looks on the wire is the API's business: this module hands out and takes `jti`s.
"""

import hashlib
import hmac
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from minichat.domain.accounts import check_password, normal_password, username_key
from minichat.domain.errors import (
    InvalidCredentials,
    InvalidInput,
    InvalidToken,
    RefreshTokenReused,
    SessionEnded,
    TokenExpired,
    Unavailable,
)
from minichat.domain.model import (
    LAST_SEEN_RESOLUTION,
    SECOND,
    Caller,
    Credentials,
    Device,
    RefreshToken,
    Session,
    Timestamp,
    User,
)
from minichat.domain.ports import Clock, CommonPasswords, Passwords, Transaction, UsernameKey, Users
from minichat.domain.ports import Sessions as SessionStore
from minichat.domain.text import Fields

USER_AGENT_MOST = 400
PRESENCE_PATIENCE = 0.1
"""How long a request is held up for being seen, in seconds: it may have come only to read."""


class Lifetimes(NamedTuple):
    """How long things live, in seconds."""

    access: int = 3_600
    refresh: int = 7 * 86_400
    session: int = 30 * 86_400
    grace: int = 30


class Grant(NamedTuple):
    """What a refresh token is made of, and the session it keeps up."""

    session: Session
    jti: str
    issued_at: Timestamp
    expires_at: Timestamp


@dataclass(frozen=True, slots=True)
class Sessions:
    _transaction: Transaction
    _clock: Clock
    _username_key: UsernameKey
    _is_common_password: CommonPasswords
    _passwords: Passwords
    _users: Users
    _store: SessionStore
    _lifetimes: Lifetimes
    _chain_key: bytes = field(repr=False)

    def log_in(self, username: str, password: str, device: Device = Device()) -> tuple[User, Grant]:
        """Open a session. Raises InvalidCredentials, in the same time for a wrong name as for a wrong password."""
        key = username_key(username, self._username_key)
        found = self._users.credentials(key) if key else None
        if not self._is_right(found, password) or found is None or not found.user.is_active:
            raise InvalidCredentials
        with self._transaction():
            # Hashing took its time: what was verified must still be so.
            current = self._users.credentials_by_id(found.user.id)
            is_so = current is not None and current.user.is_active and current.password_hash == found.password_hash
            grant = self.open(found.user, device) if is_so else None
        if current is None or grant is None:
            return self.log_in(username, password, device)  # another password now, or another hash of this one
        self._renew_hash(found, password)
        return current.user._replace(last_seen_at=grant.issued_at), grant

    def open(self, user: User, device: Device) -> Grant:
        """Open a session of `user` with its first refresh token, inside the caller's transaction."""
        now = self._clock()
        device = Device(device.user_agent[:USER_AGENT_MOST], device.ip)
        session = self._store.open(user.id, device, now, now + self._lifetimes.session * SECOND)
        self._users.seen(user.id, now)
        return self._issue(session, secrets.token_urlsafe(24), now)

    def authenticate(self, session_id: int, user_id: int) -> Caller:
        """Tell who calls. Raises SessionEnded if the session or its account lives no more.

        Every request does this, so that whatever ends a session takes effect on the next one, on every worker.
        """
        caller = self._store.caller(session_id)
        if caller is None or caller.user.id != user_id or not caller.user.is_active:
            raise SessionEnded
        if not caller.session.is_live(self._clock()):
            raise SessionEnded
        return caller

    def is_stale(self, caller: Caller) -> bool:
        """Whether the caller's presence is due for renewal by `note_activity`."""
        seen = caller.user.last_seen_at
        return seen is None or self._clock() - seen >= LAST_SEEN_RESOLUTION

    def note_activity(self, caller: Caller) -> Caller:
        """Renew the caller's presence lease and the session's last use; return the caller as it is now."""
        with self._transaction(patience=PRESENCE_PATIENCE):
            now = self._clock()
            current = self._store.caller(caller.session.id)
            if current is None or not self.is_stale(current):
                return current or caller  # another request of the same user was faster
            self._users.seen(caller.user.id, now)
            self._store.used(caller.session.id, now)
        return Caller(current.user._replace(last_seen_at=now), current.session._replace(last_used_at=now))

    def refresh(self, session_id: int, user_id: int, jti: str) -> Grant:
        """Exchange a refresh token for its one successor.

        Raises SessionEnded, InvalidToken for one that this session does not know, TokenExpired, or RefreshTokenReused,
        whose end of the session is committed before it is raised.
        """
        now = self._clock()
        jti_hash = _hash(jti)
        with self._transaction():
            caller = self.authenticate(session_id, user_id)
            token = self._store.token(jti_hash)
            if token is None or token.session_id != session_id:
                raise InvalidToken
            if now >= token.expires_at:
                raise TokenExpired
            grant: Grant | None
            if self._store.claim_token(jti_hash, now):
                self._store.used(session_id, now)
                self._users.seen(user_id, now)
                grant = self._issue(caller.session, self._successor(jti), now)
            else:
                grant = self._same_successor(caller.session, jti, now)
                if grant is None:
                    self._store.end(session_id, now)
        # Raised after the block: raised inside, it would undo the end of the session.
        if grant is None:
            raise RefreshTokenReused
        return grant

    def log_out(self, *session_ids: int) -> None:
        """End the sessions; those that have ended already stay so."""
        with self._transaction():
            for session_id in session_ids:
                self._store.end(session_id, self._clock())

    def change_password(self, caller: Caller, old: str, new: str, confirm: str | None = None) -> Grant:
        """Set a new password; every other session ends, this one goes on with a new refresh token.

        Raises InvalidInput, on the field `old_password` if that is wrong.
        """
        fields = Fields()
        secret = check_password(
            fields, "new_password", new, self._username_key, caller.user.username_key, self._is_common_password
        )
        if confirm is not None and confirm != new:
            fields.wrong("new_password_confirm", "not_equal")
        fields.check()
        found = self._users.credentials_by_id(caller.user.id)
        if found is None or not self._is_right(found, old):
            raise InvalidInput.of("old_password", "wrong_password")
        new_hash = self._passwords.hash(secret)
        with self._transaction():
            if not self._users.change_password(caller.user.id, found.password_hash, new_hash):
                raise InvalidInput.of("old_password", "wrong_password")
            session = self.authenticate(caller.session.id, caller.user.id).session
            now = self._clock()
            self._store.end_others(caller.user.id, caller.session.id, now)
            self._store.drop_tokens(session.id)
            return self._issue(session, secrets.token_urlsafe(24), now)

    def _is_right(self, found: Credentials | None, password: str) -> bool:
        """Whether the password is theirs; takes as long for nobody, and for a password that can't be anybody's."""
        secret = normal_password(password)
        password_hash = found.password_hash if found is not None and secret is not None else None
        return self._passwords.verify(password_hash, secret or "")

    def _renew_hash(self, found: Credentials, password: str) -> None:
        """Hash their password again if that is done otherwise today; failing that, the next log-in can do it too."""
        secret = normal_password(password)
        if secret is None or not self._passwords.needs_rehash(found.password_hash):
            return
        with suppress(Unavailable):
            new_hash = self._passwords.hash(secret)
            with self._transaction():
                self._users.change_password(found.user.id, found.password_hash, new_hash)

    def _issue(self, session: Session, jti: str, now: Timestamp) -> Grant:
        expires_at = min(now + self._lifetimes.refresh * SECOND, session.expires_at)
        self._store.add_token(RefreshToken(_hash(jti), session.id, now, expires_at))
        return Grant(session, jti, now, expires_at)

    def _same_successor(self, session: Session, jti: str, now: Timestamp) -> Grant | None:
        """What the used token `jti` was exchanged for, if that was just now and has not been used in its turn."""
        token = self._store.token(_hash(jti))
        successor = self._store.token(_hash(self._successor(jti)))
        if token is None or token.used_at is None or successor is None or successor.used_at is not None:
            return None
        if now - token.used_at >= self._lifetimes.grace * SECOND:
            return None
        return Grant(session, self._successor(jti), successor.issued_at, successor.expires_at)

    def _successor(self, jti: str) -> str:
        return hmac.new(self._chain_key, f"successor of {jti}".encode(), hashlib.sha256).hexdigest()


def _hash(jti: str) -> str:
    return hashlib.sha256(jti.encode()).hexdigest()
