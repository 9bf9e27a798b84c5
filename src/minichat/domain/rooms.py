"""Rooms, who is in them and what each may do there.

Three facts decide everything: a private or direct room does not exist for who is not in it; a public room shows its
card to all and its inside to participants; the role decides who changes what.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

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
)
from minichat.domain.paging import Key, Page, Window, cut
from minichat.domain.ports import BanStore, ChangeStore, Clock, MembershipStore, RoomStore, Transaction, UserStore
from minichat.domain.text import Fields

MAX_ROOM_NAME_LENGTH = 100
MAX_DESCRIPTION_LENGTH = 1_000
MAX_INVITED = 200
"""How many participants a room can be made with; more are added one by one."""
LEFT_AT_ONCE = 100
"""How many rooms an account leaves in one transaction while it is erased, and how many are in memory at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    transaction: Transaction
    clock: Clock
    user_store: UserStore
    room_store: RoomStore
    membership_store: MembershipStore
    ban_store: BanStore
    change_store: ChangeStore
    audit_log: AuditLog

    # Reading

    def mine(self, user_id: int, window: Window) -> RoomList:
        """The rooms that the user is in, by latest activity."""
        return self._listed(cut(self.room_store.page_of(user_id, window), window, _by_activity))

    def public(self, user_id: int, window: Window) -> RoomList:
        """The rooms that the user could join, by latest activity."""
        return self._listed(cut(self.room_store.public_page(user_id, window), window, _by_activity))

    def get(self, user_id: int, room_id: int) -> ShownRoom:
        """One room as the user sees it, or the card of a public one. Raises RoomNotFound."""
        return self._shown(user_id, room_id)

    def participants(self, user_id: int, room_id: int, window: Window) -> ParticipantList:
        """Who is in the room, in the order of joining. Raises RoomNotFound or NotAParticipant."""
        room, _ = self.as_participant(user_id, room_id)
        page = cut(self.membership_store.page(room.id, window), window, lambda membership: (membership.id,))
        return ParticipantList(room.id, page, self.user_store.by_ids(membership.user_id for membership in page.items))

    def as_participant(self, user_id: int, room_id: int) -> tuple[Room, Membership]:
        """The room and the user's membership. Raises RoomNotFound, or NotAParticipant for a public room."""
        room, membership = self._access(user_id, room_id)
        if membership is None:
            raise NotAParticipant
        return room, membership

    def as_at_least(self, role: Role, user_id: int, room_id: int) -> tuple[Room, Membership]:
        """The group and the user's membership, if that has the role or a higher one.

        Raises RoomNotFound, NotAParticipant, DirectChatIsFixed or RoleTooLow.
        """
        room, membership = self.as_participant(user_id, room_id)
        _refuse_direct(room)
        if role.outranks(membership.role):
            raise RoleTooLow
        return room, membership

    def view_as_participant(self, user_id: int, room_id: int) -> RoomView:
        """The room as its participant sees it. Raises as `as_participant` does."""
        view = self._view(user_id, room_id)
        if view.membership is None:
            raise NotAParticipant
        return view

    # Making and changing

    def create(
        self, user_id: int, name: str, description: str = "", is_private: bool = False, invited: Sequence[int] = ()
    ) -> ShownRoom:
        """Make a group room with its owner and those invited. Raises InvalidInput."""
        name, description = _checked(name, description)
        if len(invited) > MAX_INVITED:
            raise InvalidInput.of("participants", "too_many_items", most=MAX_INVITED)
        others = [other for other in dict.fromkeys(invited) if other != user_id]
        with self.transaction(shared_accounts=[user_id, *others]):
            self.refuse_erased(user_id)
            if not self._have_accounts(others):
                raise InvalidInput.of("participants", "unknown_user")
            now = self.clock()
            room = self.room_store.add(NewRoom(name, description, RoomKind.GROUP, is_private, now))
            assert room is not None, "only a direct chat can clash"
            self.change_store.record(Change(ChangeKind.ROOM_CREATED, room.id, now))
            self.admit(room, user_id, Role.OWNER, now)
            # All at once: however many are invited, who listens does not wait long for this transaction.
            self.membership_store.add_all(room.id, others, Role.MEMBER, room.last_seq)
            joined = Change(ChangeKind.PARTICIPANT_JOINED, room.id, now, role=Role.MEMBER)
            self.change_store.record_all(joined, others)
            return self._shown(user_id, room.id)

    def direct_chat(self, user_id: int, other_id: int) -> tuple[ShownRoom, bool]:
        """Return the pair's one direct chat and whether it was made just now. Raises InvalidInput or UserNotFound."""
        if user_id == other_id:
            raise InvalidInput.of("user_id", "yourself")
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
        # The other side, or a retry, was faster.
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
        """Change what is given. Raises RoomNotFound, NotAParticipant, RoleTooLow, DirectChatIsFixed, InvalidInput."""
        with self.transaction(room=room_id):
            room, _ = self.as_at_least(Role.MODERATOR, user_id, room_id)
            name, description = _checked(
                room.name if name is None else name, room.description if description is None else description
            )
            edited = room._replace(
                name=name, description=description, is_private=room.is_private if is_private is None else is_private
            )
            if edited != room:
                self.room_store.update(edited)
                self.change_store.record(Change(ChangeKind.ROOM_UPDATED, room.id, self.clock()))
            return self._shown(user_id, room.id)

    def delete(self, user_id: int, room_id: int) -> None:
        """Remove a room with all that was said. Raises as `edit` does; only the owner may."""
        with self.transaction(room=room_id):
            room, _ = self.as_at_least(Role.OWNER, user_id, room_id)
            self._remove(room)
            self.audit_log.note(AuditEvent.ROOM_DELETED, about=user_id, by=user_id, room=room_id)

    # Administration

    def groups(self, limit: int, *, before: int | None = None) -> Sequence[Room]:
        """The group rooms made last, the newest first, those before the room `before`: for administrators, who see
        that there is a room but not what is said.
        """
        return self.room_store.groups(limit, before=before)

    def take_down(self, admin_id: int, room_id: int) -> Room:
        """Remove a group room, as the administrator who does it. Raises RoomNotFound or DirectChatIsFixed."""
        with self.transaction(room=room_id):
            found = self.room_store.access(room_id, admin_id)
            if found is None:
                raise RoomNotFound
            room, _ = found
            _refuse_direct(room)
            self._remove(room)
            self.audit_log.note(AuditEvent.ROOM_DELETED, about=None, by=admin_id, room=room.id)
            return room

    # Coming, going and reading along

    def join(self, user_id: int, room_id: int) -> ShownRoom:
        """Enter a public room; being in already is fine. Raises RoomNotFound or Banned."""
        with self.transaction(room=room_id, shared_accounts=[user_id]):
            self.refuse_erased(user_id)
            room, membership = self._access(user_id, room_id)
            if membership is None:
                if self.ban_store.holds(room.id, user_id):
                    raise Banned
                self.admit(room, user_id, Role.MEMBER, self.clock())
            return self._shown(user_id, room.id)

    def leave(self, user_id: int, room_id: int) -> None:
        """Leave a room; not being in it is fine as long as it may be seen.

        An owner hands over to the moderator, else the member, who joined first; the last one out removes the room.
        Raises RoomNotFound or DirectChatIsFixed.
        """
        with self.transaction(room=room_id):
            room, membership = self._access(user_id, room_id)
            _refuse_direct(room)
            if membership is not None:
                self.let_go(room, membership)

    def ids_of(self, user_id: int) -> Sequence[int]:
        """Return the ids of the rooms that the user is in, in order."""
        return sorted(self.membership_store.rooms_of(user_id))

    def leave_each(self, user_id: int, room_ids: Sequence[int]) -> None:
        """Leave the groups among these rooms, as `leave` does, inside a transaction that holds them."""
        for start in range(0, len(room_ids), LEFT_AT_ONCE):
            some = room_ids[start : start + LEFT_AT_ONCE]
            for room, membership, _ in self.room_store.all_of(user_id, some[0] - 1, LEFT_AT_ONCE):
                if room.id in some and room.kind != RoomKind.DIRECT:
                    self.let_go(room, membership)

    def mark_read(self, user_id: int, room_id: int, seq: int) -> tuple[int, int]:
        """Move the user's receipt forward to `seq`, or to the end if that is beyond it; return the newest `seq` read
        and how many are unread. Raises RoomNotFound or NotAParticipant.
        """
        room, membership = self.as_participant(user_id, room_id)
        if min(seq, room.last_seq) > membership.seen_seq:
            with self.transaction(room=room_id):
                room, membership = self.as_participant(user_id, room_id)
                membership = self.see(room, membership, seq)
        return membership.last_read_seq, room.last_seq - membership.last_read_seq

    # Steps inside the caller's transaction

    def admit(self, room: Room, user_id: int, role: Role, now: Timestamp) -> Membership:
        """Let in somebody who is not in the room: they start with nothing unread."""
        membership = self.membership_store.add(room.id, user_id, role, room.last_seq)
        assert membership is not None, "the caller has looked in this transaction"
        self.change_store.record(Change(ChangeKind.PARTICIPANT_JOINED, room.id, now, user_id=user_id, role=role))
        return membership

    def let_go(self, room: Room, membership: Membership) -> None:
        """Let a participant out: an owner hands over first, the last one out removes the room."""
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
        """Give a participant another role, and tell and note it; who `by` is may do so."""
        room_id, user_id = membership.room_id, membership.user_id
        self.membership_store.set_role(membership, role)
        self.change_store.record(
            Change(ChangeKind.PARTICIPANT_UPDATED, room_id, self.clock(), user_id=user_id, role=role)
        )
        self.audit_log.note(AuditEvent.ROLE_CHANGED, about=user_id, by=by, room=room_id, role=role.value)
        return membership._replace(role=role)

    def refuse_erased(self, user_id: int) -> None:
        """Raise SessionEnded for who has erased the account since the request began: no room gets an empty seat."""
        if not self._have_accounts([user_id]):
            raise SessionEnded

    def see(self, room: Room, membership: Membership, seq: int) -> Membership:
        """Note that the participant was shown the room up to `seq`."""
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
        """The room if the user may know of it. Raises RoomNotFound, the same for "is not" and "may not know"."""
        found = self.room_store.access(room_id, user_id)
        if found is None or (found[1] is None and not found[0].is_public):
            raise RoomNotFound
        return found

    def _view(self, user_id: int, room_id: int) -> RoomView:
        """The room as the user sees it, by the rule of `_access`. Raises RoomNotFound."""
        view = self.room_store.view(room_id, user_id)
        if view is None or (view.membership is None and not view.room.is_public):
            raise RoomNotFound
        return view

    def _shown(self, user_id: int, room_id: int) -> ShownRoom:
        view = self._view(user_id, room_id)
        return ShownRoom(view, self.user_store.by_ids(mentioned([view])))

    def _listed(self, page: Page[RoomView]) -> RoomList:
        return RoomList(page, self.user_store.by_ids(mentioned(page.items)))

    def _have_accounts(self, user_ids: Collection[int]) -> bool:
        """Whether these are all people of whom none has erased the account."""
        return len(self.user_store.living(user_ids)) == len(user_ids)

    def _remove(self, room: Room) -> None:
        now = self.clock()
        self.room_store.remove(room.id, now)
        self.change_store.record(Change(ChangeKind.ROOM_DELETED, room.id, now))


def mentioned(views: Iterable[RoomView]) -> set[int]:
    """The ids of the users that the rooms show: participants and the author of the last message."""
    user_ids: set[int] = set()
    for view in views:
        user_ids.update(view.head)
        if view.last_message is not None:
            user_ids.add(view.last_message.user_id)
    return user_ids


def _by_activity(view: RoomView) -> Key:
    return (view.room.active_at, view.room.id)


def _refuse_direct(room: Room) -> None:
    if room.kind == RoomKind.DIRECT:
        raise DirectChatIsFixed


def _checked(name: str, description: str) -> tuple[str, str]:
    fields = Fields()
    name = fields.line("name", name, least=1, most=MAX_ROOM_NAME_LENGTH)
    description = fields.body("description", description, most=MAX_DESCRIPTION_LENGTH)
    fields.check()
    return name, description
