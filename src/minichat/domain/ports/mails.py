"""The queue of mails, and the system that sends them."""

from collections.abc import Sequence
from typing import Protocol

from minichat.domain.model import Letter, Mail, MailKind, MailOutcome, MailQueue, MailRecord, NewMail, Timestamp


class MailStore(Protocol):
    """Mails that wait, and for a day those that are done, without their addresses."""

    def add(self, new: NewMail) -> None: ...

    def claim(self, at: Timestamp, until: Timestamp) -> Mail | None:
        """Take the mail that is due at `at` for the longest time, and make it due again at `until`.

        Count the attempt. Of concurrent callers, one gets the mail; the others get None, even if more mails are due.
        """

    def accept(self, mail_id: int, address: str, email_key: str) -> None:
        """Set the address of a mail that may be sent, and let it count for the limits."""

    def postpone(self, mail_id: int, due_at: Timestamp) -> None: ...

    def finish(self, mail_id: int, outcome: MailOutcome, at: Timestamp) -> None:
        """Record the outcome of a waiting mail, and forget its address and seed."""

    def times_to(self, email_key: str, since: Timestamp, until: Timestamp, limit: int) -> Sequence[Timestamp]:
        """Return when the last `limit` mails to an address were queued, without dropped ones.

        They were queued after `since` and before `until`.
        """

    def reset_times(self, user_id: int, since: Timestamp, until: Timestamp, limit: int) -> Sequence[Timestamp]:
        """Return the same of the accepted resets of one account."""

    def request_times(
        self, user_id: int, kind: MailKind, since: Timestamp, until: Timestamp, limit: int
    ) -> Sequence[Timestamp]:
        """Return when the last `limit` mails of that kind were queued for an account then, dropped or not."""

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[MailRecord]:
        """Return the mails of an account with ids above `after`, at most `limit`, by id."""

    def queue(self) -> MailQueue: ...

    def erase(self, user_id: int) -> None:
        """Drop the waiting mails of an account, and forget the account of all its mails."""

    def sweep(self, done_at: Timestamp, due_at: Timestamp, limit: int) -> int:
        """Delete up to `limit` mails that were done at `done_at`, or have waited for a sender since `due_at`.

        Return how many.
        """


class MailRefusedError(Exception):
    """The mail server refused a mail for good. The text holds no address."""


class Mailer(Protocol):
    def send(self, letter: Letter) -> None:
        """Send a letter, in bounded time.

        Raises MailRefusedError, or Unavailable if a later attempt may succeed.
        """

    def queued(self) -> None:
        """Note that a mail has been queued and committed, so that its sender need not wait for the next look."""
