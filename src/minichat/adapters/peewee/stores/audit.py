"""The audit log in the database. Triggers keep it append-only for every program: see the migrations."""

from collections.abc import Sequence

import orjson

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Row, Statement, param, params
from minichat.adapters.peewee.stores.append_only import LogBeginning
from minichat.adapters.peewee.stores.audit_filters import COLUMNS, AuditFilters
from minichat.adapters.peewee.tables import AuditRow
from minichat.domain.model import MAX_ID, AuditEntry, AuditEvent, AuditFilter, Device, Timestamp
from minichat.domain.paging import Window

_RECORDED = tuple(name for name in COLUMNS if name != "id")


class PeeweeAuditStore:
    def __init__(self, database: ChatDatabase) -> None:
        row = AuditRow
        columns = [getattr(row, name) for name in COLUMNS]
        newest = row.select(*columns).where(row.id < param("before")).order_by(row.id.desc()).limit(param("limit"))
        self._record = Statement(database, row.insert(params(_RECORDED)))
        self._page = Statement(database, newest)
        self._page_about = Statement(database, newest.where(row.user_id == param("user_id")))
        self._beginning = LogBeginning(database, row)
        self._filters = AuditFilters(database)

    def record(self, entry: AuditEntry) -> None:
        self._record.run(
            event=entry.event,
            at=entry.at,
            user_id=entry.user_id,
            actor_id=entry.actor_id,
            session_id=entry.session_id,
            user_agent=entry.device.user_agent,
            ip=entry.device.ip,
            detail=orjson.dumps(dict(entry.detail)).decode(),
        )

    def page(self, limit: int, *, before: int | None = None, user_id: int | None = None) -> Sequence[AuditEntry]:
        given = {"limit": limit, "before": MAX_ID if before is None else before}
        rows = self._page.rows(**given) if user_id is None else self._page_about.rows(user_id=user_id, **given)
        return [_entry(row) for row in rows]

    def find(self, entries: AuditFilter, window: Window) -> Sequence[AuditEntry]:
        return [_entry(row) for row in self._filters.rows(entries, window)]

    def sweep(self, before: Timestamp, limit: int) -> int:
        return self._beginning.sweep(before, limit)


def _entry(row: Row) -> AuditEntry:
    event, at, user_id, actor_id, session_id, user_agent, ip, detail, id_ = row
    return AuditEntry(
        AuditEvent(event), at, user_id, actor_id, session_id, Device(user_agent, ip), orjson.loads(detail), id_
    )
