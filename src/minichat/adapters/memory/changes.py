"""The change log in memory: see `domain.ports.changes`."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from minichat.adapters.memory.store import Store, drop_beginning
from minichat.domain.model import MOVES, NO_ROOM, PRIVATE, Change, LogEnds, LoggedChange, LogPosition, Timestamp


class MemoryChangeStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, change: Change) -> None:
        if change.room_id != NO_ROOM:
            self._store.locks.check_room(change.room_id)
        tables = self._store.writable
        tables.next_id("changes")
        tables.changes.append(change)

    def record_all(self, change: Change, user_ids: Sequence[int]) -> None:
        for user_id in user_ids:
            self.record(change._replace(user_id=user_id))

    def ends(self) -> LogEnds:
        tables = self._store.tables
        last = tables.last_ids["changes"]
        return LogEnds((last - len(tables.changes),), (last,))

    def after(self, position: LogPosition, limit: int) -> Sequence[LoggedChange]:
        return list(islice(self._after(position), limit))

    def of_user(
        self, user_id: int, room_ids: Collection[int], position: LogPosition, limit: int
    ) -> Sequence[LoggedChange]:
        found = (
            logged
            for logged in self._after(position)
            if (
                logged.change.user_id == user_id if logged.change.kind in PRIVATE else logged.change.room_id in room_ids
            )
        )
        return list(islice(found, limit))

    def moves(self, user_ids: Collection[int], position: LogPosition) -> Sequence[LoggedChange]:
        return [
            logged
            for logged in self._after(position)
            if logged.change.kind in MOVES and logged.change.user_id in user_ids
        ]

    def _after(self, position: LogPosition) -> Iterator[LoggedChange]:
        (first,), _ = self.ends()
        for number, change in enumerate(self._store.tables.changes, first + 1):
            if (number,) > position:
                yield LoggedChange((number,), change)

    def sweep(self, before: Timestamp, limit: int) -> int:
        return drop_beginning(self._store.writable.changes, before, limit)

    @property
    def log(self) -> Sequence[Change]:
        """All changes, in the order in which they were committed."""
        return tuple(self._store.tables.changes)
