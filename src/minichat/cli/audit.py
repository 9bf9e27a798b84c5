"""`minichat audit`: the newest entries of the audit log."""

from typing import TYPE_CHECKING, Any

import click

from minichat.cli.choices import LateChoice
from minichat.cli.common import Text
from minichat.cli.lists import username_of
from minichat.cli.output import json_option, moment, print_json, print_text
from minichat.cli.users.common import services_for

if TYPE_CHECKING:
    from minichat.domain.model import AuditEntry, People


def _events() -> list[str]:
    from minichat.domain.model import AuditEvent

    return [event.value for event in AuditEvent if event != AuditEvent.UNKNOWN]


@click.command(short_help="Print the newest entries of the audit log.")
@click.option("--user", "name", type=Text(), metavar="NAME", help="Only entries about this account or by it.")
@click.option("--event", type=LateChoice(_events), metavar="EVENT", help="Only entries of this kind.")
@click.option(
    "--limit", type=click.IntRange(1, 1_000_000), default=50, show_default=True, help="Maximum number of entries."
)
@json_option
def audit(name: str | None, event: str | None, limit: int, as_json: bool) -> None:
    """Print the newest entries of the audit log, the newest last."""
    from minichat.domain.model import AuditEvent, AuditFilter
    from minichat.domain.paging import Window

    with services_for(name or "") as services:
        reading = services.audit_reading
        person_id = None if name is None else reading.person_id(name)
        page, people = reading.page(Window(limit), AuditFilter(AuditEvent(event) if event else None, person_id))
    for entry in reversed(page.items):
        if as_json:
            print_json(_as_json(entry, people))
        else:
            print_text(_as_line(entry, people))


def _as_line(entry: "AuditEntry", people: "People") -> str:
    parts = [f"{moment(entry.at)}", f"{entry.event:<24}", username_of(entry.user_id, people) or "-"]
    if entry.device.ip:
        parts.append(f"from {entry.device.ip}")
    if entry.actor_id != entry.user_id:
        parts.append(f"by {username_of(entry.actor_id, people) or '-'}")
    if entry.session_id is not None:
        parts.append(f"session={entry.session_id}")
    parts += [f"{key}={value}" for key, value in entry.detail.items()]
    if entry.device.user_agent:
        parts.append(f'"{entry.device.user_agent}"')
    return "  ".join(parts)


def _as_json(entry: "AuditEntry", people: "People") -> dict[str, Any]:
    return {
        "id": entry.id,
        "time": moment(entry.at),
        "event": entry.event,
        "user_id": entry.user_id,
        "user": username_of(entry.user_id, people),
        "by_id": entry.actor_id,
        "by": username_of(entry.actor_id, people),
        "session_id": entry.session_id,
        "ip": entry.device.ip,
        "user_agent": entry.device.user_agent,
        "detail": entry.detail,
    }
