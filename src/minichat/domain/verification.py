"""Verified addresses: a user proves to read the mail of an address by a link that was sent there.

Several accounts may give the same address, but one account alone holds it verified. Addresses are compared without
case. Mails with links to set a new password go to verified addresses only.
"""

from dataclasses import dataclass

from minichat.domain.account_links import AccountLinks
from minichat.domain.accounts import email_key
from minichat.domain.audit import AuditLog
from minichat.domain.errors import EmailTaken, LinkInvalid, SessionEnded, TooManyAttempts
from minichat.domain.model import SECOND, AuditEvent, Device, LinkPurpose, MailKind, User
from minichat.domain.outbox import Outbox, address_digest
from minichat.domain.ports import Clock, Transaction, UserStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    transaction: Transaction
    clock: Clock
    user_store: UserStore
    account_links: AccountLinks
    outbox: Outbox
    audit_log: AuditLog

    def begin(self, user: User, language: str) -> None:
        """Queue a link to the user's address, if there is one, inside the caller's transaction."""
        if user.email:
            self.outbox.put(MailKind.VERIFY, user_id=user.id, address=user.email, language=language)

    def address_changed(self, before: User, after: User, language: str) -> None:
        """Void the links of the earlier address, notify it if it was verified, and send a link to the new one.

        Call this inside a transaction that holds the account.
        """
        self.account_links.void(after.id)
        if before.email_verified_at is not None:
            self.outbox.put(MailKind.ADDRESS_CHANGED, user_id=after.id, address=before.email, language=language)
        self.begin(after, language)

    def resend(self, user_id: int, language: str) -> bool:
        """Send the link again; return False if there is no address, it is verified, or no mail server is configured.

        Raises TooManyAttempts if the account has requested too many today, or SessionEnded.
        """
        if not self.outbox.is_open:
            return False
        with self.transaction(account=user_id):
            user = self.user_store.get(user_id)
            if user is None or user.is_erased:
                raise SessionEnded
            if not user.email or user.email_verified_at is not None:
                return False
            wait = self.outbox.request_free_at(user_id) - self.clock()
            if wait > 0:
                raise TooManyAttempts(retry_after=-(-wait // SECOND))
            self.begin(user, language)
        self.outbox.queued()
        return True

    def verify(self, token: str, device: Device = Device()) -> User:
        """Verify the address that a link was sent to.

        Raises LinkInvalid, or EmailTaken if another account has verified the address; the link stays valid then.
        """
        link = self.account_links.open(token, LinkPurpose.VERIFY)
        with self.transaction(account=link.user_id, attempts=[address_digest(link.email_key)]):
            self.account_links.use(link)
            user = self.user_store.get(link.user_id)
            if user is None or not user.is_active or email_key(user.email) != link.email_key:
                raise LinkInvalid
            now = self.clock()
            if not self.user_store.verify_email(user.id, link.email_key, now):
                raise EmailTaken
            self.audit_log.note(AuditEvent.EMAIL_VERIFIED, about=user.id, by=user.id, device=device)
        return user._replace(email_verified_at=now)
