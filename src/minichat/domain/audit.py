"""The audit log: who opened, lost or changed an account or a right, and who tried.

Entries are written in the transaction of what they tell, so there is none without the other; nothing is ever changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from minichat.domain.model import AuditEntry, AuditEvent, Device
from minichat.domain.ports import AuditStore, Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLog:
    clock: Clock
    audit_store: AuditStore

    def note(
        self,
        event: AuditEvent,
        *,
        about: int | None,
        by: int | None = None,
        session_id: int | None = None,
        device: Device = Device(),
        **detail: int | str,
    ) -> None:
        """Append, inside the caller's transaction: what happened, to whose account (an id), by whom, from where."""
        self.audit_store.record(AuditEntry(event, self.clock(), about, by, session_id, device.kept, detail))

    def page(
        self, limit: int, *, before: int | None = None, user_id: int | None = None, event: AuditEvent | None = None
    ) -> Sequence[AuditEntry]:
        """The newest entries, the newest first: those older than the entry `before`, those about one user or event."""
        return self.audit_store.page(limit, before=before, user_id=user_id, event=event)
