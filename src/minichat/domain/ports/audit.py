"""The audit log."""

from collections.abc import Sequence
from typing import Protocol

from minichat.domain.model import AuditEntry, AuditEvent, Timestamp


class AuditStore(Protocol):
    """The audit log: it is written at its end and read, and its beginning can be dropped when it is old."""

    def record(self, entry: AuditEntry) -> None:
        """Append an entry, in the transaction of what it tells."""

    def page(
        self, limit: int, *, before: int | None = None, user_id: int | None = None, event: AuditEvent | None = None
    ) -> Sequence[AuditEntry]:
        """The newest entries, the newest first; those older than the entry `before`, those about one user or event."""

    def sweep(self, before: Timestamp, limit: int) -> int:
        """Drop the beginning of the log, up to `limit` entries and to the first after `before`; return how many."""
