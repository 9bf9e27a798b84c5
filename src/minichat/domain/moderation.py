"""Adding, removing and banning participants, and giving roles.

The owner and the moderators can add users. They can remove and ban only users of lower roles. Only the owner can give
roles. A group always has exactly one owner. A direct chat has no moderation. The changes of memberships themselves are
in `participation`.
"""

from dataclasses import dataclass

from minichat.domain.acquaintances import Acquaintances
from minichat.domain.audit import AuditLog
from minichat.domain.blocks import Blocks
from minichat.domain.errors import (
    InvalidInput,
    OwnerNeeded,
    ParticipantNotFound,
    RoleTooLow,
    UserIsBanned,
    UserNotFound,
)
from minichat.domain.model import AuditEvent, BanList, Membership, Role, ShownParticipant, User
from minichat.domain.paging import Window, cut
from minichat.domain.participation import Participation
from minichat.domain.ports import BanStore, Clock, MessageStore, RoomStore, Transaction, UserStore
from minichat.domain.room_access import RoomAccess


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderation:
    transaction: Transaction
    clock: Clock
    user_store: UserStore
    room_store: RoomStore
    ban_store: BanStore
    message_store: MessageStore
    room_access: RoomAccess
    participation: Participation
    acquaintances: Acquaintances
    blocks: Blocks
    audit_log: AuditLog

    def add(self, actor_id: int, room_id: int, user_id: int) -> tuple[ShownParticipant, bool]:
        """Add a user as a member; return the participant and whether this call added the user.

        Raises RoomNotFound, NotAParticipant, DirectChatIsFixed, RoleTooLow, UserNotFound, UserIsBanned, CannotMessage
        or YouBlocked.
        """
        with self.transaction(room=room_id, shared_accounts=[actor_id, user_id]):
            user = self._living(user_id)
            room, _ = self.room_access.as_at_least(Role.MODERATOR, actor_id, room_id)
            if user is None or not self.acquaintances.include(actor_id, [user_id]):
                raise UserNotFound
            membership = self._membership(room_id, user_id)
            is_new = membership is None
            if membership is None:
                if self.ban_store.holds(room_id, user_id):
                    raise UserIsBanned
                self.blocks.refuse_between(actor_id, [user_id])
                membership = self.participation.admit(room, user_id, Role.MEMBER, self.clock())
            return ShownParticipant(membership, user), is_new

    def set_role(self, actor_id: int, room_id: int, user_id: int, role: Role) -> ShownParticipant:
        """Give a participant a role, as the owner. The role `owner` makes the former owner a moderator.

        Raises RoomNotFound, NotAParticipant, DirectChatIsFixed, RoleTooLow, ParticipantNotFound, or OwnerNeeded if the
        owner would step down without a successor.
        """
        with self.transaction(room=room_id):
            _, own = self.room_access.as_at_least(Role.OWNER, actor_id, room_id)
            membership = self._membership(room_id, user_id)
            if membership is None:
                raise ParticipantNotFound
            if membership.role != role:
                if user_id == actor_id:
                    raise OwnerNeeded
                membership = self.participation.give_role(membership, role, by=actor_id)
                if role == Role.OWNER:
                    self.participation.give_role(own, Role.MODERATOR, by=actor_id)
            return ShownParticipant(membership, self.user_store.by_ids([user_id])[user_id])

    def remove(self, actor_id: int, room_id: int, user_id: int, *, is_ban: bool = False) -> None:
        """Remove a participant; with `is_ban`, ban the user, whether in the room or not.

        Removing oneself is leaving (see `Participation.leave`). Besides the participants, the actor can ban authors of
        messages in the room and acquaintances. Raises RoomNotFound, NotAParticipant,
        DirectChatIsFixed, RoleTooLow, ParticipantNotFound, UserNotFound for a ban of an unknown user, or InvalidInput
        for banning oneself.
        """
        if user_id == actor_id:
            if is_ban:
                raise InvalidInput.of("ban", "yourself")
            self.participation.leave(actor_id, room_id)
            return
        with self.transaction(room=room_id, shared_accounts=[user_id] if is_ban else []):
            user = self._living(user_id) if is_ban else None
            room, own = self.room_access.as_at_least(Role.MODERATOR, actor_id, room_id)
            membership = self._membership(room_id, user_id)
            is_nameable = membership is not None or (is_ban and self._can_name(actor_id, room_id, user_id))
            if membership is None and not is_ban:
                raise ParticipantNotFound
            if membership is not None:
                if not own.role.outranks(membership.role):
                    raise RoleTooLow
                self.participation.let_go(room, membership)
                self.audit_log.note(AuditEvent.PARTICIPANT_REMOVED, about=user_id, by=actor_id, room=room_id)
            if is_ban:
                if user is None or not is_nameable:
                    raise UserNotFound
                self._ban(actor_id, room_id, user_id)

    def bans(self, actor_id: int, room_id: int, window: Window) -> BanList:
        """Return the bans, the newest first, for owner and moderators.

        Raises RoomNotFound, NotAParticipant, DirectChatIsFixed or RoleTooLow.
        """
        self.room_access.as_at_least(Role.MODERATOR, actor_id, room_id)
        page = cut(self.ban_store.page(room_id, window), window, lambda ban: (ban.id,))
        return BanList(page, self.user_store.by_ids(ban.user_id for ban in page.items))

    def lift_ban(self, actor_id: int, room_id: int, user_id: int) -> None:
        """Lift a ban; nothing happens if there is none.

        Raises the same errors as `bans`. Raises UserNotFound for an unknown user, except with
        `DirectoryMode.SHARED`, where that would show which ids belong to users.
        """
        with self.transaction(room=room_id, shared_accounts=[user_id]):
            user = self._living(user_id)
            self.room_access.as_at_least(Role.MODERATOR, actor_id, room_id)
            if user is None and not self.acquaintances.are_limited:
                raise UserNotFound
            if self.ban_store.lift(room_id, user_id):
                self.audit_log.note(AuditEvent.USER_UNBANNED, about=user_id, by=actor_id, room=room_id)

    def _ban(self, actor_id: int, room_id: int, user_id: int) -> None:
        if self.ban_store.add(room_id, user_id, actor_id, self.clock()):
            self.audit_log.note(AuditEvent.USER_BANNED, about=user_id, by=actor_id, room=room_id)

    def _can_name(self, actor_id: int, room_id: int, user_id: int) -> bool:
        """Return whether the actor knows the user, or the user is an author in the room."""
        return self.acquaintances.include(actor_id, [user_id]) or self.message_store.has_author(room_id, user_id)

    def _living(self, user_id: int) -> User | None:
        """Return the user, or None if the account is erased. The caller's transaction holds the account's lock."""
        living = self.user_store.living([user_id])
        return self.user_store.by_ids(living).get(user_id)

    def _membership(self, room_id: int, user_id: int) -> Membership | None:
        found = self.room_store.access(room_id, user_id)
        return None if found is None else found[1]
