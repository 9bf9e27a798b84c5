"""Invitations to rooms."""

from typing import NamedTuple

from minichat.domain.model.accounts import People, User
from minichat.domain.model.rooms import Room
from minichat.domain.model.values import Timestamp, is_within
from minichat.domain.paging import Page


class Invitation(NamedTuple):
    """An invitation to a room, for any holder of its token.

    The record is without the hash of the token, so that it can't leak with the rest.
    """

    id: int
    """Later invitations of a room have larger ids."""
    room_id: int
    created_by: int
    created_at: Timestamp
    expires_at: Timestamp
    uses: int | None
    """The maximum number of users who can join with it; None for any number."""
    used: int
    """How many users have joined with it."""

    @property
    def is_used_up(self) -> bool:
        return self.uses is not None and self.used >= self.uses

    def is_current(self, now: Timestamp) -> bool:
        """Return whether the invitation has not expired."""
        return is_within(self.expires_at - self.created_at, self.created_at, now)


class NewInvitation(NamedTuple):
    token_hash: str
    room_id: int
    created_by: int
    created_at: Timestamp
    expires_at: Timestamp
    uses: int | None

    def stored_as(self, invitation_id: int) -> Invitation:
        """Return the stored invitation, with the id that the store assigned."""
        return Invitation(
            invitation_id, self.room_id, self.created_by, self.created_at, self.expires_at, self.uses, used=0
        )


class CreatedInvitation(NamedTuple):
    invitation: Invitation
    token: str
    """Only the answer to its creation shows the token."""
    creator: User


class InvitationList(NamedTuple):
    page: Page[Invitation]
    people: People


class OpenInvitation(NamedTuple):
    """An invitation that lets users join, as a stranger sees it."""

    invitation: Invitation
    room: Room
    creator: User
