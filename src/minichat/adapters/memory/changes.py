"""The change log in memory: see `domain.ports.Changes`."""

from collections.abc import Sequence

from minichat.adapters.memory.store import Store
from minichat.domain.model import Change


class MemoryChanges:
    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, change: Change) -> None:
        self._store.writable.changes.append(change)

    @property
    def log(self) -> Sequence[Change]:
        """All changes, in the order in which they were committed."""
        return tuple(self._store.tables.changes)
