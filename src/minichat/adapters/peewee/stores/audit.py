"""The audit log in the database, where triggers keep it append-only for every program (see the migration)."""

from collections.abc import Sequence

import orjson
from peewee import Node, fn

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Row, Statement, param
from minichat.adapters.peewee.stores.logs import drop_until, last_before, oldest_of
from minichat.adapters.peewee.tables import AuditRow
from minichat.domain.model import MAX_ID, AuditEntry, AuditEvent, Device, Timestamp


class PeeweeAuditStore:
    def __init__(self, database: ChatDatabase) -> None:
        def statement(query: Node) -> Statement:
            return Statement(database, query)

        row = AuditRow
        names = ("at", "event", "user_id", "actor_id", "session_id", "ip", "user_agent", "detail")
        self._record = statement(row.insert({name: param(name) for name in names}))
        newest = (
            row.select(
                row.id,
                row.event,
                row.at,
                row.user_id,
                row.actor_id,
                row.session_id,
                row.user_agent,
                row.ip,
                row.detail,
            )
            .where((row.id < param("before")) & (row.event == fn.COALESCE(param("event"), row.event)))
            .order_by(row.id.desc())
            .limit(param("limit"))
        )
        self._page = statement(newest)
        self._page_about = statement(newest.where(row.user_id == param("user_id")))
        self._oldest, self._drop_until = oldest_of(database, row), drop_until(database, row)

    def record(self, entry: AuditEntry) -> None:
        self._record.run(
            at=entry.at,
            event=entry.event,
            user_id=entry.user_id,
            actor_id=entry.actor_id,
            session_id=entry.session_id,
            ip=entry.device.ip,
            user_agent=entry.device.user_agent,
            detail=orjson.dumps(dict(entry.detail)).decode(),
        )

    def page(
        self, limit: int, *, before: int | None = None, user_id: int | None = None, event: AuditEvent | None = None
    ) -> Sequence[AuditEntry]:
        given = {"limit": limit, "before": MAX_ID if before is None else before, "event": event}
        rows = self._page.rows(**given) if user_id is None else self._page_about.rows(user_id=user_id, **given)
        return [_entry(row) for row in rows]

    def sweep(self, before: Timestamp, limit: int) -> int:
        last = last_before(self._oldest.rows(limit=limit), before)
        return self._drop_until.run(id=last)


def _entry(row: Row) -> AuditEntry:
    id_, event, at, user_id, actor_id, session_id, user_agent, ip, detail = row
    return AuditEntry(
        AuditEvent(event), at, user_id, actor_id, session_id, Device(user_agent, ip), orjson.loads(detail), id_
    )
