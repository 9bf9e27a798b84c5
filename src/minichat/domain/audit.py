"""The audit log: acts that open, change or end access to accounts and rights, and failed attempts.

An entry is written in the transaction of its act, so neither exists without the other. No entry is ever changed. This
module knows no act: the services call `note`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from minichat.domain.model import AuditEntry, AuditEvent, Device
from minichat.domain.ports import AuditStore, Clock, CurrentDevice


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLog:
    clock: Clock
    audit_store: AuditStore
    current_device: CurrentDevice

    def note(
        self,
        event: AuditEvent,
        *,
        about: int | None,
        by: int | None = None,
        session_id: int | None = None,
        device: Device | None = None,
        **detail: int | str,
    ) -> None:
        """Append an entry inside the caller's transaction; `about` and `by` are ids of accounts.

        Without a `device`, it is the one of the current request.
        """
        device = self.current_device() if device is None else device
        self.audit_store.record(AuditEntry(event, self.clock(), about, by, session_id, device.truncated, detail))

    def page(self, limit: int, *, before: int | None = None, user_id: int | None = None) -> Sequence[AuditEntry]:
        """Return the newest entries, the newest first: those older than the entry `before`, or about one user."""
        return self.audit_store.page(limit, before=before, user_id=user_id)
