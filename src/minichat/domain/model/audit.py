"""The audit log: its events and entries."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from minichat.domain.model.accounts import Device, People
from minichat.domain.model.values import Timestamp
from minichat.domain.paging import Page


class AuditEvent(StrEnum):
    """The recorded acts: they open, change or end access to an account or a right. Failed attempts count as acts."""

    REGISTERED = "account.registered"
    SUPERUSER_CREATED = "account.superuser_created"
    PASSWORD_CHANGED = "account.password_changed"  # noqa: S105 - the name of an event, no password
    PASSWORD_REFUSED = "account.password_refused"  # noqa: S105
    """A logged-in user entered a wrong password where the account's password is required again."""
    RESET_REQUESTED = "account.reset_requested"
    RESET_LINK_MADE = "account.reset_link_made"
    PASSWORD_RESET = "account.password_reset"  # noqa: S105
    EMAIL_VERIFIED = "account.email_verified"
    CREATED = "account.created"
    """An administrator has made the account."""
    EDITED = "account.edited"
    SUPERUSER_GRANTED = "account.superuser_granted"
    SUPERUSER_REVOKED = "account.superuser_revoked"
    DISABLED = "account.disabled"
    ENABLED = "account.enabled"
    DELETION_BEGUN = "account.deletion_begun"
    """An operator has begun an erasure that takes several transactions."""
    DELETED = "account.deleted"
    EXPORTED = "account.exported"
    LOGGED_IN = "session.opened"
    LOG_IN_FAILED = "session.refused"
    CODE_AWAITED = "session.code_awaited"
    """A sign-in to the administration had the right password, and the code of the second factor is missing."""
    CODE_REFUSED = "session.code_refused"
    SECOND_FACTOR_SET_UP = "second_factor.set_up"
    SECOND_FACTOR_TURNED_OFF = "second_factor.turned_off"
    SECOND_FACTOR_RESET = "second_factor.reset"
    """An operator has turned off the factor of somebody who lost it."""
    RECOVERY_CODE_USED = "second_factor.recovery_code_used"
    RECOVERY_CODES_RENEWED = "second_factor.recovery_codes_renewed"
    LOGGED_OUT = "session.closed"
    REVOKED = "session.revoked"
    OTHERS_REVOKED = "session.others_revoked"
    REFRESH_REUSED = "session.token_reused"
    ROLE_CHANGED = "room.role_changed"
    PARTICIPANT_REMOVED = "room.participant_removed"
    USER_BANNED = "room.user_banned"
    USER_UNBANNED = "room.user_unbanned"
    INVITATION_CREATED = "room.invitation_created"
    INVITATION_REVOKED = "room.invitation_revoked"
    INVITATION_ACCEPTED = "room.invitation_accepted"
    ROOM_DELETED = "room.deleted"
    ROOM_RENAMED = "room.renamed"
    """An administrator has renamed the room. Renaming by a participant is not recorded."""
    MESSAGES_OPENED = "room.messages_opened"
    """An administrator has given a reason for reading the messages of a room: the detail `reason`."""
    MESSAGES_VIEWED = "room.messages_viewed"
    """An administrator has read a page of messages, from the `seq` `first` to `last`, 0 in an empty room."""
    MESSAGES_CLOSED = "room.messages_closed"
    """An administrator has ended the opening of a room before its time."""
    MESSAGE_DELETED = "message.deleted"
    """An administrator has deleted the message. Deletion by a participant is not recorded."""
    REPORT_OPENED = "report.opened"
    """An administrator has read the texts of a report."""
    REPORT_DISMISSED = "report.dismissed"
    REPORT_ACTED_ON = "report.acted_on"
    REPORT_REOPENED = "report.reopened"
    AUDIT_EXPORTED = "audit.exported"
    UNKNOWN = "unknown"
    """Any act of a later version, whose servers may share the log during an upgrade."""

    @classmethod
    def _missing_(cls, _value: object) -> "AuditEvent":
        return cls.UNKNOWN


class AuditEntry(NamedTuple):
    """One line of the audit log. It holds no password, no token, and no text but the reasons of administrators."""

    event: AuditEvent
    at: Timestamp
    user_id: int | None
    """The account that the entry is about; None if the name belongs to no account."""
    actor_id: int | None
    """The account that acted; None for an operator at the command line and for a failed log-in."""
    session_id: int | None
    device: Device
    detail: Mapping[str, int | str] = {}
    id: int | None = None
    """Later entries have larger ids; None before the entry is stored."""


class AuditFilter(NamedTuple):
    """The entries to list; None accepts all of them."""

    event: AuditEvent | None = None
    person_id: int | None = None
    """The account that the entries are about or that acted."""
    since: Timestamp | None = None
    until: Timestamp | None = None
    """The entries are earlier than this."""


class AuditPage(NamedTuple):
    page: Page[AuditEntry]
    people: People
