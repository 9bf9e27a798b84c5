"""Blocks: a user who blocks another stops contact between the two, in both directions.

No new direct chat opens between them, an existing one can only be read, and neither adds the other to a room. In shared
rooms the blocker sees the messages of the blocked user with a mark. The blocked user learns nothing but the refusal,
whose error does not name its reason. `refuse_between` and `refuse_in` are the whole rule: every service that lets one
user contact another calls one of them, inside its transaction. This module knows no message.
"""

from collections.abc import Collection
from dataclasses import dataclass

from minichat.domain.acquaintances import Acquaintances
from minichat.domain.errors import (
    CannotMessage,
    ChatError,
    InvalidInput,
    SessionEnded,
    TooManyBlocks,
    UserNotFound,
    YouBlocked,
)
from minichat.domain.model import NO_ROOM, BlockList, Change, ChangeKind, DirectParticipant, Room, RoomKind
from minichat.domain.paging import Window, cut
from minichat.domain.ports import (
    BlockStore,
    ChangeStore,
    Clock,
    MembershipStore,
    RoomStore,
    Transaction,
    UserStore,
)

MAX_BLOCKS = 10_000
"""Maximum number of users whom one user blocks. Each stream of the user holds them in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    transaction: Transaction
    clock: Clock
    user_store: UserStore
    room_store: RoomStore
    membership_store: MembershipStore
    block_store: BlockStore
    change_store: ChangeStore
    acquaintances: Acquaintances

    def block(self, user_id: int, other_id: int) -> None:
        """Block an acquaintance. A second time changes nothing.

        Raises InvalidInput for oneself, UserNotFound, TooManyBlocks or SessionEnded.
        """
        self._set(user_id, other_id, is_blocked=True)

    def unblock(self, user_id: int, other_id: int) -> None:
        """Remove a block; do nothing without one. Raises the errors of `block`, and accepts an erased account.

        With `DirectoryMode.SHARED` it accepts any id: an error would show which ids belong to users.
        """
        self._set(user_id, other_id, is_blocked=False)

    def page(self, user_id: int, window: Window) -> BlockList:
        """Return the user's blocks, the newest first."""
        page = cut(self.block_store.page(user_id, window), window, lambda block: (block.number,))
        return BlockList(page, self.user_store.by_ids(block.blocked_id for block in page.items))

    # The rule for other services

    def refuse_between(self, user_id: int, other_ids: Collection[int]) -> None:
        """Raise an error if a block is between the user and any of the others.

        Raises YouBlocked if the user has blocked one of them, else CannotMessage. The caller's transaction shares the
        accounts of all.
        """
        if other_ids:
            error = _refusal(user_id, self.block_store.blockers_between(user_id, other_ids))
            if error is not None:
                raise error

    def refuse_in(self, user_id: int, room: Room) -> None:
        """Raise the errors of `refuse_between` in a direct chat. The caller's transaction holds the room."""
        if room.kind == RoomKind.DIRECT:
            error = self.refusal_in(user_id, self.membership_store.pair_of(room.id))
            if error is not None:
                raise error

    def refusal_in(self, user_id: int, pair: Collection[DirectParticipant]) -> ChatError | None:
        """Return the error that `refuse_in` raises for the participants of a direct chat."""
        return _refusal(user_id, [member.user_id for member in pair if member.is_blocking])

    def _set(self, user_id: int, other_id: int, *, is_blocked: bool) -> None:
        if user_id == other_id:
            raise InvalidInput.of("user_id", "yourself")
        is_done = False
        while not is_done:
            is_done = self._try_to_set(user_id, other_id, is_blocked=is_blocked)

    def _try_to_set(self, user_id: int, other_id: int, *, is_blocked: bool) -> bool:
        """Set the block in one transaction. Do nothing and return False if the two have just opened a direct chat."""
        pair = (min(user_id, other_id), max(user_id, other_id))
        chat_id = self.room_store.direct_of(pair)
        rooms = [] if chat_id is None else [chat_id]
        with self.transaction(account=user_id, shared_accounts=[other_id], rooms=rooms):
            if self.room_store.direct_of(pair) != chat_id:
                return False  # it was opened before this transaction held the account
            living = self.user_store.living([user_id, other_id])
            if user_id not in living:
                raise SessionEnded  # the account was erased during the request
            if not self._can_name(user_id, other_id, is_living=other_id in living, is_blocked=is_blocked):
                raise UserNotFound
            if is_blocked and self.block_store.count(user_id) >= MAX_BLOCKS:
                self._refuse_new(user_id, other_id)
            now = self.clock()
            is_changed = (
                self.block_store.add(user_id, other_id, now)
                if is_blocked
                else self.block_store.remove(user_id, other_id)
            )
            if is_changed:
                self.change_store.record(Change(ChangeKind.BLOCK_CHANGED, NO_ROOM, now, user_id, other_id=other_id))
        return True

    def _can_name(self, user_id: int, other_id: int, *, is_living: bool, is_blocked: bool) -> bool:
        if is_blocked:
            return is_living and self.acquaintances.include(user_id, [other_id])
        return self.acquaintances.are_limited or bool(self.user_store.by_ids([other_id]))

    def _refuse_new(self, user_id: int, other_id: int) -> None:
        """Raise TooManyBlocks unless the user blocks the other already."""
        if user_id not in self.block_store.blockers_between(user_id, [other_id]):
            raise TooManyBlocks


def _refusal(user_id: int, blocker_ids: Collection[int]) -> ChatError | None:
    if user_id in blocker_ids:
        return YouBlocked()
    return CannotMessage() if blocker_ids else None
