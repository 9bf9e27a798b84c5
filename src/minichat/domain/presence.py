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


@dataclass(frozen=True, slots=True)
class Presence:
    _transaction: Transaction
    _clock: Clock
    _users: UserStore
    _memberships: MembershipStore
    _notices: NoticeBoard
    _rooms: Rooms

    def keep_online(self, user_ids: Collection[int]) -> None:
        """Renew the leases of people who have a stream open, where it is time to."""
        now = self._clock()
        if any(self._is_due(user, now) for user in self._users.by_ids(user_ids).values()):
            with self._transaction():
                self._users.seen_all(user_ids, now, before=now - LAST_SEEN_RESOLUTION)

    def online(self) -> Collection[int]:
        """The ids of all who are online."""
        return self._users.online_ids(self._clock() - PRESENCE_LEASE)

    def with_rooms(self, user_id: int) -> tuple[User | None, Collection[int]]:
        """Somebody, with the ids of the rooms that they are in."""
        return self._users.get(user_id), self._memberships.rooms_of(user_id)

    def typing(self, user_id: int, room_id: int) -> None:
        """Tell who is in the room that the user is typing. Raises RoomNotFound or NotAParticipant."""
        self._rooms.as_participant(user_id, room_id)
        self._notices.leave(TypingNotice(room_id, user_id, self._clock()), TYPING_PAUSE)

    def notices_end(self) -> int:
        """The position behind the newest notice of typing."""
        return self._notices.end()

    def notices_after(self, position: int) -> tuple[Sequence[TypingNotice], int]:
        """The notices of typing after a position, with the position behind them."""
        return self._notices.after(position)

    @staticmethod
    def _is_due(user: User, now: int) -> bool:
        return user.last_seen_at is None or now - user.last_seen_at >= LAST_SEEN_RESOLUTION
