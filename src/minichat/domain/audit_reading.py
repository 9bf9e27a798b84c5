"""Reading the audit log: administrators and operators list its entries and export them.

This module knows no form of a file: the pages make the CSV from the batches.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from minichat.domain.account_lookup import find_account
from minichat.domain.administrators import Administrators
from minichat.domain.audit import AuditLog
from minichat.domain.errors import UserNotFound
from minichat.domain.model import AuditEntry, AuditEvent, AuditFilter, AuditPage, Device, People
from minichat.domain.paging import Key, Window, cut
from minichat.domain.ports import AuditStore, Transaction, UsernameKey, UserStore

EXPORT_BATCH = 1_000
"""Maximum number of entries that an export holds in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReading:
    transaction: Transaction
    username_key: UsernameKey
    user_store: UserStore
    audit_store: AuditStore
    administrators: Administrators
    audit_log: AuditLog

    def page(self, window: Window, entries: AuditFilter = AuditFilter()) -> AuditPage:
        """Return entries by time, the newest first, with the people that they mention."""
        page = cut(self.audit_store.find(entries, window), window, _key)
        return AuditPage(page, self._people(page.items))

    def person_id(self, username: str) -> int:
        """Return the account to filter by. An erased account has the name `deleted-user-<id>`. Raises UserNotFound."""
        found = find_account(self.user_store, self.username_key, username)
        if found is None:
            raise UserNotFound
        return found.user.id

    def export(
        self, admin_id: int, session_id: int, entries: AuditFilter, device: Device = Device()
    ) -> Iterator[AuditPage]:
        """Record the export in the audit log, and return the entries of the filter in batches, the newest first.

        Each batch raises NotAnAdministrator if the session or the rights of the administrator have ended meanwhile, so
        an incomplete export is no success. The export itself is not in the batches.
        """
        with self.transaction(account=admin_id):
            self.administrators.refuse_ended(admin_id, session_id)
            newest = self.audit_store.page(1)
            self.audit_log.note(
                AuditEvent.AUDIT_EXPORTED,
                about=None,
                by=admin_id,
                session_id=session_id,
                device=device,
                **_detail(entries),
            )
        return self._batches(admin_id, session_id, entries, newest[0].id or 0 if newest else 0)

    def _batches(self, admin_id: int, session_id: int, entries: AuditFilter, newest: int) -> Iterator[AuditPage]:
        after: Key | None = None
        while True:
            self.administrators.refuse_ended(admin_id, session_id)
            window = Window(EXPORT_BATCH, after=after)
            page = cut(self.audit_store.find(entries, window), window, _key)
            old = [entry for entry in page.items if (entry.id or 0) <= newest]
            if old:
                yield AuditPage(page._replace(items=old), self._people(old))
            if page.next is None:
                return
            after = page.next

    def _people(self, entries: Iterable[AuditEntry]) -> People:
        mentioned = {id_ for entry in entries for id_ in (entry.user_id, entry.actor_id) if id_ is not None}
        return self.user_store.by_ids(mentioned)


def _key(entry: AuditEntry) -> Key:
    return (entry.at, entry.id or 0)


def _detail(entries: AuditFilter) -> dict[str, int | str]:
    """Return the filter as details of an entry."""
    given = {
        "kind": entries.event and entries.event.value,
        "person": entries.person_id,
        "since": entries.since,
        "until": entries.until,
    }
    return {name: value for name, value in given.items() if value is not None}
