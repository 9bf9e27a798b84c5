"""What can go wrong, in the terms of the chat.

Eight kinds tell what a caller can do about it; each subclass names the broken rule and carries a stable `code` for
programs. Sentences for people, HTTP statuses and languages are the API's business.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple


class Issue(NamedTuple):
    """What is wrong with one field: a stable code and the limits that its sentence names."""

    code: str
    limits: Mapping[str, int] = {}


class ChatError(Exception):
    """The base of everything that a service refuses."""

    code: ClassVar[str]


class InvalidInput(ChatError):
    """The request itself is wrong; `issues` says what is wrong with which field."""

    code = "validation_failed"

    def __init__(self, issues: Mapping[str, Sequence[Issue]]) -> None:
        super().__init__(", ".join(f"{field}: {issue.code}" for field, found in issues.items() for issue in found))
        self.issues = issues

    @classmethod
    def of(cls, field: str, code: str, **limits: int) -> "InvalidInput":
        return cls({field: [Issue(code, limits)]})


class NotAuthenticated(ChatError):
    """Nobody is known by what was shown."""

    code = "not_authenticated"


class NotAllowed(ChatError):
    """You can see the thing, but you may not do this with it."""

    code = "not_allowed"


class NotFound(ChatError):
    """It does not exist, or you may not know that it does."""

    code = "not_found"


class Conflict(ChatError):
    """It clashes with what is there."""

    code = "conflict"


class Gone(ChatError):
    """It is not there any more, and never comes back."""

    code = "gone"


class TooMany(ChatError):
    """Too fast; try again after `retry_after` seconds."""

    code = "too_many_requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


class TooManyAttempts(TooMany):
    """Too many guesses: see `domain.throttling`."""

    code = "too_many_attempts"


class Unavailable(ChatError):
    """Something that the answer needs is away or overloaded. Nothing was changed; try again after `retry_after` s."""

    code = "unavailable"

    def __init__(self, reason: str, retry_after: int = 1, *, is_conflict: bool = False) -> None:
        """`is_conflict`: another transaction got in the way, so it should succeed when it is tried again at once."""
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
    """The user has as many streams as one may have; one of them has to end first."""

    code = "too_many_streams"


class SessionEnded(NotAuthenticated):
    """The session was logged out, revoked, outlived, or its account is gone or disabled."""

    code = "session_ended"


class RefreshTokenReused(NotAuthenticated):
    """A refresh token was shown after its successor was used: it is in two hands, so the whole session has ended."""

    code = "token_reused"


class NotAParticipant(NotAllowed):
    code = "not_a_participant"


class RoleTooLow(NotAllowed):
    code = "role_too_low"


class ResyncRequired(Gone):
    """What was asked for is not in the change log: fetch what you show anew, and go on from its end."""

    code = "resync_required"


class InvalidCursor(InvalidInput):
    """The cursor is not one that we have given out."""

    code = "invalid_cursor"


class NotYourMessage(NotAllowed):
    """What somebody said is changed by nobody else, whatever their role."""

    code = "not_your_message"


class Banned(NotAllowed):
    """Who rules the room keeps the caller out."""

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
    """The same `client_id` came with other content: a client's bug that must not be hidden by either message."""

    code = "client_id_reused"


class MessageDeleted(Conflict):
    """What is left of a deleted message says nothing, and nothing can be put into its mouth."""

    code = "message_deleted"


class UserIsBanned(Conflict):
    """The user is kept out of the room: the ban must be lifted before somebody adds them."""

    code = "user_is_banned"


class OwnerNeeded(Conflict):
    """A room always has an owner, who steps down only by making somebody else the owner, or by leaving."""

    code = "owner_needed"


class RecipientDeleted(Conflict):
    """The other one of a direct chat has erased the account, so nobody would read it."""

    code = "recipient_deleted"


class DirectChatIsFixed(Conflict):
    """A direct chat belongs to its two people: it can't be renamed, deleted or left, and nobody comes or goes."""

    code = "direct_chat_is_fixed"
