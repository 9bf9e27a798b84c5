"""The audit log, the newest entries first."""

from typing import Any

from flask_admin import expose

from minichat.admin.language import t
from minichat.admin.page import PAGE_SIZE, AdministratorPage
from minichat.admin.shown import Column, Moment, Table
from minichat.api.context import services
from minichat.domain.paging import Page

_COLUMNS = ("time", "event", "about", "by", "address", "client", "detail")


class AuditPage(AdministratorPage):
    area = "audit"
    icon = "clock"

    @expose("/")
    def index(self) -> Any:
        after = self.window(int).after
        before = None if after is None else int(after[0])
        entries = services().audit_log.page(PAGE_SIZE, before=before)
        ids = {id_ for entry in entries for id_ in (entry.user_id, entry.actor_id) if id_ is not None}
        people = services().directory.by_ids(ids)

        def name(user_id: int | None) -> str:
            return people[user_id].username if user_id is not None and user_id in people else ""

        rows = [
            (
                Moment(entry.at),
                entry.event.value,
                name(entry.user_id),
                name(entry.actor_id),
                entry.device.ip,
                entry.device.user_agent,
                ", ".join(f"{key} {value}" for key, value in entry.detail.items()),
            )
            for entry in entries
        ]
        last = (entries[-1].id or 0,) if len(entries) == PAGE_SIZE else None
        columns = [Column(t(f"audit.{column}")) for column in _COLUMNS]
        return self.list_page(Table(columns, rows, t("audit.empty")), Page(entries, last, None))
