"""Rooms: their lists, creation, settings and removal.

`RoomAccess` decides which rooms a user may see. `Participation` adds and removes participants.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from minichat.domain import room_rules
from minichat.domain.acquaintances import Acquaintances
from minichat.domain.audit import AuditLog
from minichat.domain.blocks import Blocks
from minichat.domain.details import DetailReader
from minichat.domain.errors import (
    InvalidInput,
    RoleTooLow,
    UserNotFound,
)
from minichat.domain.model import (
    AuditEvent,
    Change,
    ChangeKind,
    NewRoom,
    ParticipantList,
    Role,
    RoomKind,
    RoomList,
    RoomView,
    ShownRoom,
)
from minichat.domain.paging import Window, cut
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
from minichat.domain.room_access import RoomAccess
from minichat.domain.room_keys import by_activity, of_this_version
from minichat.domain.room_rules import RoomPolicy
from minichat.domain.text import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    transaction: Transaction
    clock: Clock
    characters: Characters
    user_store: UserStore
    room_store: RoomStore
    membership_store: MembershipStore
    change_store: ChangeStore
    detail_reader: DetailReader
    room_access: RoomAccess
    participation: Participation
    acquaintances: Acquaintances
    blocks: Blocks
    audit_log: AuditLog

    # Reading

    def mine(self, user_id: int, window: Window, query: str = "") -> RoomList:
        """Return the rooms that the user is in, by latest activity; with a query, those with it in their name.

        Raises InvalidInput.
        """
        window, sought = of_this_version(window, self.room_store), room_rules.sought_name(query, self.characters)
        return self._listed(user_id, self.room_store.page_of(user_id, window, sought), window)

    def public(self, user_id: int, window: Window, query: str = "") -> RoomList:
        """Return, like `mine`, the rooms that the user could join."""
        window, sought = of_this_version(window, self.room_store), room_rules.sought_name(query, self.characters)
        return self._listed(user_id, self.room_store.public_page(user_id, window, sought), window)

    def check_query(self, query: str) -> None:
        """Raise InvalidInput for a query that `mine` and `public` refuse."""
        room_rules.sought_name(query, self.characters)

    def get(self, user_id: int, room_id: int) -> ShownRoom:
        """Return a room as the user sees it, or the card of a public room. Raises RoomNotFound."""
        return self.room_access.shown(user_id, room_id)

    def participants(self, user_id: int, room_id: int, window: Window) -> ParticipantList:
        """Return the participants in the order of joining. Raises RoomNotFound or NotAParticipant."""
        room, _ = self.room_access.as_participant(user_id, room_id)
        page = cut(self.membership_store.page(room.id, window), window, lambda membership: (membership.id,))
        return ParticipantList(room.id, page, self.user_store.by_ids(membership.user_id for membership in page.items))

    # Creating and changing

    def create(
        self,
        user_id: int,
        name: str,
        description: str = "",
        is_private: bool = False,
        invited: Sequence[int] = (),
        policy: RoomPolicy = RoomPolicy(),
    ) -> ShownRoom:
        """Create a group with its owner and the invited users. Raises InvalidInput, CannotMessage or YouBlocked."""
        fields = Fields()
        name = room_rules.check_name(fields, name, self.characters)
        description = room_rules.check_description(fields, description)
        room_rules.check_policy(fields, policy)
        others = self._checked_others(fields, user_id, invited)
        fields.check()
        with self.transaction(shared_accounts=[user_id, *others]):
            self.participation.refuse_erased(user_id)
            if not self._can_invite(user_id, others):
                raise InvalidInput.of("participants", "unknown_user")
            self.blocks.refuse_between(user_id, others)
            now = self.clock()
            room = self.room_store.add(NewRoom(name, description, RoomKind.GROUP, is_private, now, **policy.given()))
            assert room is not None, "only a direct chat can exist already"
            self.change_store.record(Change(ChangeKind.ROOM_CREATED, room.id, now))
            self.participation.admit(room, user_id, Role.OWNER, now)
            # In one step, so that a long list of invitations does not keep listeners waiting for this transaction.
            self.membership_store.add_all(room.id, others, Role.MEMBER, room.last_seq)
            joined = Change(ChangeKind.PARTICIPANT_JOINED, room.id, now, role=Role.MEMBER)
            self.change_store.record_all(joined, others)
            return self.room_access.shown(user_id, room.id)

    def check_new(
        self, user_id: int, *, name: str | None = None, description: str = "", invited: Sequence[int] = ()
    ) -> None:
        """Raise InvalidInput if a given field of a new room breaks a rule. Change nothing."""
        fields = Fields()
        if name is not None:
            room_rules.check_name(fields, name, self.characters)
        room_rules.check_description(fields, description)
        self._checked_others(fields, user_id, invited)
        fields.check()

    def direct_chat(self, user_id: int, other_id: int) -> tuple[ShownRoom, bool]:
        """Return the pair's one direct chat and whether this call created it.

        Raises InvalidInput, UserNotFound, CannotMessage or YouBlocked.
        """
        room_rules.check_partner(user_id, other_id)
        pair = (min(user_id, other_id), max(user_id, other_id))
        existing = self.room_store.direct_of(pair)
        if existing is not None:
            return self.room_access.shown(user_id, existing), False
        with self.transaction(shared_accounts=pair):
            self.participation.refuse_erased(user_id)
            if not self._can_invite(user_id, [other_id]):
                raise UserNotFound
            now = self.clock()
            room = self.room_store.add(NewRoom("", "", RoomKind.DIRECT, True, now, pair))
            if room is not None:
                self.blocks.refuse_between(user_id, [other_id])
                self.change_store.record(Change(ChangeKind.ROOM_CREATED, room.id, now))
                for participant in (user_id, other_id):
                    self.participation.admit(room, participant, Role.MEMBER, now)
                return self.room_access.shown(user_id, room.id), True
        # The other user, or a retry, was faster.
        existing = self.room_store.direct_of(pair)
        assert existing is not None, "a direct chat is never removed"
        return self.room_access.shown(user_id, existing), False

    def edit(
        self,
        user_id: int,
        room_id: int,
        *,
        name: str | None = None,
        description: str | None = None,
        is_private: bool | None = None,
        policy: RoomPolicy = RoomPolicy(),
    ) -> ShownRoom:
        """Change the given fields. Only the owner can change the access to the history.

        Raises RoomNotFound, NotAParticipant, RoleTooLow, DirectChatIsFixed or InvalidInput.
        """
        with self.transaction(room=room_id):
            room, own = self.room_access.as_at_least(Role.MODERATOR, user_id, room_id)
            edited = room_rules.changed_room(room, name, description, is_private, policy, self.characters)
            if edited.history != room.history and own.role != Role.OWNER:
                raise RoleTooLow
            if edited != room:
                self.room_store.update(edited)
                self.change_store.record(Change(ChangeKind.ROOM_UPDATED, room.id, self.clock()))
            return self.room_access.shown(user_id, room.id)

    def check_edit(self, user_id: int, room_id: int, name: str | None = None, description: str | None = None) -> None:
        """Raise InvalidInput if a given field breaks a rule of `edit`. Raises RoomNotFound. Change nothing."""
        room, _ = self.room_access.access(user_id, room_id)
        room_rules.changed_room(room, name, description, None, RoomPolicy(), self.characters)

    def delete(self, user_id: int, room_id: int) -> None:
        """Remove a room with its messages, as the owner. Raises the same errors as `edit`."""
        with self.transaction(room=room_id):
            room, _ = self.room_access.as_at_least(Role.OWNER, user_id, room_id)
            self.participation.remove_room(room)
            self.audit_log.note(AuditEvent.ROOM_DELETED, about=user_id, by=user_id, room=room_id)

    # Shared steps

    def _listed(self, user_id: int, views: Sequence[RoomView], window: Window) -> RoomList:
        page = cut(views, window, by_activity)
        return RoomList(page, self.detail_reader.of_rooms([user_id], page.items))

    def _checked_others(self, fields: Fields, user_id: int, invited: Sequence[int]) -> Sequence[int]:
        """Return the invited users, once each and without the user; record in `fields` why they can't be invited."""
        others = [other for other in dict.fromkeys(invited) if other != user_id]
        if len(invited) > room_rules.MAX_INVITED:
            fields.wrong("participants", "too_many_items", most=room_rules.MAX_INVITED)
        elif not self._can_invite(user_id, others):
            fields.wrong("participants", "unknown_user")
        return others

    def _can_invite(self, user_id: int, others: Sequence[int]) -> bool:
        """Return whether all the others have accounts and the user knows them."""
        return self.participation.have_accounts(others) and self.acquaintances.include(user_id, others)
