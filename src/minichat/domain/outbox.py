"""The outbox: an act queues its mail in its own transaction, and `domain.mail_delivery` sends it after the commit.

An address gets at most `MAILS_PER_ADDRESS` mails in a day, for all accounts and acts together, so that nobody can flood
a stranger's mailbox through this server.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from minichat.domain.accounts import email_key
from minichat.domain.model import DAY, HOUR, MailKind, MailQueue, NewMail, Timestamp
from minichat.domain.ports import Clock, Mailer, MailStore
from minichat.domain.secret_tokens import hash_of

MAILS_PER_ADDRESS = 5
"""Mails in any 24 hours to one address."""
RESETS_PER_ACCOUNT = 3
"""Mails in any hour that offer an account a new password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    clock: Clock
    mail_store: MailStore
    mailer: Mailer | None

    @property
    def is_open(self) -> bool:
        """Whether a mail server is configured. Otherwise nothing is queued."""
        return self.mailer is not None

    def locks(self, *addresses: str) -> Sequence[str]:
        """Return the `attempts` that a transaction must hold to queue mails to these addresses."""
        return [address_lock(address) for address in addresses if address] if self.is_open else []

    def put(
        self, kind: MailKind, address: str, *, user_id: int, language: str, seed: str = "", now: Timestamp | None = None
    ) -> bool:
        """Queue a mail inside a transaction that holds `locks`; return False if none may be sent to the address now."""
        now = self.clock() if now is None else now
        if not self.is_open or self.free_at(address) > now:
            return False
        self.mail_store.add(NewMail(kind, user_id, address, email_key(address), language, seed, now, now))
        return True

    def ask(self, kind: MailKind, *, user_id: int | None, language: str, seed: str) -> None:
        """Queue a request for a mail, inside the caller's transaction. Its sender decides whether and where to send it.

        This takes the same time with and without an account.
        """
        now = self.clock()
        self.mail_store.add(NewMail(kind, user_id, "", "", language, seed, now, now))

    def free_at(self, address: str) -> Timestamp:
        """Return when the next mail may be sent to an address: a time in the past if it may be sent now."""
        return _free_at(
            self.mail_store.times_to(email_key(address), self.clock() - DAY, MAILS_PER_ADDRESS), MAILS_PER_ADDRESS, DAY
        )

    def next_reset_at(self, user_id: int) -> Timestamp:
        """Return the same for a reset of an account."""
        since = self.clock() - HOUR
        return _free_at(self.mail_store.reset_times(user_id, since, RESETS_PER_ACCOUNT), RESETS_PER_ACCOUNT, HOUR)

    def queue(self) -> MailQueue:
        """Return the state of the queue."""
        return self.mail_store.queue()

    def queued(self) -> None:
        """Wake the sender after the commit of a mail."""
        if self.mailer is not None:
            self.mailer.queued()


def _free_at(times: Sequence[Timestamp], most: int, window: int) -> Timestamp:
    return min(times) + window if len(times) >= most else 0


def address_lock(address: str) -> str:
    """Return the key of the lock of an address: one of the `attempts` of a transaction."""
    return hash_of(f"mail\0{email_key(address)}")[:32]
