"""Invitations to rooms."""

from collections.abc import Sequence
from typing import Protocol

from minichat.domain.model import Invitation, NewInvitation, Timestamp
from minichat.domain.paging import Window


class InvitationStore(Protocol):
    """Invitations, without those to removed rooms. A call that changes one needs the lock of its room."""

    def add(self, new: NewInvitation) -> Invitation: ...

    def by_hash(self, token_hash: str) -> Invitation | None:
        """Return the invitation whose token has that hash. Inside a transaction, this needs the room's lock."""

    def use(self, invitation: Invitation) -> bool:
        """Count one use; False, and count none, if the invitation is used up or was revoked meanwhile."""

    def remove(self, room_id: int, invitation_id: int) -> Invitation | None:
        """Delete the room's invitation of that id and return it."""

    def page(self, room_id: int, at: Timestamp, window: Window) -> Sequence[Invitation]:
        """Return the room's invitations that had not expired at `at`, the newest first, one more than the limit if
        there are more. Key: `(id,)`.
        """

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[Invitation]:
        """Return the invitations that the user created by id, the first `limit` with an id above `after`."""

    def erase(self, user_id: int) -> None:
        """Delete the invitations that the user created. This needs the account's lock instead of those of rooms."""

    def sweep(self, at: Timestamp, limit: int) -> int:
        """Delete up to `limit` invitations that had expired at `at`; return how many."""
