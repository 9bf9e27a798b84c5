"""The errors that services raise, in the terms of the chat.

Eight kinds show how a caller can react. Each subclass names the broken rule and has a stable `code` for programs.
This module knows no sentence for people, no HTTP status and no language: these belong to the API.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from minichat.domain.model import ReportHead


class Issue(NamedTuple):
    """One problem of one field: a stable code, and the limits for its message."""

    code: str
    limits: Mapping[str, int] = {}


class ChatError(Exception):
    """The base of the errors that services raise."""

    code: ClassVar[str]


class InvalidInput(ChatError):
    """The request itself is invalid; `issues` lists the problems of each field."""

    code = "validation_failed"

    def __init__(self, issues: Mapping[str, Sequence[Issue]]) -> None:
        super().__init__(", ".join(f"{field}: {issue.code}" for field, found in issues.items() for issue in found))
        self.issues = issues

    @classmethod
    def of(cls, field: str, code: str, **limits: int) -> "InvalidInput":
        return cls({field: [Issue(code, limits)]})


class NotAuthenticated(ChatError):
    """The credentials are not valid."""

    code = "not_authenticated"


class NotAllowed(ChatError):
    """The caller can see the resource, but may not do this with it."""

    code = "not_allowed"


class RegistrationClosed(NotAllowed):
    """Only administrators and commands create accounts: see `RegistrationMode.CLOSED`."""

    code = "registration_closed"


class InvitationRequired(NotAllowed):
    """Registration needs an invitation that works: see `RegistrationMode.INVITE`."""

    code = "invitation_required"


class NotFound(ChatError):
    """The resource does not exist, or the caller may not know that it exists."""

    code = "not_found"


class Conflict(ChatError):
    """The request contradicts the current state."""

    code = "conflict"


class Gone(ChatError):
    """The resource existed and will not return."""

    code = "gone"


class TooMany(ChatError):
    """Too many requests: try again after `retry_after` seconds."""

    code = "too_many_requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


class TooManyAttempts(TooMany):
    """Too many guesses: see `domain.throttling`."""

    code = "too_many_attempts"


class Unavailable(ChatError):
    """A required system does not answer or is overloaded. Nothing was changed; retry after `retry_after` seconds."""

    code = "unavailable"

    def __init__(self, reason: str, retry_after: int = 1, *, is_conflict: bool = False) -> None:
        """`is_conflict` means that another transaction caused the failure, so an immediate retry should succeed."""
        super().__init__(reason)
        self.retry_after = retry_after
        self.is_conflict = is_conflict


class StreamsNotServed(Unavailable):
    """The process has no place for streams: one stream or waiting request would block it for all other clients."""

    code = "streams_not_served"

    def __init__(self) -> None:
        super().__init__(
            "this worker carries no streams; see 'A gunicorn of your own' in docs/operations.md", retry_after=5
        )


class IndexBuilding(Unavailable):
    """The search index is being built: not every message is in it yet."""

    code = "index_building"

    def __init__(self) -> None:
        super().__init__("the search index of messages is being built", retry_after=30)


class InvalidCredentials(NotAuthenticated):
    code = "invalid_credentials"


class InvalidCode(NotAuthenticated):
    """The code of the second factor is wrong or was used before."""

    code = "invalid_code"


class SignInExpired(NotAuthenticated):
    """The sign-in has waited too long for its code, or the account has changed meanwhile."""

    code = "sign_in_expired"


class InvalidToken(NotAuthenticated):
    code = "token_invalid"


class TokenExpired(NotAuthenticated):
    code = "token_expired"


class InvalidTicket(NotAuthenticated):
    """The ticket is unknown, used or expired."""

    code = "ticket_invalid"


class TooManyStreams(TooMany):
    """The user has reached the limit of open streams. Close one first."""

    code = "too_many_streams"


class SessionEnded(NotAuthenticated):
    """The session was logged out, revoked or has expired, or its account is erased or disabled."""

    code = "session_ended"


class TooManyReports(TooMany):
    """The user has reached the limit of reports: see `domain.reports`."""

    code = "too_many_reports"


class RefreshTokenReused(NotAuthenticated):
    """A refresh token was reused. A thief may have it, so the whole session has ended."""

    code = "token_reused"


class NotAParticipant(NotAllowed):
    code = "not_a_participant"


class RoleTooLow(NotAllowed):
    code = "role_too_low"


class ResyncRequired(Gone):
    """The change log no longer holds this position. The client must reload everything and continue from the end."""

    code = "resync_required"


class InvalidCursor(InvalidInput):
    """The cursor was not issued by this server."""

    code = "invalid_cursor"


class LinkInvalid(InvalidInput):
    """A link to an account is unknown, used, expired or replaced, or its account is disabled."""

    code = "token_invalid"

    def __init__(self) -> None:
        super().__init__({"token": [Issue("link_invalid")]})


class NotYourMessage(NotAllowed):
    """Only the author can edit a message; no role permits it."""

    code = "not_your_message"


class NotAnAdministrator(NotAllowed):
    """The account is no longer that of an administrator: it was disabled or demoted, or its session has ended."""

    code = "not_an_administrator"


class RoomNotOpened(NotAllowed):
    """The administrator has given no reason for reading the messages of this room, or too long ago."""

    code = "room_not_opened"


class AnnouncementsOnly(NotAllowed):
    """Only the owner and the moderators write in this room."""

    code = "announcements_only"


class Cooldown(TooMany):
    """The member has just sent a message in this room, and has to wait before the next one."""

    code = "cooldown"


class Banned(NotAllowed):
    """The caller is banned from the room."""

    code = "banned"


class CannotMessage(NotAllowed):
    """The caller can't contact this user. Neither the code nor its sentence names the reason: see `domain.blocks`."""

    code = "cannot_message"


class YouBlocked(NotAllowed):
    """The caller has blocked this user, and can lift the block."""

    code = "you_blocked"


class UserNotFound(NotFound):
    code = "user_not_found"


class RoomNotFound(NotFound):
    code = "room_not_found"


class MessageNotFound(NotFound):
    code = "message_not_found"


class ParticipantNotFound(NotFound):
    code = "participant_not_found"


class SessionNotFound(NotFound):
    code = "session_not_found"


class InvitationNotFound(NotFound):
    """The invitation is unknown, revoked, expired or used up, or its creator may no longer invite. The error does not
    reveal which.
    """

    code = "invitation_not_found"


class ReportNotFound(NotFound):
    code = "report_not_found"


class ReportDecided(Conflict):
    """Another administrator was faster: `head` names the decision."""

    code = "report_decided"

    def __init__(self, head: ReportHead) -> None:
        super().__init__(f"report {head.id} is {head.state.value}")
        self.head = head


class HeirDisabled(Conflict):
    """A disabled account can't become the owner of a room."""

    code = "heir_disabled"


class UsernameTaken(Conflict):
    code = "username_taken"


class EmailTaken(Conflict):
    """Another account has verified this address."""

    code = "email_taken"


class LastSuperuser(Conflict):
    """The server would have no enabled superuser any more."""

    code = "last_superuser"


class ChangedMeanwhile(Conflict):
    """The form shows an earlier state: somebody else has changed it meanwhile."""

    code = "changed_meanwhile"


class TooManyBlocks(Conflict):
    """The user has reached the limit of blocked users: see `domain.blocks`."""

    code = "too_many_blocks"


class SecondFactorIsOn(Conflict):
    """The account has a second factor: turn it off before you set up another."""

    code = "second_factor_is_on"


class SecondFactorIsOff(Conflict):
    code = "second_factor_is_off"


class SetUpExpired(Conflict):
    """The set-up of the second factor has waited too long for its first code, or a later one has replaced it."""

    code = "set_up_expired"


class SecondFactorUnreadable(Conflict):
    """The secret of the second factor was encrypted with a secret key that the server no longer knows."""

    code = "second_factor_unreadable"


class ClientIdReused(Conflict):
    """The same `client_id` came with other content. This is a bug of the client, so it must not pass silently."""

    code = "client_id_reused"


class MessageDeleted(Conflict):
    """A deleted message can't be edited."""

    code = "message_deleted"


class TooManyReactions(Conflict):
    """The message has the maximum number of different emoji. The caller can join one of them."""

    code = "too_many_reactions"


class TooManyPins(Conflict):
    """The room has the maximum number of pinned messages. Unpin one first."""

    code = "too_many_pins"


class UserIsBanned(Conflict):
    """The user is banned from the room: lift the ban before adding the user."""

    code = "user_is_banned"


class OwnerNeeded(Conflict):
    """A group always has an owner. To step down, the owner makes another participant the owner, or leaves."""

    code = "owner_needed"


class RecipientDeleted(Conflict):
    """The other user of the direct chat has erased the account and can't read the message."""

    code = "recipient_deleted"


class DirectChatIsFixed(Conflict):
    """A direct chat always has its two users. It can't be renamed, deleted, joined or left."""

    code = "direct_chat_is_fixed"
