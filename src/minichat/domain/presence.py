"""Who is there and who is typing: what is told as it happens and never stored.

Presence is a lease that a request or an open stream renews. It is computed when it is read, so nobody stays online when
a process dies, and a change of it is told by whoever notices: no worker depends on another for that.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from minichat.domain.model import LAST_SEEN_RESOLUTION, PRESENCE_LEASE, SECOND, TypingNotice, User
from minichat.domain.ports import Clock, MembershipStore, NoticeBoard, Transaction, UserStore
from minichat.domain.rooms import Rooms

TYPING_PAUSE = 3 * SECOND
"""How often somebody's typing in a room is told at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    transaction: Transaction
    clock: Clock
    user_store: UserStore
    membership_store: MembershipStore
    notice_board: NoticeBoard
    rooms: Rooms

    def keep_online(self, user_ids: Collection[int]) -> None:
        """Renew the leases of people who have a stream open, where it is time to."""
        now = self.clock()
        if any(user.is_due(now) for user in self.user_store.by_ids(user_ids).values()):
            with self.transaction():
                self.user_store.seen_all(user_ids, now, before=now - LAST_SEEN_RESOLUTION)

    def online(self) -> Collection[int]:
        """The ids of all who are online."""
        return self.user_store.online_ids(self.clock() - PRESENCE_LEASE)

    def with_rooms(self, user_id: int) -> tuple[User | None, Collection[int]]:
        """Somebody, with the ids of the rooms that they are in."""
        return self.user_store.get(user_id), self.membership_store.rooms_of(user_id)

    def typing(self, user_id: int, room_id: int) -> None:
        """Tell who is in the room that the user is typing. Raises RoomNotFound or NotAParticipant."""
        self.rooms.as_participant(user_id, room_id)
        self.notice_board.post(TypingNotice(room_id, user_id, self.clock()), TYPING_PAUSE)

    def notices_end(self) -> int:
        """The position behind the newest notice of typing."""
        return self.notice_board.end()

    def notices_after(self, position: int) -> tuple[Sequence[TypingNotice], int]:
        """The notices of typing after a position, with the position behind them."""
        return self.notice_board.after(position)
