"""Log-in, refresh rotation, log-out: the life of a session.

A session is a chain of refresh tokens (RFC 9700, section 4.14). The first use of the newest token creates its
successor. A repeated use within the grace period returns the same successor, if that is still unused. Any other reuse
counts as theft and ends the session. A token is identified by its `jti`; the store holds only a hash of it. A
successor's `jti` derives from the parent's `jti` and the server's key, so the server can repeat a lost answer that it
has not stored.

This module knows `jti`s only; the API makes and verifies the tokens themselves.
"""

import hashlib
import hmac
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from minichat.domain.account_links import AccountLinks
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
    is_within,
)
from minichat.domain.paging import Page, Window, cut
from minichat.domain.ports import (
    Clock,
    CommonPasswords,
    PasswordHasher,
    SessionStore,
    Tally,
    Transaction,
    UsernameKey,
    UserStore,
)
from minichat.domain.secret_tokens import hash_of, new_token
from minichat.domain.text import Fields
from minichat.domain.throttling import Guess, Throttling

PRESENCE_PATIENCE_SECONDS = 0.1
"""Maximum time that a request waits to renew the presence lease. Reads should not wait for writes."""


class Lifetimes(NamedTuple):
    """Lifetimes of refresh tokens and sessions, and the grace period for a repeated refresh."""

    refresh_seconds: int = 7 * 86_400
    session_seconds: int = 30 * 86_400
    grace_seconds: int = 30


class Grant(NamedTuple):
    """The content of a refresh token, and its session."""

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
    tally: Tally
    throttling: Throttling
    account_links: AccountLinks
    audit_log: AuditLog
    lifetimes: Lifetimes
    chain_keys: tuple[bytes, ...] = field(repr=False)
    """The current key first, then former keys from which unused successors may derive."""

    def recognise(
        self, username: str, password: str, device: Device, *, only_superusers: bool = False
    ) -> tuple[Credentials, Guess]:
        """Return the account with that password, and the guess. Raises InvalidCredentials or TooManyAttempts.

        An unknown username takes as long as a wrong password. With `only_superusers`, an account that is not a
        superuser is rejected like a wrong password. The account may have changed meanwhile: check it again in the
        transaction that acts on the result.
        """
        key = username_key(username, self.username_key)
        found = self.user_store.credentials(key) if key else None
        guess = self.throttling.guess(key or username, found and found.user.id, device)
        self.throttling.check(guess)
        is_right = self._is_right(found, password)
        may_log_in = found is not None and found.user.is_active and (found.user.is_superuser or not only_superusers)
        if found is None or not is_right or not may_log_in:
            self._note_failure(guess, AuditEvent.LOG_IN_FAILED)
            raise InvalidCredentials
        return found, guess

    def log_in(self, username: str, password: str, device: Device = Device()) -> tuple[User, Grant]:
        """Open a session. Raises InvalidCredentials or TooManyAttempts."""
        found, guess = self.recognise(username, password, device)
        with self.transaction(account=found.user.id, attempts=guess.checked):
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
            # Another request has changed the account meanwhile: check the password again.
            return self.log_in(username, password, device)
        self.renew_hash(found, password)
        return current.user._replace(last_seen_at=grant.issued_at), grant

    def open(self, user: User, device: Device) -> Grant:
        """Open a session of `user` with its first refresh token, inside the caller's transaction."""
        now = self.clock()
        session = self.session_store.open(user.id, device.truncated, now, now + self.lifetimes.session_seconds * SECOND)
        self.user_store.seen(user.id, now)
        self.tally.saw(user.id)
        return self._issue(session, new_token(), now)

    def authenticate(self, session_id: int, user_id: int) -> Caller:
        """Return the caller. Raises SessionEnded if the session has ended or its account is disabled or erased.

        Every request does this, so the end of a session takes effect on the next request, on every worker.
        """
        caller = self.session_store.caller(session_id)
        if caller is None or caller.user.id != user_id or not caller.is_live(self.clock()):
            raise SessionEnded
        return caller

    def is_stale(self, caller: Caller) -> bool:
        """Return whether the caller's presence lease is due for renewal by `note_activity`."""
        return caller.user.is_due(self.clock())

    def note_activity(self, caller: Caller) -> Caller:
        """Renew the caller's presence lease and the session's last use; return the updated caller.

        Raises SessionEnded if the session ended during the request, because an erased account must not appear online.
        """
        with self.transaction(account=caller.user.id, patience_seconds=PRESENCE_PATIENCE_SECONDS):
            now = self.clock()
            current = self.authenticate(caller.session.id, caller.user.id)
            if not current.user.is_due(now):
                return current  # another request of the same user was faster
            self.user_store.seen(caller.user.id, now)
            self.session_store.used(caller.session.id, now)
        self.tally.saw(caller.user.id)
        return Caller(current.user._replace(last_seen_at=now), current.session._replace(last_used_at=now))

    def live_among(self, session_ids: Collection[int]) -> Collection[int]:
        """Return the sessions among these that are live and belong to active accounts."""
        return self.session_store.live_among(session_ids, self.clock())

    def live(self, user_id: int, window: Window) -> Page[Session]:
        """Return the user's live sessions, the newest first."""
        return cut(self.session_store.live_page(user_id, self.clock(), window), window, lambda session: (session.id,))

    def refresh(self, session_id: int, user_id: int, jti: str, device: Device = Device()) -> Grant:
        """Exchange a refresh token for its one successor.

        Raises SessionEnded, InvalidToken for a token of another session, TokenExpired, TooManyAttempts, or
        RefreshTokenReused, after the end of the session is committed.
        """
        now = self.clock()
        jti_hash = hash_of(jti)
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
                self.tally.saw(user_id)
                grant = self._issue(self._limited(caller.session, now), self._successors(jti)[0], now)
            else:
                grant = self._same_successor(caller.session, jti, now)
                if grant is None:
                    self.session_store.end(session_id, now)
                    self.audit_log.note(AuditEvent.REFRESH_REUSED, about=user_id, session_id=session_id, device=device)
        # Raise after the transaction: inside, the error would roll back the end of the session.
        if grant is None:
            raise RefreshTokenReused
        return grant

    def log_out(self, user_id: int, session_id: int, device: Device = Device()) -> None:
        """End a session of the user; an ended session stays ended."""
        self._end(AuditEvent.LOGGED_OUT, user_id, session_id, device)

    def revoke(self, caller: Caller, session_id: int, device: Device = Device()) -> None:
        """End one of the caller's sessions; an ended session stays ended. Raises SessionNotFound."""
        if self.session_store.of(caller.user.id, session_id) is None:
            raise SessionNotFound
        self._end(AuditEvent.REVOKED, caller.user.id, session_id, device)

    def revoke_others(self, caller: Caller, device: Device = Device()) -> None:
        """End all of the caller's sessions but the one of this request."""
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
        """Return the caller's credentials if the password is right. Call this before an act that can't be undone.

        Raises InvalidInput on `field`, or TooManyAttempts: guesses are throttled like log-ins. Raises SessionEnded if
        the session has ended meanwhile, such as by the account's erasure; that counts as no guess.
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
        """Set a new password. Every other session ends; this one continues with a new refresh token.

        Raises InvalidInput, on the field `old_password` if that is wrong, TooManyAttempts, or SessionEnded.
        """
        fields = Fields()
        secret = self._checked_password(fields, caller, new, confirm)
        found = None
        with fields.collecting():
            found = self.verify_password(caller, old, "old_password", device)
        fields.check()
        assert found is not None, "a wrong password is an issue"
        new_hash = self.password_hasher.hash(secret)
        with self.transaction(account=caller.user.id):
            session = self.authenticate(caller.session.id, caller.user.id).session
            if not self.user_store.change_password(caller.user.id, found.password_hash, new_hash):
                raise InvalidInput.of("old_password", "wrong_password")
            now = self.clock()
            self.session_store.end_all(caller.user.id, now, but=caller.session.id)
            self.session_store.drop_tokens(session.id)
            self.account_links.void(caller.user.id)
            self.audit_log.note(
                AuditEvent.PASSWORD_CHANGED,
                about=caller.user.id,
                by=caller.user.id,
                session_id=session.id,
                device=device,
            )
            return self._issue(session, new_token(), now)

    def check_password_change(
        self,
        caller: Caller,
        *,
        old: str | None = None,
        new: str | None = None,
        confirm: str | None = None,
        device: Device = Device(),
    ) -> None:
        """Raise InvalidInput if a given field breaks a rule of `change_password`. Raises TooManyAttempts.

        A wrong old password counts as a guess, because the answer reveals it.
        """
        fields = Fields()
        if new is not None:
            self._checked_password(fields, caller, new, confirm)
        if old is not None:
            with fields.collecting():
                self.verify_password(caller, old, "old_password", device)
        fields.check()

    def _checked_password(self, fields: Fields, caller: Caller, new: str, confirm: str | None) -> str:
        """Return the new password in the form to hash; record in `fields` each reason to reject it."""
        if confirm is not None and confirm != new:
            fields.wrong("new_password_confirm", "not_equal")
        return check_password(
            fields, "new_password", new, self.username_key, caller.user.username_key, self.is_common_password
        )

    def _end(self, event: AuditEvent, user_id: int, session_id: int, device: Device) -> None:
        with self.transaction(account=user_id):
            if self.session_store.end(session_id, self.clock()):
                self.audit_log.note(event, about=user_id, by=user_id, session_id=session_id, device=device)

    def _note_failure(self, guess: Guess, event: AuditEvent, caller: Caller | None = None) -> None:
        """Count a wrong password and record it in the audit log.

        Raises TooManyAttempts if concurrent guesses have reached the limit, or SessionEnded if the caller's session has
        ended.
        """
        account = None if caller is None else caller.user.id
        with self.transaction(account=account, attempts=guess.all):
            if caller is not None:
                self.authenticate(caller.session.id, caller.user.id)
            self.throttling.check(guess)
            self.throttling.failed(guess)
            self.audit_log.note(event, about=guess.user_id, device=guess.device)

    def _is_right(self, found: Credentials | None, password: str) -> bool:
        """Return whether the password is right, in the same time for an unknown account and an impossible password."""
        secret = normal_password(password)
        password_hash = found.password_hash if found is not None and secret is not None else None
        return self.password_hasher.verify(password_hash, secret or "")

    def renew_hash(self, found: Credentials, password: str) -> None:
        """Hash the password again if the parameters have changed. If it fails, the next log-in tries again."""
        secret = normal_password(password)
        if secret is None or not self.password_hasher.needs_rehash(found.password_hash):
            return
        with suppress(Unavailable):
            new_hash = self.password_hasher.hash(secret)
            with self.transaction(account=found.user.id):
                self.user_store.change_password(found.user.id, found.password_hash, new_hash)

    def _issue(self, session: Session, jti: str, now: Timestamp) -> Grant:
        expires_at = min(now + self.lifetimes.refresh_seconds * SECOND, session.expires_at)
        self.session_store.add_token(RefreshToken(hash_of(jti), session.id, now, expires_at))
        return Grant(session, jti, now, expires_at)

    def _limited(self, session: Session, now: Timestamp) -> Session:
        """Return the session with the latest expiry that is allowed from now on.

        It shortens a session that began while the clock was ahead, or under a longer lifetime.
        """
        latest = now + self.lifetimes.session_seconds * SECOND
        if session.expires_at <= latest:
            return session
        self.session_store.expire(session.id, latest)
        return session._replace(expires_at=latest)

    def _same_successor(self, session: Session, jti: str, now: Timestamp) -> Grant | None:
        """Return the successor of the used token `jti`, if it is unused and the grace period still runs."""
        token = self.session_store.token(hash_of(jti))
        if token is None or token.used_at is None:
            return None
        if not is_within(self.lifetimes.grace_seconds * SECOND, token.used_at, now):
            return None
        for successor in self._successors(jti):
            found = self.session_store.token(hash_of(successor))
            if found is not None:
                is_unused = found.used_at is None
                return Grant(session, successor, found.issued_at, found.expires_at) if is_unused else None
        return None

    def _successors(self, jti: str) -> list[str]:
        """Return the successor's `jti` by the current key, then by the former keys."""
        text = f"successor of {jti}".encode()
        return [hmac.new(key, text, hashlib.sha256).hexdigest() for key in self.chain_keys]
