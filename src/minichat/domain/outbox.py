"""The outbox: an act queues its mail in its own transaction, and `domain.mail_delivery` sends it after the commit.

An act learns nothing of the limits of an address, which count the mails of all accounts: the sender checks them later.
So no answer and no time shows whether another account has the address.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from minichat.domain.accounts import email_key
from minichat.domain.model import DAY, HOUR, MailKind, MailQueue, NewMail, Timestamp
from minichat.domain.ports import Clock, Mailer, MailStore
from minichat.domain.secret_tokens import hash_of, new_token

MAILS_PER_ADDRESS = {MailKind.VERIFY: 3, MailKind.RESET: 4, MailKind.ADDRESS_CHANGED: 5, MailKind.LINK_MADE: 5}
"""Mails in any 24 hours to one address, for all accounts and acts together, after which it gets none of a kind.

Strangers can cause the first two kinds: with an account that gives the address, and by its owner's username. So they
can't use up the mails that bring the owner back in, nor the notice of a change.
"""
RESETS_PER_ACCOUNT = 3
"""Mails in any hour that offer an account a new password."""
REQUESTS_PER_ACCOUNT = 3
"""Mails in any 24 hours that an account requests to verify its address, whether they are sent or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    clock: Clock
    mail_store: MailStore
    mailer: Mailer | None

    @property
    def is_open(self) -> bool:
        """Whether a mail server is configured. Otherwise nothing is queued."""
        return self.mailer is not None

    def put(self, kind: MailKind, *, user_id: int | None, address: str = "", language: str) -> None:
        """Queue a mail inside the caller's transaction.

        A reset has no address yet: the sender takes the verified one. `user_id` is None if a request named no account;
        its row looks the same.
        """
        if self.is_open:
            now = self.clock()
            self.mail_store.add(NewMail(kind, user_id, address, "", language, new_token(), now, now))

    def queued(self) -> None:
        """Wake the sender after the commit of a mail."""
        if self.mailer is not None:
            self.mailer.queued()

    def queue(self) -> MailQueue:
        """Return the state of the queue."""
        return self.mail_store.queue()

    def address_free_at(self, address: str, kind: MailKind) -> Timestamp:
        """Return when the next mail of a kind may be sent to an address: a time in the past if it may be sent now."""
        most = MAILS_PER_ADDRESS[kind]
        return _free_at(self.mail_store.times_to(address_digest(address), *self._around(DAY), most), most, DAY)

    def reset_free_at(self, user_id: int) -> Timestamp:
        """Return the same for a reset of an account."""
        times = self.mail_store.reset_times(user_id, *self._around(HOUR), RESETS_PER_ACCOUNT)
        return _free_at(times, RESETS_PER_ACCOUNT, HOUR)

    def request_free_at(self, user_id: int) -> Timestamp:
        """Return when an account may request the next mail to verify its address."""
        times = self.mail_store.request_times(user_id, MailKind.VERIFY, *self._around(DAY), REQUESTS_PER_ACCOUNT)
        return _free_at(times, REQUESTS_PER_ACCOUNT, DAY)

    def _around(self, window: int) -> tuple[Timestamp, Timestamp]:
        """Return the times of the mails that count. Those far in the future come from a clock that was set back."""
        now = self.clock()
        return now - window, now + window


def address_digest(address: str) -> str:
    """Return the digest by which mails to one address are counted, without keeping it.

    It is also the key of the address's lock: one of the `attempts` of a transaction.
    """
    return hash_of(f"mail\0{email_key(address)}")[:32]


def _free_at(times: Sequence[Timestamp], most: int, window: int) -> Timestamp:
    return min(times) + window if len(times) >= most else 0
