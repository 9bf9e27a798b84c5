"""Administrators and groups: they see each group with its participants, and can rename, hand over and remove it.

Direct chats do not exist for administrators: every method raises RoomNotFound for one, as for an unknown id. The
participants receive each change as if the owner had made it. No method shows a message: see `room_openings`. `by` is
the administrator's id, or None for the command line.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from minichat.domain import room_rules
from minichat.domain.administrators import Administrators, accounts
from minichat.domain.audit import AuditLog
from minichat.domain.errors import ChangedMeanwhile, HeirDisabled, ParticipantNotFound, RoomNotFound
from minichat.domain.invitations import Invitations
from minichat.domain.model import (
    AuditEvent,
    Change,
    ChangeKind,
    GroupFilter,
    InvitationList,
    ParticipantList,
    Role,
    Room,
    RoomOrder,
    ShownParticipant,
)
from minichat.domain.paging import Page, Window, cut
from minichat.domain.participation import Participation
from minichat.domain.ports import (
    ChangeStore,
    Characters,
    Clock,
    MembershipStore,
    RoomStore,
    Transaction,
    UserStore,
)
from minichat.domain.room_lookup import existing_group
from minichat.domain.room_rules import RoomPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomAdministration:
    transaction: Transaction
    clock: Clock
    characters: Characters
    user_store: UserStore
    room_store: RoomStore
    membership_store: MembershipStore
    change_store: ChangeStore
    participation: Participation
    room_invitations: Invitations
    administrators: Administrators
    audit_log: AuditLog

    # Reading

    def page(
        self,
        window: Window,
        query: str = "",
        *,
        is_private: bool | None = None,
        order: RoomOrder = RoomOrder.NEWEST,
    ) -> Page[Room]:
        """Return the groups with the query in their names, all or only the private or public ones.

        Raises InvalidInput on `q`.
        """
        groups = GroupFilter(room_rules.sought_name(query, self.characters), is_private, order)
        return cut(self.room_store.groups(window, groups), window, groups.key)

    def get(self, room_id: int) -> Room:
        """Return a group. Raises RoomNotFound."""
        return existing_group(self.room_store, room_id)

    def owner(self, room_id: int) -> ShownParticipant:
        """Return the owner of a group. Raises RoomNotFound."""
        self.get(room_id)
        membership = self.membership_store.owner(room_id)
        if membership is None:
            raise RoomNotFound
        return ShownParticipant(membership, self.user_store.by_ids([membership.user_id])[membership.user_id])

    def participants(self, room_id: int, window: Window) -> ParticipantList:
        """Return the participants of a group in the order of joining. Raises RoomNotFound."""
        self.get(room_id)
        page = cut(self.membership_store.page(room_id, window), window, lambda membership: (membership.id,))
        return ParticipantList(room_id, page, self.user_store.by_ids(membership.user_id for membership in page.items))

    def invitations(self, room_id: int, window: Window) -> InvitationList:
        """Return the invitations to a group that have not expired, the newest first. Raises RoomNotFound."""
        self.get(room_id)
        return self.room_invitations.listed(room_id, window)

    # Acts

    def rename(self, room_id: int, name: str, *, seen: str, by: int | None) -> Room:
        """Rename a group that the administrator saw under the name `seen`; the same name again changes nothing.

        Raises InvalidInput, ChangedMeanwhile, RoomNotFound or NotAnAdministrator.
        """
        with self._locked(room_id, by) as room:
            if room.name != seen:
                raise ChangedMeanwhile
            renamed = room_rules.changed_room(room, name, None, None, RoomPolicy(), self.characters)
            if renamed != room:
                self.room_store.update(renamed)
                self.change_store.record(Change(ChangeKind.ROOM_UPDATED, room.id, self.clock()))
                self.audit_log.note(AuditEvent.ROOM_RENAMED, about=None, by=by, room=room.id)
            return renamed

    def hand_over(self, room_id: int, user_id: int, *, seen: int | None = None, by: int | None) -> ShownParticipant:
        """Make a participant the owner. The former owner, the user `seen` if a form has shown it, becomes a moderator.

        Raises RoomNotFound, ParticipantNotFound, HeirDisabled, ChangedMeanwhile or NotAnAdministrator.
        """
        with self._locked(room_id, by, user_id):
            _, membership = self.room_store.access(room_id, user_id) or (None, None)
            if membership is None:
                raise ParticipantNotFound
            user = self.user_store.by_ids([user_id])[user_id]
            if not user.is_active:
                raise HeirDisabled
            former = self.membership_store.owner(room_id)
            if membership.role != Role.OWNER:
                if former is not None and seen not in {None, former.user_id}:
                    raise ChangedMeanwhile
                membership = self.participation.give_role(membership, Role.OWNER, by=by)
                if former is not None:
                    self.participation.give_role(former, Role.MODERATOR, by=by)
            return ShownParticipant(membership, user)

    def revoke_invitation(self, room_id: int, invitation_id: int, *, by: int | None) -> None:
        """Revoke an invitation to a group. Raises RoomNotFound, InvitationNotFound or NotAnAdministrator."""
        with self._locked(room_id, by):
            self.room_invitations.remove(room_id, invitation_id, by=by)

    def delete(self, room_id: int, *, by: int | None) -> Room:
        """Remove a group with its messages. Raises RoomNotFound or NotAnAdministrator."""
        with self._locked(room_id, by) as room:
            self.participation.remove_room(room)
            self.audit_log.note(AuditEvent.ROOM_DELETED, about=None, by=by, room=room.id)
            return room

    @contextmanager
    def _locked(self, room_id: int, by: int | None, *user_ids: int) -> Iterator[Room]:
        """Begin a transaction that holds the group and shares these accounts. Raises the errors of every act."""
        with self.transaction(room=room_id, shared_accounts={*accounts(by), *user_ids}):
            self.administrators.refuse_former(by)
            yield self.get(room_id)
