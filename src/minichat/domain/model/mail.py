"""Mails that wait to be sent, and the links that they carry."""

from enum import StrEnum
from typing import NamedTuple

from minichat.domain.model.values import Timestamp


class LinkPurpose(StrEnum):
    """The acts that a link of a mail, or of an administrator, permits its holder."""

    RESET = "reset"
    """Set a new password."""
    VERIFY = "verify"
    """Prove that the holder reads the mail of an address."""


class AccountLink(NamedTuple):
    """The one valid link of an account for a purpose. The token itself is not stored: see `domain.account_links`."""

    user_id: int
    purpose: LinkPurpose
    seed: str
    """Random. The token derives from it and from the secret key."""
    token_hash: str
    email_key: str
    """The key of the account's address when the link was made (`accounts.email_key`), or "" if it had none."""
    created_at: Timestamp
    expires_at: Timestamp
    made_by: int | None = None
    """The administrator; None for a link of a mail or of the command line."""


class MailKind(StrEnum):
    RESET = "reset"
    VERIFY = "verify"
    ADDRESS_CHANGED = "address_changed"
    """To the earlier verified address of an account."""
    LINK_MADE = "link_made"
    """An administrator made a link that sets a new password."""

    @property
    def purpose(self) -> LinkPurpose | None:
        """The purpose of the link in the mail; None if it has no link."""
        return {MailKind.RESET: LinkPurpose.RESET, MailKind.VERIFY: LinkPurpose.VERIFY}.get(self)


class MailOutcome(StrEnum):
    SENT = "sent"
    REFUSED = "refused"
    """The mail server refused it for good."""
    GIVEN_UP = "given_up"
    """No attempt succeeded in time."""
    DROPPED = "dropped"
    """There was nothing to send: no such account, too many mails, or a link that is void."""


class NewMail(NamedTuple):
    kind: MailKind
    user_id: int | None
    """The account; None for a request that named no account."""
    address: str
    """"" for a reset, which goes to the verified address, and after the mail is done."""
    email_key: str
    """The digest of the address (`outbox.address_digest`), or "" until the sender has accepted the mail."""
    language: str
    seed: str
    """That of its link, or ""."""
    created_at: Timestamp
    due_at: Timestamp
    """The next attempt. A sender moves it ahead before it sends, so that no other sender takes the mail meanwhile."""


class Mail(NamedTuple):
    """A mail in the queue."""

    id: int
    kind: MailKind
    user_id: int | None
    address: str
    email_key: str
    language: str
    seed: str
    created_at: Timestamp
    due_at: Timestamp
    attempts: int
    """Attempts to send it, the present one included."""


class MailRecord(NamedTuple):
    """A mail as the export of its account shows it."""

    id: int
    kind: MailKind
    created_at: Timestamp
    outcome: MailOutcome | None
    """None while it waits."""
    done_at: Timestamp | None


class Letter(NamedTuple):
    """The content of a mail, without its wording."""

    kind: MailKind
    address: str
    username: str
    language: str
    token: str | None
    """Of the link in the mail; None if it has none."""
    reference: str
    """The same at each attempt, so that a repeated mail can be recognised."""


class MailQueue(NamedTuple):
    """The state of the queue, for operators."""

    waiting: int
    oldest_at: Timestamp | None
    """When the oldest waiting mail was queued; None if none waits."""
    failed: int
    """Refused and given up, among the mails that are still kept."""
