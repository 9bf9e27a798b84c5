"""Rooms, their participants and what each participant may do.

Three rules decide access. Users outside of a private or direct room can't learn that it exists. A public room shows its
card to all users and its contents to participants. The role decides which changes a participant may make. This module
reads no message except the last one of a room.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from minichat.domain import room_rules
from minichat.domain.audit import AuditLog
from minichat.domain.errors import (
    Banned,
    DirectChatIsFixed,
    InvalidInput,
    NotAParticipant,
    RoleTooLow,
    RoomNotFound,
    SessionEnded,
    UserNotFound,
)
from minichat.domain.model import (
    AuditEvent,
    Change,
    ChangeKind,
    Membership,
    NewRoom,
    ParticipantList,
    Role,
    Room,
    RoomKind,
    RoomList,
    RoomView,
    ShownRoom,
    Timestamp,
    mentioned,
)
from minichat.domain.paging import Page, Window, cut
from minichat.domain.ports import (
    BanStore,
    ChangeStore,
    Characters,
    Clock,
    MembershipStore,
    MessageStore,
    RoomStore,
    Transaction,
    UserStore,
)
from minichat.domain.room_keys import by_activity, of_this_version
from minichat.domain.text import Fields

LEAVE_BATCH = 100
"""Maximum number of rooms that an erased account leaves in one transaction, and that are in memory at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    transaction: Transaction
    clock: Clock
    characters: Characters
    user_store: UserStore
    room_store: RoomStore
    membership_store: MembershipStore
    ban_store: BanStore
    message_store: MessageStore
    change_store: ChangeStore
    audit_log: AuditLog

    # Reading

    def mine(self, user_id: int, window: Window, query: str = "") -> RoomList:
        """Return the rooms that the user is in, by latest activity; with a query, those with it in their name.

        Raises InvalidInput.
        """
        window, sought = of_this_version(window, self.room_store), room_rules.sought_name(query, self.characters)
        return self._listed(self.room_store.page_of(user_id, window, sought), window)

    def public(self, user_id: int, window: Window, query: str = "") -> RoomList:
        """Return, like `mine`, the rooms that the user could join."""
        window, sought = of_this_version(window, self.room_store), room_rules.sought_name(query, self.characters)
        return self._listed(self.room_store.public_page(user_id, window, sought), window)

    def check_query(self, query: str) -> None:
        """Raise InvalidInput for a query that `mine` and `public` refuse."""
        room_rules.sought_name(query, self.characters)

    def get(self, user_id: int, room_id: int) -> ShownRoom:
        """Return a room as the user sees it, or the card of a public room. Raises RoomNotFound."""
        return self._shown(user_id, room_id)

    def participants(self, user_id: int, room_id: int, window: Window) -> ParticipantList:
        """Return the participants in the order of joining. Raises RoomNotFound or NotAParticipant."""
        room, _ = self.as_participant(user_id, room_id)
        page = cut(self.membership_store.page(room.id, window), window, lambda membership: (membership.id,))
        return ParticipantList(room.id, page, self.user_store.by_ids(membership.user_id for membership in page.items))

    def as_participant(self, user_id: int, room_id: int) -> tuple[Room, Membership]:
        """Return the room and the user's membership. Raises RoomNotFound, or NotAParticipant for a public room."""
        room, membership = self._access(user_id, room_id)
        if membership is None:
            raise NotAParticipant
        return room, membership

    def as_at_least(self, role: Role, user_id: int, room_id: int) -> tuple[Room, Membership]:
        """Return the group and the user's membership, if its role is `role` or a higher one.

        Raises RoomNotFound, NotAParticipant, DirectChatIsFixed or RoleTooLow.
        """
        room, membership = self.as_participant(user_id, room_id)
        _refuse_direct(room)
        if role.outranks(membership.role):
            raise RoleTooLow
        return room, membership

    def view_as_participant(self, user_id: int, room_id: int) -> RoomView:
        """Return the room as its participant sees it. Raises the same errors as `as_participant`."""
        view = self._view(user_id, room_id)
        if view.membership is None:
            raise NotAParticipant
        return view

    # Creating and changing

    def create(
        self, user_id: int, name: str, description: str = "", is_private: bool = False, invited: Sequence[int] = ()
    ) -> ShownRoom:
        """Create a group with its owner and the invited users. Raises InvalidInput."""
        fields = Fields()
        name = room_rules.check_name(fields, name, self.characters)
        description = room_rules.check_description(fields, description)
        others = self._checked_others(fields, user_id, invited)
        fields.check()
        with self.transaction(shared_accounts=[user_id, *others]):
            self.refuse_erased(user_id)
            if not self._have_accounts(others):
                raise InvalidInput.of("participants", "unknown_user")
            now = self.clock()
            room = self.room_store.add(NewRoom(name, description, RoomKind.GROUP, is_private, now))
            assert room is not None, "only a direct chat can exist already"
            self.change_store.record(Change(ChangeKind.ROOM_CREATED, room.id, now))
            self.admit(room, user_id, Role.OWNER, now)
            # In one step, so that a long list of invitations does not keep listeners waiting for this transaction.
            self.membership_store.add_all(room.id, others, Role.MEMBER, room.last_seq)
            joined = Change(ChangeKind.PARTICIPANT_JOINED, room.id, now, role=Role.MEMBER)
            self.change_store.record_all(joined, others)
            return self._shown(user_id, room.id)

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
        """Return the pair's one direct chat and whether this call created it. Raises InvalidInput or UserNotFound."""
        room_rules.check_partner(user_id, other_id)
        pair = (min(user_id, other_id), max(user_id, other_id))
        existing = self.room_store.direct_of(pair)
        if existing is not None:
            return self._shown(user_id, existing), False
        with self.transaction(shared_accounts=pair):
            self.refuse_erased(user_id)
            if not self._have_accounts([other_id]):
                raise UserNotFound
            now = self.clock()
            room = self.room_store.add(NewRoom("", "", RoomKind.DIRECT, True, now, pair))
            if room is not None:
                self.change_store.record(Change(ChangeKind.ROOM_CREATED, room.id, now))
                for participant in (user_id, other_id):
                    self.admit(room, participant, Role.MEMBER, now)
                return self._shown(user_id, room.id), True
        # The other user, or a retry, was faster.
        existing = self.room_store.direct_of(pair)
        assert existing is not None, "a direct chat is never removed"
        return self._shown(user_id, existing), False

    def edit(
        self,
        user_id: int,
        room_id: int,
        *,
        name: str | None = None,
        description: str | None = None,
        is_private: bool | None = None,
    ) -> ShownRoom:
        """Change the given fields.

        Raises RoomNotFound, NotAParticipant, RoleTooLow, DirectChatIsFixed or InvalidInput.
        """
        with self.transaction(room=room_id):
            room, _ = self.as_at_least(Role.MODERATOR, user_id, room_id)
            edited = room_rules.changed_room(room, name, description, is_private, self.characters)
            if edited != room:
                self.room_store.update(edited)
                self.change_store.record(Change(ChangeKind.ROOM_UPDATED, room.id, self.clock()))
            return self._shown(user_id, room.id)

    def check_edit(self, user_id: int, room_id: int, name: str | None = None, description: str | None = None) -> None:
        """Raise InvalidInput if a given field breaks a rule of `edit`. Raises RoomNotFound. Change nothing."""
        room, _ = self._access(user_id, room_id)
        room_rules.changed_room(room, name, description, None, self.characters)

    def delete(self, user_id: int, room_id: int) -> None:
        """Remove a room with its messages, as the owner. Raises the same errors as `edit`."""
        with self.transaction(room=room_id):
            room, _ = self.as_at_least(Role.OWNER, user_id, room_id)
            self._remove(room)
            self.audit_log.note(AuditEvent.ROOM_DELETED, about=user_id, by=user_id, room=room_id)

    # Administration

    def groups(self, window: Window) -> Page[Room]:
        """Return the groups, the newest first.

        This is for administrators: they see that a room exists, but no message.
        """
        return cut(self.room_store.groups(window), window, lambda room: (room.id,))

    def take_down(self, admin_id: int, room_id: int) -> Room:
        """Remove a group, as an administrator. Raises RoomNotFound or DirectChatIsFixed."""
        with self.transaction(room=room_id):
            found = self.room_store.access(room_id, admin_id)
            if found is None:
                raise RoomNotFound
            room, _ = found
            _refuse_direct(room)
            self._remove(room)
            self.audit_log.note(AuditEvent.ROOM_DELETED, about=None, by=admin_id, room=room.id)
            return room

    # Joining, leaving and reading

    def join(self, user_id: int, room_id: int) -> ShownRoom:
        """Join a public room; do nothing for a participant. Raises RoomNotFound or Banned."""
        with self.transaction(room=room_id, shared_accounts=[user_id]):
            self.refuse_erased(user_id)
            room, membership = self._access(user_id, room_id)
            if membership is None:
                if self.ban_store.holds(room.id, user_id):
                    raise Banned
                self.admit(room, user_id, Role.MEMBER, self.clock())
            return self._shown(user_id, room.id)

    def leave(self, user_id: int, room_id: int) -> None:
        """Leave a room. Do nothing if the user can see the room but is not in it.

        When the owner leaves, the longest-standing moderator becomes the owner, or else the longest-standing member.
        The room is removed with its last participant. Raises RoomNotFound or DirectChatIsFixed.
        """
        with self.transaction(room=room_id):
            room, membership = self._access(user_id, room_id)
            _refuse_direct(room)
            if membership is not None:
                self.let_go(room, membership)

    def ids_of(self, user_id: int) -> Sequence[int]:
        """Return the ids of the rooms that the user is in, in ascending order."""
        # Without removed rooms, whose memberships remain: PostgreSQL has room for a limited number of locks.
        room_ids: list[int] = []
        while joined := self.room_store.all_of(user_id, room_ids[-1] if room_ids else 0, LEAVE_BATCH):
            room_ids += [room.id for room, _, _ in joined]
        return room_ids

    def leave_each(self, user_id: int, room_ids: Sequence[int]) -> None:
        """Leave the groups among these rooms, like `leave`, inside the caller's transaction, which holds the rooms."""
        for start in range(0, len(room_ids), LEAVE_BATCH):
            some = room_ids[start : start + LEAVE_BATCH]
            for room, membership, _ in self.room_store.all_of(user_id, some[0] - 1, LEAVE_BATCH):
                if room.id in some and room.kind != RoomKind.DIRECT:
                    self.let_go(room, membership)

    def mark_read(self, user_id: int, room_id: int, seq: int) -> tuple[int, int]:
        """Move the user's receipt forward to `seq`, at most to the newest message.

        Return the newest `seq` that the user has read, and the number of unread messages. Raises RoomNotFound or
        NotAParticipant.
        """
        room, membership = self.as_participant(user_id, room_id)
        if min(seq, room.last_seq) > membership.seen_seq:
            with self.transaction(room=room_id):
                room, membership = self.as_participant(user_id, room_id)
                membership = self.see(room, membership, seq)
        last_read_seq = membership.last_read_seq
        return last_read_seq, room.last_seq - last_read_seq - self.deleted_unread(room, membership)

    def deleted_unread(self, room: Room, membership: Membership) -> int:
        """Return the number of deleted messages above the participant's receipt."""
        after = membership.last_read_seq
        return self.message_store.count_deleted(room.id, after, room.last_seq) if room.deleted_seq > after else 0

    # Steps inside the caller's transaction

    def admit(self, room: Room, user_id: int, role: Role, now: Timestamp) -> Membership:
        """Add a user who is not in the room. The new participant has no unread messages."""
        membership = self.membership_store.add(room.id, user_id, role, room.last_seq)
        assert membership is not None, "the caller has checked it in this transaction"
        self.change_store.record(Change(ChangeKind.PARTICIPANT_JOINED, room.id, now, user_id=user_id, role=role))
        return membership

    def let_go(self, room: Room, membership: Membership) -> None:
        """Remove a participant. Give the owner's role to the next participant first; remove a room without others."""
        user_id = membership.user_id
        heir = self.membership_store.heir(room.id, without=user_id)
        if heir is None:
            self._remove(room)
            return
        if membership.role == Role.OWNER:
            self.give_role(heir, Role.OWNER, by=user_id)
        self.membership_store.remove(membership)
        self.change_store.record(
            Change(ChangeKind.PARTICIPANT_LEFT, room.id, self.clock(), user_id=user_id, role=membership.role)
        )

    def give_role(self, membership: Membership, role: Role, *, by: int) -> Membership:
        """Give a participant another role and record it. The caller has checked the rights of `by`."""
        room_id, user_id = membership.room_id, membership.user_id
        self.membership_store.set_role(membership, role)
        self.change_store.record(
            Change(ChangeKind.PARTICIPANT_UPDATED, room_id, self.clock(), user_id=user_id, role=role)
        )
        self.audit_log.note(AuditEvent.ROLE_CHANGED, about=user_id, by=by, room=room_id, role=role.value)
        return membership._replace(role=role)

    def refuse_erased(self, user_id: int) -> None:
        """Raise SessionEnded if the account was erased during the request. An erased account must not join a room."""
        if not self._have_accounts([user_id]):
            raise SessionEnded

    def see(self, room: Room, membership: Membership, seq: int) -> Membership:
        """Move the participant's receipt forward to `seq`, at most to the newest message."""
        seq = min(seq, room.last_seq)
        if not self.membership_store.see(room.id, membership.user_id, seq):
            return membership
        membership = membership._replace(seen_seq=seq)
        self.change_store.record(
            Change(
                ChangeKind.MESSAGE_READ,
                room.id,
                self.clock(),
                user_id=membership.user_id,
                seq=membership.last_read_seq,
            )
        )
        return membership

    # Shared steps

    def _access(self, user_id: int, room_id: int) -> tuple[Room, Membership | None]:
        """Return the room if the user may know of it. Raises RoomNotFound for a missing and for a hidden room alike."""
        found = self.room_store.access(room_id, user_id)
        if found is None or (found[1] is None and not found[0].is_public):
            raise RoomNotFound
        return found

    def _view(self, user_id: int, room_id: int) -> RoomView:
        """Return the room as the user sees it, by the rule of `_access`. Raises RoomNotFound."""
        view = self.room_store.view(room_id, user_id)
        if view is None or (view.membership is None and not view.room.is_public):
            raise RoomNotFound
        return view

    def _shown(self, user_id: int, room_id: int) -> ShownRoom:
        view = self._view(user_id, room_id)
        return ShownRoom(view, self.user_store.by_ids(mentioned([view])))

    def _listed(self, views: Sequence[RoomView], window: Window) -> RoomList:
        page = cut(views, window, by_activity)
        return RoomList(page, self.user_store.by_ids(mentioned(page.items)))

    def _checked_others(self, fields: Fields, user_id: int, invited: Sequence[int]) -> Sequence[int]:
        """Return the invited users, once each and without the user; record in `fields` why they can't be invited."""
        others = [other for other in dict.fromkeys(invited) if other != user_id]
        if len(invited) > room_rules.MAX_INVITED:
            fields.wrong("participants", "too_many_items", most=room_rules.MAX_INVITED)
        elif not self._have_accounts(others):
            fields.wrong("participants", "unknown_user")
        return others

    def _have_accounts(self, user_ids: Collection[int]) -> bool:
        """Return whether all these users exist and none has erased the account."""
        return not user_ids or len(self.user_store.living(user_ids)) == len(user_ids)

    def _remove(self, room: Room) -> None:
        now = self.clock()
        self.room_store.remove(room.id, now)
        self.change_store.record(Change(ChangeKind.ROOM_DELETED, room.id, now))


def _refuse_direct(room: Room) -> None:
    if room.kind == RoomKind.DIRECT:
        raise DirectChatIsFixed
