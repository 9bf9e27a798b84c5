"""Invitations: the owner and the moderators of a room create links, and the holders of a link can join.

An invitation works as long as it has not expired, and its creator is the owner or a moderator of the room with an
enabled account. For all others, every invitation that does not work looks like one that never existed. A token is shown
once, when its invitation is created; the store holds its hash. This module knows no URL.
"""

from dataclasses import dataclass

from minichat.domain.audit import AuditLog
from minichat.domain.errors import Banned, InvitationNotFound
from minichat.domain.model import (
    DAY,
    SECOND,
    AuditEvent,
    CreatedInvitation,
    InvitationList,
    NewInvitation,
    OpenInvitation,
    Role,
    ShownRoom,
)
from minichat.domain.paging import Window, cut
from minichat.domain.participation import Participation
from minichat.domain.ports import BanStore, Clock, InvitationStore, RoomStore, Transaction, UserStore
from minichat.domain.room_access import RoomAccess
from minichat.domain.secret_tokens import hash_of, new_token
from minichat.domain.text import Fields

DEFAULT_LIFETIME_SECONDS = 7 * DAY // SECOND
MAX_LIFETIME_SECONDS = 30 * DAY // SECOND
MAX_USES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitations:
    transaction: Transaction
    clock: Clock
    user_store: UserStore
    room_store: RoomStore
    ban_store: BanStore
    invitation_store: InvitationStore
    room_access: RoomAccess
    participation: Participation
    audit_log: AuditLog

    def create(
        self, actor_id: int, room_id: int, *, expires_in: int = DEFAULT_LIFETIME_SECONDS, uses: int | None = None
    ) -> CreatedInvitation:
        """Invite to a room, for `expires_in` seconds and `uses` users (None for any number).

        Raises InvalidInput, RoomNotFound, NotAParticipant, DirectChatIsFixed or RoleTooLow.
        """
        _check(expires_in, uses)
        token = new_token()
        with self.transaction(room=room_id):
            self.room_access.as_at_least(Role.MODERATOR, actor_id, room_id)
            now = self.clock()
            new = NewInvitation(hash_of(token), room_id, actor_id, now, now + expires_in * SECOND, uses)
            invitation = self.invitation_store.add(new)
            self.audit_log.note(
                AuditEvent.INVITATION_CREATED, about=actor_id, by=actor_id, room=room_id, invitation=invitation.id
            )
            return CreatedInvitation(invitation, token, self.user_store.by_ids([actor_id])[actor_id])

    def page(self, actor_id: int, room_id: int, window: Window) -> InvitationList:
        """Return the room's invitations that have not expired, the newest first, for owner and moderators.

        They include those of former moderators, which work again if their creators get the role back. Raises the same
        errors as `create`.
        """
        self.room_access.as_at_least(Role.MODERATOR, actor_id, room_id)
        return self.listed(room_id, window)

    def listed(self, room_id: int, window: Window) -> InvitationList:
        """Do the same for a caller with the right to see the invitations."""
        page = cut(self.invitation_store.page(room_id, self.clock(), window), window, lambda one: (one.id,))
        return InvitationList(page, self.user_store.by_ids(one.created_by for one in page.items))

    def revoke(self, actor_id: int, room_id: int, invitation_id: int) -> None:
        """Revoke an invitation to the room. Raises the same errors as `create`, or InvitationNotFound."""
        with self.transaction(room=room_id):
            self.room_access.as_at_least(Role.MODERATOR, actor_id, room_id)
            self.remove(room_id, invitation_id, by=actor_id)

    def remove(self, room_id: int, invitation_id: int, *, by: int | None) -> None:
        """Remove an invitation, inside the transaction of a caller with the right to. Raises InvitationNotFound."""
        invitation = self.invitation_store.remove(room_id, invitation_id)
        if invitation is None:
            raise InvitationNotFound
        self.audit_log.note(
            AuditEvent.INVITATION_REVOKED,
            about=invitation.created_by,
            by=by,
            room=room_id,
            invitation=invitation_id,
        )

    def preview(self, token: str) -> OpenInvitation:
        """Return an invitation with which a new user can join. Raises InvitationNotFound."""
        found = self._open(token)
        if found.invitation.is_used_up:
            raise InvitationNotFound
        return found

    def accept(self, user_id: int, token: str) -> ShownRoom:
        """Join the room of an invitation; for a participant, do nothing and count no use.

        Raises InvitationNotFound or Banned.
        """
        invitation = self._open(token).invitation
        with self.transaction(room=invitation.room_id, shared_accounts={user_id, invitation.created_by}):
            self.participation.refuse_erased(user_id)
            return self.admit(user_id, token)

    def admit(self, user_id: int, token: str) -> ShownRoom:
        """Do the same inside the caller's transaction, which holds the room and shares the creator's account."""
        invitation, room, _ = self._open(token)
        if not self._is_in(room.id, user_id):
            if self.ban_store.holds(room.id, user_id):
                raise Banned
            if not self.invitation_store.use(invitation):
                raise InvitationNotFound
            self.participation.admit(room, user_id, Role.MEMBER, self.clock())
            self.audit_log.note(
                AuditEvent.INVITATION_ACCEPTED, about=user_id, by=user_id, room=room.id, invitation=invitation.id
            )
        return self.room_access.shown(user_id, room.id)

    def _open(self, token: str) -> OpenInvitation:
        """Return an invitation that works for participants at least. Raises InvitationNotFound."""
        invitation = self.invitation_store.by_hash(hash_of(token))
        if invitation is None or not invitation.is_current(self.clock()):
            raise InvitationNotFound
        creator = self.user_store.by_ids([invitation.created_by])[invitation.created_by]
        room, membership = self.room_store.access(invitation.room_id, creator.id) or (None, None)
        if room is None or membership is None or Role.MODERATOR.outranks(membership.role) or not creator.is_active:
            raise InvitationNotFound
        return OpenInvitation(invitation, room, creator)

    def _is_in(self, room_id: int, user_id: int) -> bool:
        _, membership = self.room_store.access(room_id, user_id) or (None, None)
        return membership is not None


def _check(expires_in: int, uses: int | None) -> None:
    """Raise InvalidInput if an invitation can't have this lifetime or number of uses."""
    fields = Fields()
    if not 1 <= expires_in <= MAX_LIFETIME_SECONDS:
        fields.wrong("expires_in", "out_of_range", least=1, most=MAX_LIFETIME_SECONDS)
    if uses is not None and not 1 <= uses <= MAX_USES:
        fields.wrong("uses", "out_of_range", least=1, most=MAX_USES)
    fields.check()
