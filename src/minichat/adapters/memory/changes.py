"""The change log in memory: see `domain.ports.Changes`."""

from collections.abc import Sequence

from minichat.adapters.memory.store import Store, drop_beginning
from minichat.domain.model import Change, Timestamp


class MemoryChanges:
    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, change: Change) -> None:
        self._store.writable.changes.append(change)

    def sweep(self, before: Timestamp, limit: int) -> int:
        return drop_beginning(self._store.writable.changes, before, limit)

    @property
    def log(self) -> Sequence[Change]:
        """All changes, in the order in which they were committed."""
        return tuple(self._store.tables.changes)
