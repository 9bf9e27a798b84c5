"""The participants of rooms: how they join, read and leave.

`Rooms` and other services take the steps of this module inside their own transactions, which hold the room.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from minichat.domain.audit import AuditLog
from minichat.domain.errors import Banned, SessionEnded
from minichat.domain.model import (
    AuditEvent,
    Change,
    ChangeKind,
    Membership,
    Role,
    Room,
    RoomKind,
    ShownRoom,
    Timestamp,
)
from minichat.domain.ports import (
    BanStore,
    ChangeStore,
    Clock,
    MembershipStore,
    MentionStore,
    MessageStore,
    RoomStore,
    Transaction,
    UserStore,
)
from minichat.domain.room_access import RoomAccess, refuse_direct

LEAVE_BATCH = 100
"""Maximum number of rooms that an erased account leaves in one transaction, and that are in memory at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participation:
    transaction: Transaction
    clock: Clock
    user_store: UserStore
    room_store: RoomStore
    membership_store: MembershipStore
    ban_store: BanStore
    message_store: MessageStore
    mention_store: MentionStore
    change_store: ChangeStore
    room_access: RoomAccess
    audit_log: AuditLog

    def join(self, user_id: int, room_id: int) -> ShownRoom:
        """Join a public room; do nothing for a participant. Raises RoomNotFound or Banned."""
        with self.transaction(room=room_id, shared_accounts=[user_id]):
            self.refuse_erased(user_id)
            room, membership = self.room_access.access(user_id, room_id)
            if membership is None:
                if self.ban_store.holds(room.id, user_id):
                    raise Banned
                self.admit(room, user_id, Role.MEMBER, self.clock())
            return self.room_access.shown(user_id, room.id)

    def leave(self, user_id: int, room_id: int) -> None:
        """Leave a room. Do nothing if the user can see the room but is not in it.

        When the owner leaves, the longest-standing moderator becomes the owner, or else the longest-standing member.
        The room is removed with its last participant. Raises RoomNotFound or DirectChatIsFixed.
        """
        with self.transaction(room=room_id):
            room, membership = self.room_access.access(user_id, room_id)
            refuse_direct(room)
            if membership is not None:
                self.let_go(room, membership)

    def ids_of(self, user_id: int) -> Sequence[int]:
        """Return the ids of the rooms that the user is in, in ascending order."""
        # Without removed rooms, whose memberships remain: PostgreSQL has room for a limited number of locks.
        room_ids: list[int] = []
        while joined := self.room_store.all_of(user_id, room_ids[-1] if room_ids else 0, LEAVE_BATCH):
            room_ids += [room.id for room, _, _ in joined]
        return room_ids

    def leave_each(self, user_id: int, room_ids: Sequence[int]) -> Sequence[Membership]:
        """Leave the groups among these rooms, like `leave`, inside the caller's transaction, which holds the rooms.

        Return the memberships of the direct chats among them, which the user keeps.
        """
        staying = []
        for start in range(0, len(room_ids), LEAVE_BATCH):
            some = room_ids[start : start + LEAVE_BATCH]
            for room, membership, _ in self.room_store.all_of(user_id, some[0] - 1, LEAVE_BATCH):
                if room.id not in some:
                    continue
                if room.kind == RoomKind.DIRECT:
                    staying.append(membership)
                else:
                    self.let_go(room, membership)
        return staying

    def mark_read(self, user_id: int, room_id: int, seq: int) -> tuple[int, int]:
        """Move the user's receipt forward to `seq`, at most to the newest message.

        Return the newest `seq` that the user has read, and the number of unread messages. Raises RoomNotFound or
        NotAParticipant.
        """
        room, membership = self.room_access.as_participant(user_id, room_id)
        if min(seq, room.last_seq) > membership.seen_seq:
            with self.transaction(room=room_id, reads_first=True):
                room, membership = self.room_access.as_participant(user_id, room_id)
                membership = self.see(room, membership, seq)
        last_read_seq = membership.last_read_seq
        return last_read_seq, room.last_seq - last_read_seq - self.deleted_unread(room, membership)

    def deleted_unread(self, room: Room, membership: Membership) -> int:
        """Return the number of deleted messages above the participant's receipt."""
        after = membership.last_read_seq
        return self.message_store.count_deleted(room.id, after, room.last_seq) if room.deleted_seq > after else 0

    def unread_mentions(self, room: Room, membership: Membership) -> int:
        """Return the number of messages above the participant's receipt that mention the participant."""
        if max(membership.mentioned_seq, room.all_mentioned_seq) <= membership.last_read_seq:
            return 0
        return self.mention_store.count_unread(room.id, membership.user_id)

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
            self.remove_room(room)
            return
        if membership.role == Role.OWNER:
            self.give_role(heir, Role.OWNER, by=user_id)
        self.membership_store.remove(membership)
        self.change_store.record(
            Change(ChangeKind.PARTICIPANT_LEFT, room.id, self.clock(), user_id=user_id, role=membership.role)
        )

    def give_role(self, membership: Membership, role: Role, *, by: int | None) -> Membership:
        """Give a participant another role and record it. The caller has checked the rights of `by`, None for an
        operator.
        """
        room_id, user_id = membership.room_id, membership.user_id
        self.membership_store.set_role(membership, role)
        self.change_store.record(
            Change(ChangeKind.PARTICIPANT_UPDATED, room_id, self.clock(), user_id=user_id, role=role)
        )
        self.audit_log.note(AuditEvent.ROLE_CHANGED, about=user_id, by=by, room=room_id, role=role.value)
        return membership._replace(role=role)

    def refuse_erased(self, user_id: int) -> None:
        """Raise SessionEnded if the account was erased during the request. An erased account must not join a room."""
        if not self.have_accounts([user_id]):
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

    def have_accounts(self, user_ids: Collection[int]) -> bool:
        """Return whether all these users exist and none has erased the account."""
        return not user_ids or len(self.user_store.living(user_ids)) == len(user_ids)

    def remove_room(self, room: Room) -> None:
        """Remove a room with its contents and record it."""
        now = self.clock()
        self.room_store.remove(room.id, now)
        self.change_store.record(Change(ChangeKind.ROOM_DELETED, room.id, now))
