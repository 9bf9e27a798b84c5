"""Notifications: about which unread messages a participant wants to know, and how many there are.

The level and the mute of a room belong to the membership, so they go when the user leaves. Only the user's own devices
learn of them. This module sends no notification: the clients do.
"""

from dataclasses import dataclass

from minichat.domain.model import (
    Change,
    ChangeKind,
    Membership,
    Mute,
    NotifyLevel,
    ShownRoom,
    Timestamp,
    UnreadCounts,
)
from minichat.domain.ports import ChangeStore, Clock, MembershipStore, RoomStore, Transaction
from minichat.domain.room_access import RoomAccess


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifications:
    transaction: Transaction
    clock: Clock
    room_store: RoomStore
    membership_store: MembershipStore
    change_store: ChangeStore
    room_access: RoomAccess

    def set(
        self, user_id: int, room_id: int, *, notify: NotifyLevel | None = None, mute: Mute | None = None
    ) -> ShownRoom:
        """Set the notification level of a room, or mute it until a time. None keeps either.

        Raises RoomNotFound or NotAParticipant.
        """
        self.room_access.as_participant(user_id, room_id)
        with self.transaction(room=room_id):
            room, membership = self.room_access.as_participant(user_id, room_id)
            now = self.clock()
            changed = _changed(membership, notify, mute, now)
            if _visible(changed, now) != _visible(membership, now):
                self.membership_store.set_notify(changed)
                self.change_store.record(Change(ChangeKind.ROOM_NOTIFY, room.id, now, user_id))
            return self.room_access.shown(user_id, room.id)

    def unread(self, user_id: int) -> UnreadCounts:
        """Return the unread messages of the user, in all their rooms."""
        now = self.clock()
        rooms = self.room_store.unread(user_id)
        heard = [room for room in rooms if room.membership.notify != NotifyLevel.NONE]
        total = sum(room.unread_count for room in heard if room.membership.muted(now) is None)
        return UnreadCounts(total, sum(room.unread_mentions for room in heard), rooms)


def _changed(membership: Membership, notify: NotifyLevel | None, mute: Mute | None, now: Timestamp) -> Membership:
    if notify is not None:
        membership = membership._replace(notify=notify)
    if mute is not None:
        until = mute.until if mute.until is not None and mute.until > now else None
        membership = membership._replace(muted_at=None if until is None else now, muted_until=until)
    return membership


def _visible(membership: Membership, now: Timestamp) -> tuple[NotifyLevel, Timestamp | None]:
    return membership.notify, membership.muted(now)
