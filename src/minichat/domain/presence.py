"""Presence and typing: state that is published when it changes, and not in the change log.

Presence is a lease that a request or an open stream renews. It expires by itself, so no user stays online after a
crash. Each worker notices changes of presence itself and depends on no other worker. This module knows no listener:
`live.ephemeral` publishes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from minichat.domain.blocks import Blocks
from minichat.domain.errors import AnnouncementsOnly
from minichat.domain.model import LAST_SEEN_RESOLUTION, PRESENCE_LEASE, SECOND, TypingNotice, User
from minichat.domain.ports import Clock, MembershipStore, NoticeBoard, Tally, Transaction, UserStore
from minichat.domain.room_access import RoomAccess, may_write

TYPING_PAUSE = 3 * SECOND
"""The shortest interval between two typing notices of one user in one room, in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    transaction: Transaction
    clock: Clock
    user_store: UserStore
    membership_store: MembershipStore
    notice_board: NoticeBoard
    tally: Tally
    room_access: RoomAccess
    blocks: Blocks

    def keep_online(self, user_ids: Collection[int]) -> None:
        """Renew the leases of users with an open stream, if they are due."""
        now = self.clock()
        if any(user.is_due(now) for user in self.user_store.by_ids(user_ids).values()):
            for user_id in user_ids:
                self.tally.saw(user_id)
            with self.transaction():
                self.user_store.seen_all(user_ids, now, resolution=LAST_SEEN_RESOLUTION)

    def online(self) -> Collection[int]:
        """Return the ids of all online users."""
        now = self.clock()
        return self.user_store.online_ids(now - PRESENCE_LEASE, now + PRESENCE_LEASE)

    def with_rooms(self, user_id: int) -> tuple[User | None, Collection[int]]:
        """Return a user and the ids of the user's rooms."""
        return self.user_store.get(user_id), self.membership_store.rooms_of(user_id)

    def typing(self, user_id: int, room_id: int) -> None:
        """Notify the room that the user is typing.

        Raises RoomNotFound, NotAParticipant, AnnouncementsOnly, CannotMessage or YouBlocked.
        """
        room, membership = self.room_access.as_participant(user_id, room_id)
        if not may_write(room, membership):
            raise AnnouncementsOnly
        self.blocks.refuse_in(user_id, room)
        self.notice_board.post(TypingNotice(room_id, user_id, self.clock()), TYPING_PAUSE)

    def notices_end(self) -> int:
        """Return the position after the newest typing notice."""
        return self.notice_board.end()

    def notices_after(self, position: int) -> tuple[Sequence[TypingNotice], int]:
        """Return the typing notices after a position, and the position after them."""
        return self.notice_board.after(position)
