"""Recovery: a user who forgot the password sets a new one by a link, from a mail or from an administrator.

A request for a mail answers the same, in the same time, whether there is such an account or not: it only queues the
request, and `domain.mail_delivery` decides. The link goes to the verified address of the account, never to a typed one.

A link of an administrator works only while its maker is one. The rights of the moment of its use count, so a maker who
was promoted again is trusted again.
"""

from dataclasses import dataclass
from typing import NamedTuple

from minichat.domain.account_links import AccountLinks
from minichat.domain.account_lookup import UserReference, existing_account, find_account, holder_of
from minichat.domain.accounts import check_password
from minichat.domain.administrators import Administrators, accounts
from minichat.domain.audit import AuditLog
from minichat.domain.errors import LinkInvalid, UserNotFound
from minichat.domain.model import AccountLink, AuditEvent, Device, LinkPurpose, MailKind, Timestamp, User
from minichat.domain.outbox import Outbox
from minichat.domain.ports import (
    Clock,
    CommonPasswords,
    EmailAddress,
    PasswordHasher,
    SessionStore,
    Transaction,
    UsernameKey,
    UserStore,
)
from minichat.domain.sessions import Grant, Sessions
from minichat.domain.text import Fields
from minichat.domain.throttling import Throttling


class ResetLink(NamedTuple):
    """A link that an administrator made. Show its token once."""

    user: User
    token: str
    expires_at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    transaction: Transaction
    clock: Clock
    username_key: UsernameKey
    is_common_password: CommonPasswords
    email_address: EmailAddress
    password_hasher: PasswordHasher
    user_store: UserStore
    session_store: SessionStore
    account_links: AccountLinks
    outbox: Outbox
    sessions: Sessions
    throttling: Throttling
    administrators: Administrators
    audit_log: AuditLog

    def request(
        self, *, username: str | None = None, email: str | None = None, device: Device = Device(), language: str = "en"
    ) -> None:
        """Request a link for the account of a username or a verified address, if there is one.

        Raises TooManyAttempts for an address (of the network) with too many requests. Without a mail server, nothing
        happens.
        """
        self.throttling.check_reset(device)
        if not self.outbox.is_open:
            return
        user = self._sought(username, email or "")
        user_id = None if user is None else user.id
        with self.transaction():
            self.throttling.count_reset(device)
            self.outbox.put(MailKind.RESET, user_id=user_id, language=language)
            self.audit_log.note(AuditEvent.RESET_REQUESTED, about=user_id, device=device)
        self.outbox.queued()

    def confirm(
        self, token: str, new: str, confirm: str | None = None, device: Device = Device()
    ) -> tuple[User, Grant]:
        """Set a new password, end all sessions and open a new one.

        Raises LinkInvalid, or InvalidInput, after which the link is still valid. Of two concurrent requests, one
        succeeds. The maker of the link keeps the rights until the end of the transaction.
        """
        link, user = self._open(token)
        secret = self._checked_password(user, new, confirm)
        new_hash = self.password_hasher.hash(secret)
        with self.transaction(account=user.id, shared_accounts=accounts(link.made_by)):
            self.account_links.use(link)
            self._refuse_former_maker(link)
            found = self.user_store.credentials_by_id(user.id)
            if found is None or not found.user.is_active:
                raise LinkInvalid
            self.user_store.change_password(user.id, found.password_hash, new_hash)
            ended = self.session_store.end_all(user.id, self.clock())
            self.account_links.void(user.id)
            grant = self.sessions.open(found.user, device)
            self.audit_log.note(
                AuditEvent.PASSWORD_RESET,
                about=user.id,
                by=user.id,
                session_id=grant.session.id,
                device=device,
                ended=ended,
            )
        return found.user._replace(last_seen_at=grant.issued_at), grant

    def check(self, token: str | None = None, new: str | None = None, confirm: str | None = None) -> None:
        """Raise an error of `confirm` if a given field breaks a rule. Read and change nothing else."""
        if token is not None:
            _, user = self._open(token)
            if new is not None:
                self._checked_password(user, new, confirm)

    def make_link(self, reference: UserReference, *, by: int | None = None, language: str = "en") -> ResetLink:
        """Make a link for an account, with or without a mail server. Earlier links of the account are void.

        `by` is the administrator's id, or None for the command line. The verified address of the account is notified
        where a mail server is configured. Raises UserNotFound, for a disabled account too, whose link would not work,
        or NotAnAdministrator.
        """
        user = existing_account(self.user_store, self.username_key, reference).user
        if not user.is_active:
            raise UserNotFound
        with self.transaction(account=user.id, shared_accounts=accounts(by)):
            self.administrators.refuse_former(by)
            current = self.user_store.get(user.id)
            if current is None or not current.is_active:
                raise UserNotFound
            link = self.add_link(current, by=by, language=language)
        self.outbox.queued()
        return link

    def add_link(self, user: User, *, by: int | None, language: str) -> ResetLink:
        """Make a link for an enabled account, inside the caller's transaction, which holds the account."""
        link = self.account_links.make(user, LinkPurpose.RESET, by=by)
        if user.email_verified_at is not None:
            self.outbox.put(MailKind.LINK_MADE, user_id=user.id, address=user.email, language=language)
        self.audit_log.note(AuditEvent.RESET_LINK_MADE, about=user.id, by=by)
        return ResetLink(user, self.account_links.token_of(link), link.expires_at)

    def _open(self, token: str) -> tuple[AccountLink, User]:
        """Return a valid link with its account. Raises LinkInvalid."""
        link = self.account_links.open(token, LinkPurpose.RESET)
        self._refuse_former_maker(link)
        user = self.user_store.get(link.user_id)
        if user is None or not user.is_active:
            raise LinkInvalid
        return link, user

    def _refuse_former_maker(self, link: AccountLink) -> None:
        """Raise LinkInvalid if an administrator made the link who is no longer one."""
        if not self.administrators.may_act(link.made_by):
            raise LinkInvalid

    def _checked_password(self, user: User, new: str, confirm: str | None) -> str:
        """Return the new password in the form to hash. Raises InvalidInput."""
        fields = Fields()
        secret = check_password(
            fields, "new_password", new, self.username_key, user.username_key, self.is_common_password
        )
        if confirm is not None and confirm != new:
            fields.wrong("new_password_confirm", "not_equal")
        fields.check()
        return secret

    def _sought(self, username: str | None, email: str) -> User | None:
        """Return the user of the username, or without one, the user who has verified the address."""
        if username is None:
            return holder_of(self.user_store, self.email_address, email)
        found = find_account(self.user_store, self.username_key, username)
        return None if found is None or found.user.is_erased else found.user
