"""The audit log in memory: see `domain.ports.audit`."""

from collections.abc import Sequence

from minichat.adapters.memory.store import Store, drop_beginning, in_window
from minichat.domain.model import AuditEntry, AuditFilter, Timestamp
from minichat.domain.paging import Window


class MemoryAuditStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, entry: AuditEntry) -> None:
        tables = self._store.writable
        tables.audit.append(entry._replace(id=tables.next_id("audit")))

    def page(self, limit: int, *, before: int | None = None, user_id: int | None = None) -> Sequence[AuditEntry]:
        newest_first = reversed(self._store.tables.audit)
        found = [
            entry
            for entry in newest_first
            if (before is None or (entry.id or 0) < before) and (user_id is None or entry.user_id == user_id)
        ]
        return found[:limit]

    def find(self, entries: AuditFilter, window: Window) -> Sequence[AuditEntry]:
        event, person_id, since, until = entries
        found = [
            entry
            for entry in self._store.tables.audit
            if event in {None, entry.event}
            and (person_id is None or person_id in {entry.user_id, entry.actor_id})
            and (since is None or entry.at >= since)
            and (until is None or entry.at < until)
        ]
        return in_window(found, window, lambda entry: (entry.at, entry.id or 0), newest_first=True)

    def sweep(self, before: Timestamp, limit: int) -> int:
        return drop_beginning(self._store.writable.audit, before, limit)
