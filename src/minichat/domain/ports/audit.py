"""The audit log."""

from collections.abc import Sequence
from typing import Protocol

from minichat.domain.model import AuditEntry, AuditFilter, Timestamp
from minichat.domain.paging import Window


class AuditStore(Protocol):
    """The audit log: entries are appended and read, and old ones at its beginning can be deleted."""

    def record(self, entry: AuditEntry) -> None:
        """Append an entry, in the transaction of the act that it records."""

    def page(self, limit: int, *, before: int | None = None, user_id: int | None = None) -> Sequence[AuditEntry]:
        """Return the newest entries, the newest first: those older than the entry `before`, or about one user."""

    def find(self, entries: AuditFilter, window: Window) -> Sequence[AuditEntry]:
        """Return the entries of the filter by time, the newest first, one more than the limit if there are more.

        The key is `(at, id)`.
        """

    def sweep(self, before: Timestamp, limit: int) -> int:
        """Delete up to `limit` entries at the beginning of the log, none later than `before`; return how many."""
