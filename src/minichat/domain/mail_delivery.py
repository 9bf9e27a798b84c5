"""Delivery: take mails from the queue, one at a time, and hand them to the mail server.

A sender claims a mail for the time of `LEASE`, sends it outside of any transaction, and records the outcome. Senders of
several workers and hosts share the queue without sending a mail twice. The exception is a crash between the sending and
the record: then another sender repeats the mail after the lease. This module knows no SMTP and no text.
"""

from dataclasses import dataclass

from minichat.domain.account_links import AccountLinks
from minichat.domain.errors import Unavailable
from minichat.domain.model import DAY, HOUR, MINUTE, SECOND, Letter, Mail, MailKind, MailOutcome, User
from minichat.domain.outbox import Outbox, address_digest
from minichat.domain.ports import Clock, MailRefusedError, MailStore, Transaction, UserStore
from minichat.domain.secret_tokens import hash_of

LEASE = 5 * MINUTE
"""How long a claimed mail belongs to its sender. An attempt of `Mailer.send` takes less."""
FIRST_PAUSE = 30 * SECOND
"""Before the second attempt; twice as long before each further one."""
LONGEST_PAUSE = 30 * MINUTE
GIVE_UP_AFTER = {
    MailKind.RESET: HOUR,
    MailKind.VERIFY: DAY,
    MailKind.ADDRESS_CHANGED: 3 * DAY,
    MailKind.LINK_MADE: 3 * DAY,
}
"""How old a mail gets before an unsuccessful attempt is the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDelivery:
    transaction: Transaction
    clock: Clock
    user_store: UserStore
    mail_store: MailStore
    account_links: AccountLinks
    outbox: Outbox

    def deliver_next(self) -> tuple[MailKind, MailOutcome | None] | None:
        """Try to send the mail that is due for the longest time; return its kind and outcome, or None if none is due.

        The outcome is None if a later attempt follows. Raises Unavailable if the database does not answer.
        """
        mailer = self.outbox.mailer
        if mailer is None:
            return None
        now = self.clock()
        with self.transaction():
            mail = self.mail_store.claim(now, now + LEASE)
        if mail is None:
            return None
        letter = self._letter(mail)
        outcome: MailOutcome | None = MailOutcome.DROPPED
        if letter is not None:
            try:
                mailer.send(letter)
                outcome = MailOutcome.SENT
            except MailRefusedError:
                outcome = MailOutcome.REFUSED
            except Unavailable:
                outcome = MailOutcome.GIVEN_UP if self.clock() - mail.created_at >= GIVE_UP_AFTER[mail.kind] else None
        with self.transaction():
            if outcome is None:
                pause = min(FIRST_PAUSE << min(mail.attempts - 1, 20), LONGEST_PAUSE)
                self.mail_store.postpone(mail.id, self.clock() + pause)
            else:
                self.mail_store.finish(mail.id, outcome, self.clock())
        return mail.kind, outcome

    def _letter(self, mail: Mail) -> Letter | None:
        """Return the letter to send, or None if there is nothing to send (any more)."""
        user = None if mail.user_id is None else self.user_store.get(mail.user_id)
        if user is None or user.is_erased:
            return None
        address = mail.address or user.email
        with self.transaction(account=user.id, attempts=[address_digest(address)]):
            current = self.user_store.get(user.id)
            if current is None or current.is_erased or not (mail.email_key or self._accepts(mail, current, address)):
                return None
            token = None
            if mail.kind.purpose is not None:
                token = self.account_links.begin(current, mail.kind.purpose, mail.seed) if current.is_active else None
                if token is None:
                    return None
        reference = hash_of(f"{mail.id} {mail.created_at} {mail.seed}")[:32]
        return Letter(mail.kind, address, current.username, mail.language, token, reference)

    def _accepts(self, mail: Mail, user: User, address: str) -> bool:
        """Decide at the first attempt whether the mail may be sent to the address. If so, make its link."""
        free_at = self.outbox.address_free_at(address, mail.kind)
        if mail.kind is MailKind.RESET:
            free_at = max(free_at, self.outbox.reset_free_at(user.id))
            if not user.is_active or user.email_verified_at is None:
                return False
        if free_at > self.clock() or (mail.kind.purpose is not None and user.email != address):
            return False
        self.mail_store.accept(mail.id, address, address_digest(address))
        if mail.kind.purpose is not None:
            self.account_links.make(user, mail.kind.purpose, seed=mail.seed)
        return True
