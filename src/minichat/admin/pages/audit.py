"""The audit log: its entries by event, person and time, and the file with them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from errno import ECONNRESET
from typing import Any, NamedTuple

import orjson
from flask import Response, flash, redirect, request, stream_with_context, url_for
from flask_admin import expose

from minichat.admin.addresses import back, here
from minichat.admin.csv_file import BYTE_ORDER_MARK, encoded, line
from minichat.admin.event_texts import event_text
from minichat.admin.forms import Form
from minichat.admin.language import t
from minichat.admin.links import to_person
from minichat.admin.page import AdministratorPage
from minichat.admin.shown import Button, Cell, Choice, Column, Moment, Search, Table
from minichat.admin.signed_in import session_id
from minichat.admin.texts import has_text
from minichat.api.context import device, services
from minichat.api.times import rfc3339
from minichat.domain.errors import NotAnAdministrator, UserNotFound
from minichat.domain.model import DAY, AuditEntry, AuditEvent, AuditFilter, People, Timestamp
from minichat.domain.model import AuditPage as FoundEntries
from minichat.domain.paging import Page

_EVENTS = [event for event in AuditEvent if event != AuditEvent.UNKNOWN]
_COLUMNS = ("time", "event", "about", "by", "detail", "address", "client")
_FILE_COLUMNS = ("time", "event", "about_id", "about", "by_id", "by", "session", "ip", "user_agent", "detail")


class _Wanted(NamedTuple):
    """The filter that the address names, or a sentence about its fault."""

    entries: AuditFilter
    problem: str = ""


class AuditPage(AdministratorPage):
    area = "audit"
    icon = "clock"

    @expose("/")
    def index(self) -> Any:
        wanted = self._wanted()
        if wanted.problem:
            found = FoundEntries(Page((), None, None), {})
        else:
            found = services().audit_reading.page(self.window(int, int), wanted.entries)
        export = url_for(".export", back=here(), **_filter_arguments())
        return self.list_page(
            _table(found),
            found.page,
            filters=self._filters(),
            problem=wanted.problem,
            buttons=() if wanted.problem else (Button(t("audit.export"), export, posts=True),),
        )

    @expose("/audit-log.csv", methods=("POST",))
    def export(self) -> Any:
        """Send the filtered entries as a file, in batches. The audit log records it first."""
        wanted = self._wanted()
        if not Form(request.form).is_genuine:
            flash(t("shell.page_too_old"), "error")
            return redirect(back(self.home), 303)
        if wanted.problem:
            flash(wanted.problem, "error")
            return redirect(back(self.home), 303)
        batches = services().audit_reading.export(self.me.id, session_id(), wanted.entries, device())
        name = f"audit-log-{rfc3339(services().audit_log.clock())[:10]}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(stream_with_context(_file(batches)), mimetype="text/csv", headers=headers)

    def _wanted(self) -> _Wanted:
        event = request.args.get("event", "")
        name = request.args.get("person", "").strip()
        try:
            entries = AuditFilter(
                event=AuditEvent(event) if event in _EVENTS else None,
                person_id=services().audit_reading.person_id(name) if name else None,
                since=_day("since"),
                until=_after(_day("until")),
            )
        except UserNotFound:
            return _Wanted(AuditFilter(), t("audit.no_such_person", name=name))
        except ValueError:
            return _Wanted(AuditFilter(), t("audit.odd_day"))
        return _Wanted(entries)

    def _filters(self) -> Sequence[Search | Choice]:
        events = sorted(((event.value, event_text(event)) for event in _EVENTS), key=lambda one: one[1].casefold())
        return (
            Search("person", t("audit.person"), t("audit.person_hint")),
            Choice("event", t("audit.event"), [("", t("audit.every_event")), *events]),
            Search("since", t("audit.since"), type="date"),
            Search("until", t("audit.until"), type="date"),
        )


def _filter_arguments() -> dict[str, Any]:
    names = ("person", "event", "since", "until")
    return {name: request.args[name] for name in names if request.args.get(name)}


def _day(parameter: str) -> Timestamp | None:
    """Return the beginning of the day in the address, in UTC. Raises ValueError."""
    given = request.args.get(parameter, "")
    if not given:
        return None
    day = date.fromisoformat(given)
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000


def _after(day: Timestamp | None) -> Timestamp | None:
    return None if day is None else day + DAY


def _table(found: FoundEntries) -> Table:
    rows: list[Sequence[Cell]] = [
        (
            Moment(entry.at),
            event_text(entry.event),
            _person(entry.user_id, found.people),
            _person(entry.actor_id, found.people),
            ", ".join(f"{_detail(key)}: {value}" for key, value in entry.detail.items()),
            entry.device.ip,
            entry.device.user_agent,
        )
        for entry in found.page.items
    ]
    return Table([Column(t(f"audit.{column}")) for column in _COLUMNS], rows, t("audit.empty"))


def _detail(name: str) -> str:
    key = f"audit.detail_{name}"
    return t(key) if has_text(key) else name


def _person(user_id: int | None, people: People) -> Cell:
    if user_id is None:
        return ""
    return to_person(people[user_id]) if user_id in people else str(user_id)


def _file(batches: Iterator[FoundEntries]) -> Iterator[bytes]:
    """Yield the file. Raises ConnectionResetError if the administrator has lost their rights meanwhile.

    The server then closes the connection, so the browser reports a failed download instead of a shorter file.
    """
    yield encoded([BYTE_ORDER_MARK, line(_FILE_COLUMNS)])
    try:
        for batch in batches:
            yield encoded(line(_cells(entry, batch.people)) for entry in batch.page.items)
    except NotAnAdministrator as error:
        raise ConnectionResetError(ECONNRESET, "the administrator has lost their rights") from error


def _cells(entry: AuditEntry, people: People) -> Sequence[object]:
    def name(user_id: int | None) -> str:
        return people[user_id].username if user_id is not None and user_id in people else ""

    return (
        rfc3339(entry.at),
        entry.event.value,
        entry.user_id,
        name(entry.user_id),
        entry.actor_id,
        name(entry.actor_id),
        entry.session_id,
        entry.device.ip,
        entry.device.user_agent,
        orjson.dumps(dict(entry.detail)).decode(),
    )
