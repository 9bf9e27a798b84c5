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
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from minichat.domain.accounts import check_password, normal_password, username_key
from minichat.domain.audit import AuditLog
from minichat.domain.errors import (
    InvalidCredentials,
    InvalidInput,
    InvalidToken,
    RefreshTokenReused,
    SessionEnded,
    SessionNotFound,
    TokenExpired,
    Unavailable,
)
from minichat.domain.model import (
    SECOND,
    AuditEvent,
    Caller,
    Credentials,
    Device,
    RefreshToken,
    Session,
    Timestamp,
    User,
)
from minichat.domain.paging import Page, Window, cut
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
from minichat.domain.throttling import Guess, Throttling

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    transaction: Transaction
    clock: Clock
    username_key: UsernameKey
    is_common_password: CommonPasswords
    password_hasher: PasswordHasher
    user_store: UserStore
    session_store: SessionStore
    throttling: Throttling
    audit_log: AuditLog
    lifetimes: Lifetimes
    chain_keys: tuple[bytes, ...] = field(repr=False)
    """The current one, then those from which successors may have been derived until lately."""

    def log_in(
        self, username: str, password: str, device: Device = Device(), *, only_superusers: bool = False
    ) -> tuple[User, Grant]:
        """Open a session. Raises InvalidCredentials, in the same time for a wrong name as for a wrong password, or
        TooManyAttempts. With `only_superusers`, everybody else's password is a wrong one.
        """
        key = username_key(username, self.username_key)
        found = self.user_store.credentials(key) if key else None
        guess = self.throttling.guess(key or username, found and found.user.id, device)
        self.throttling.check(guess)
        is_right = self._is_right(found, password)
        if (
            not is_right
            or found is None
            or not found.user.is_active
            or (only_superusers and not found.user.is_superuser)
        ):
            self._note_failure(guess, AuditEvent.LOG_IN_FAILED)
            raise InvalidCredentials
        with self.transaction(account=found.user.id, attempts=guess.checked):
            # Hashing took its time: what was verified must still be so.
            current = self.user_store.credentials_by_id(found.user.id)
            self.throttling.check(guess)
            grant = None
            if current is not None and current.user.is_active and current.password_hash == found.password_hash:
                self.throttling.succeeded(guess)
                grant = self.open(found.user, device)
                self.audit_log.note(
                    AuditEvent.LOGGED_IN,
                    about=found.user.id,
                    by=found.user.id,
                    session_id=grant.session.id,
                    device=device,
                )
        if current is None or grant is None:
            # Another password now, or another hash of this one.
            return self.log_in(username, password, device, only_superusers=only_superusers)
        self._renew_hash(found, password)
        return current.user._replace(last_seen_at=grant.issued_at), grant

    def open(self, user: User, device: Device) -> Grant:
        """Open a session of `user` with its first refresh token, inside the caller's transaction."""
        now = self.clock()
        session = self.session_store.open(user.id, device.kept, now, now + self.lifetimes.session * SECOND)
        self.user_store.seen(user.id, now)
        return self._issue(session, secrets.token_urlsafe(24), now)

    def authenticate(self, session_id: int, user_id: int) -> Caller:
        """Tell who calls. Raises SessionEnded if the session or its account lives no more.

        Every request does this, so that whatever ends a session takes effect on the next one, on every worker.
        """
        caller = self.session_store.caller(session_id)
        if caller is None or caller.user.id != user_id or not caller.is_live(self.clock()):
            raise SessionEnded
        return caller

    def is_stale(self, caller: Caller) -> bool:
        """Whether the caller's presence is due for renewal by `note_activity`."""
        return caller.user.is_due(self.clock())

    def note_activity(self, caller: Caller) -> Caller:
        """Renew the caller's presence lease and the session's last use; return the caller as it is now.

        Raises SessionEnded if it has ended meanwhile: whose account was just erased is not online.
        """
        with self.transaction(account=caller.user.id, patience=PRESENCE_PATIENCE):
            now = self.clock()
            current = self.authenticate(caller.session.id, caller.user.id)
            if not current.user.is_due(now):
                return current  # another request of the same user was faster
            self.user_store.seen(caller.user.id, now)
            self.session_store.used(caller.session.id, now)
        return Caller(current.user._replace(last_seen_at=now), current.session._replace(last_used_at=now))

    def live_among(self, session_ids: Collection[int]) -> Collection[int]:
        """Those of the sessions that live, and whose accounts are active."""
        return self.session_store.live_among(session_ids, self.clock())

    def live(self, user_id: int, window: Window) -> Page[Session]:
        """The user's sessions that live, the newest first."""
        return cut(self.session_store.live_page(user_id, self.clock(), window), window, lambda session: (session.id,))

    def refresh(self, session_id: int, user_id: int, jti: str, device: Device = Device()) -> Grant:
        """Exchange a refresh token for its one successor.

        Raises SessionEnded, InvalidToken for one that this session does not know, TokenExpired, TooManyAttempts, or
        RefreshTokenReused, whose end of the session is committed before it is raised.
        """
        now = self.clock()
        jti_hash = _hash(jti)
        with self.transaction(account=user_id):
            caller = self.authenticate(session_id, user_id)
            token = self.session_store.token(jti_hash)
            if token is None or token.session_id != session_id:
                raise InvalidToken
            if now >= token.expires_at:
                raise TokenExpired
            grant: Grant | None
            if self.session_store.claim_token(jti_hash, now):
                self.throttling.count_refresh(session_id)
                self.session_store.used(session_id, now)
                self.user_store.seen(user_id, now)
                grant = self._issue(caller.session, self._successors(jti)[0], now)
            else:
                grant = self._same_successor(caller.session, jti, now)
                if grant is None:
                    self.session_store.end(session_id, now)
                    self.audit_log.note(AuditEvent.REFRESH_REUSED, about=user_id, session_id=session_id, device=device)
        # Raised after the block: raised inside, it would undo the end of the session.
        if grant is None:
            raise RefreshTokenReused
        return grant

    def log_out(self, user_id: int, *session_ids: int, device: Device = Device()) -> None:
        """End these sessions of the user; those that have ended already stay so."""
        self._end(AuditEvent.LOGGED_OUT, user_id, session_ids, device)

    def revoke(self, caller: Caller, session_id: int, device: Device = Device()) -> None:
        """End one of the caller's sessions; one that has ended already is fine. Raises SessionNotFound."""
        if self.session_store.of(caller.user.id, session_id) is None:
            raise SessionNotFound
        self._end(AuditEvent.REVOKED, caller.user.id, (session_id,), device)

    def revoke_others(self, caller: Caller, device: Device = Device()) -> None:
        """End all of the caller's sessions but the one that asks."""
        with self.transaction(account=caller.user.id):
            ended = self.session_store.end_all(caller.user.id, self.clock(), but=caller.session.id)
            if ended:
                self.audit_log.note(
                    AuditEvent.OTHERS_REVOKED,
                    about=caller.user.id,
                    by=caller.user.id,
                    session_id=caller.session.id,
                    device=device,
                    ended=ended,
                )

    def verify_password(self, caller: Caller, password: str, field: str, device: Device = Device()) -> Credentials:
        """Return the caller's credentials if that is the password, asked for once more before something grave.

        Raises InvalidInput on `field`, or TooManyAttempts: guessing here is throttled as it is at the door. Raises
        SessionEnded if it has ended meanwhile, as by the account's erasure: then it was no guess.
        """
        found = self.user_store.credentials_by_id(caller.user.id)
        guess = self.throttling.guess(caller.user.username_key, caller.user.id, device)
        self.throttling.check(guess)
        if found is None or not self._is_right(found, password):
            self._note_failure(guess, AuditEvent.PASSWORD_REFUSED, caller)
            raise InvalidInput.of(field, "wrong_password")
        self.throttling.check(guess)
        return found

    def change_password(
        self, caller: Caller, old: str, new: str, confirm: str | None = None, device: Device = Device()
    ) -> Grant:
        """Set a new password; every other session ends, this one goes on with a new refresh token.

        Raises InvalidInput, on the field `old_password` if that is wrong, TooManyAttempts, or SessionEnded.
        """
        fields = Fields()
        secret = check_password(
            fields, "new_password", new, self.username_key, caller.user.username_key, self.is_common_password
        )
        if confirm is not None and confirm != new:
            fields.wrong("new_password_confirm", "not_equal")
        fields.check()
        found = self.verify_password(caller, old, "old_password", device)
        new_hash = self.password_hasher.hash(secret)
        with self.transaction(account=caller.user.id):
            session = self.authenticate(caller.session.id, caller.user.id).session
            if not self.user_store.change_password(caller.user.id, found.password_hash, new_hash):
                raise InvalidInput.of("old_password", "wrong_password")
            now = self.clock()
            self.session_store.end_all(caller.user.id, now, but=caller.session.id)
            self.session_store.drop_tokens(session.id)
            self.audit_log.note(
                AuditEvent.PASSWORD_CHANGED,
                about=caller.user.id,
                by=caller.user.id,
                session_id=session.id,
                device=device,
            )
            return self._issue(session, secrets.token_urlsafe(24), now)

    def _end(self, event: AuditEvent, user_id: int, session_ids: Iterable[int], device: Device) -> None:
        with self.transaction(account=user_id):
            for session_id in session_ids:
                if self.session_store.end(session_id, self.clock()):
                    self.audit_log.note(event, about=user_id, by=user_id, session_id=session_id, device=device)

    def _note_failure(self, guess: Guess, event: AuditEvent, caller: Caller | None = None) -> None:
        """Count a wrong password and put it on record. Raises TooManyAttempts if others made at once were enough.

        Raises SessionEnded if it is of a caller whose session has.
        """
        account = None if caller is None else caller.user.id
        with self.transaction(account=account, attempts=guess.all):
            if caller is not None:
                self.authenticate(caller.session.id, caller.user.id)
            self.throttling.check(guess)
            self.throttling.failed(guess)
            self.audit_log.note(event, about=guess.user_id, device=guess.device)

    def _is_right(self, found: Credentials | None, password: str) -> bool:
        """Whether the password is theirs; takes as long for nobody, and for a password that can't be anybody's."""
        secret = normal_password(password)
        password_hash = found.password_hash if found is not None and secret is not None else None
        return self.password_hasher.verify(password_hash, secret or "")

    def _renew_hash(self, found: Credentials, password: str) -> None:
        """Hash their password again if that is done otherwise today; failing that, the next log-in can do it too."""
        secret = normal_password(password)
        if secret is None or not self.password_hasher.needs_rehash(found.password_hash):
            return
        with suppress(Unavailable):
            new_hash = self.password_hasher.hash(secret)
            with self.transaction(account=found.user.id):
                self.user_store.change_password(found.user.id, found.password_hash, new_hash)

    def _issue(self, session: Session, jti: str, now: Timestamp) -> Grant:
        expires_at = min(now + self.lifetimes.refresh * SECOND, session.expires_at)
        self.session_store.add_token(RefreshToken(_hash(jti), session.id, now, expires_at))
        return Grant(session, jti, now, expires_at)

    def _same_successor(self, session: Session, jti: str, now: Timestamp) -> Grant | None:
        """What the used token `jti` was exchanged for, if that was just now and has not been used in its turn."""
        token = self.session_store.token(_hash(jti))
        if token is None or token.used_at is None or now - token.used_at >= self.lifetimes.grace * SECOND:
            return None
        for successor in self._successors(jti):
            found = self.session_store.token(_hash(successor))
            if found is not None:
                is_unused = found.used_at is None
                return Grant(session, successor, found.issued_at, found.expires_at) if is_unused else None
        return None

    def _successors(self, jti: str) -> list[str]:
        """What succeeds the token `jti`; after that, what would by the other keys."""
        text = f"successor of {jti}".encode()
        return [hmac.new(key, text, hashlib.sha256).hexdigest() for key in self.chain_keys]


def _hash(jti: str) -> str:
    return hashlib.sha256(jti.encode()).hexdigest()
