"""The audit log in memory: see `domain.ports.audit`."""

from collections.abc import Sequence

from minichat.adapters.memory.store import Store, drop_beginning
from minichat.domain.model import AuditEntry, AuditEvent, Timestamp


class MemoryAuditStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, entry: AuditEntry) -> None:
        tables = self._store.writable
        tables.audit.append(entry._replace(id=tables.next_id("audit")))

    def page(
        self, limit: int, *, before: int | None = None, user_id: int | None = None, event: AuditEvent | None = None
    ) -> Sequence[AuditEntry]:
        newest_first = reversed(self._store.tables.audit)
        found = [
            entry
            for entry in newest_first
            if (before is None or (entry.id or 0) < before)
            and (user_id is None or entry.user_id == user_id)
            and (event is None or entry.event == event)
        ]
        return found[:limit]

    def sweep(self, before: Timestamp, limit: int) -> int:
        return drop_beginning(self._store.writable.audit, before, limit)
