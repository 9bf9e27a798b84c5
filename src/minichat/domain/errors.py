"""Everything that a service refuses, in the terms of the chat.

Eight kinds say what a caller can do about it. Each subclass names the broken rule and has a stable `code` for programs.
This module knows no sentence for people, no HTTP status and no language: these belong to the API.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple


class Issue(NamedTuple):
    """One problem of one field: a stable code, and the limits that its sentence mentions."""

    code: str
    limits: Mapping[str, int] = {}


class ChatError(Exception):
    """The base of everything that a service refuses."""

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
    """The credentials identify nobody."""

    code = "not_authenticated"


class NotAllowed(ChatError):
    """The caller can see the thing, but may not do this with it."""

    code = "not_allowed"


class NotFound(ChatError):
    """The thing does not exist, or the caller may not know that it exists."""

    code = "not_found"


class Conflict(ChatError):
    """The request contradicts the current state."""

    code = "conflict"


class Gone(ChatError):
    """The thing is gone for good."""

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
    """A needed system does not answer or is overloaded. Nothing was changed; try again after `retry_after` seconds."""

    code = "unavailable"

    def __init__(self, reason: str, retry_after: int = 1, *, is_conflict: bool = False) -> None:
        """`is_conflict` means that another transaction was in the way, so an immediate retry should succeed."""
        super().__init__(reason)
        self.retry_after = retry_after
        self.is_conflict = is_conflict


class InvalidCredentials(NotAuthenticated):
    code = "invalid_credentials"


class InvalidToken(NotAuthenticated):
    code = "token_invalid"


class TokenExpired(NotAuthenticated):
    code = "token_expired"


class InvalidTicket(NotAuthenticated):
    """The ticket was used before, has expired, or never was one."""

    code = "ticket_invalid"


class TooManyStreams(TooMany):
    """The user has reached the limit of open streams: one of them must end first."""

    code = "too_many_streams"


class SessionEnded(NotAuthenticated):
    """The session was logged out, revoked or has expired, or its account is erased or disabled."""

    code = "session_ended"


class RefreshTokenReused(NotAuthenticated):
    """A refresh token was used after its successor: two parties have it, so the whole session has ended."""

    code = "token_reused"


class NotAParticipant(NotAllowed):
    code = "not_a_participant"


class RoleTooLow(NotAllowed):
    code = "role_too_low"


class ResyncRequired(Gone):
    """The change log does not reach back to this position: load everything again and continue from its end."""

    code = "resync_required"


class InvalidCursor(InvalidInput):
    """The cursor was not issued by this server."""

    code = "invalid_cursor"


class NotYourMessage(NotAllowed):
    """Only the author can edit a message, whatever the caller's role."""

    code = "not_your_message"


class Banned(NotAllowed):
    """The caller is banned from the room."""

    code = "banned"


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


class UsernameTaken(Conflict):
    code = "username_taken"


class ClientIdReused(Conflict):
    """The same `client_id` came with other content: a bug of the client that neither message may hide."""

    code = "client_id_reused"


class MessageDeleted(Conflict):
    """A deleted message can't be edited."""

    code = "message_deleted"


class UserIsBanned(Conflict):
    """The user is banned from the room: lift the ban before adding the user."""

    code = "user_is_banned"


class OwnerNeeded(Conflict):
    """A room always has an owner: the owner steps down by making another participant the owner, or by leaving."""

    code = "owner_needed"


class RecipientDeleted(Conflict):
    """The other user of the direct chat has erased the account, so nobody would read the message."""

    code = "recipient_deleted"


class DirectChatIsFixed(Conflict):
    """A direct chat belongs to its two users: nobody can rename, delete, join or leave it."""

    code = "direct_chat_is_fixed"
