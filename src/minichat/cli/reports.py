"""`minichat reports`: the queue of reported messages, as commands. The audit log records each opening and decision."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from minichat.cli.choices import ID, LateChoice
from minichat.cli.common import Failed, load_settings, services_of
from minichat.cli.lists import all_pages, username_of
from minichat.cli.output import json_option, moment, print_json, print_text

if TYPE_CHECKING:
    from minichat.domain.model import OpenedReport, People, ReportHead, ReportState
    from minichat.domain.services import Services

ANY_STATE = "any"


def _states() -> list[str]:
    from minichat.domain.model import ReportState

    return [*(state.value for state in ReportState), ANY_STATE]


@click.group()
def reports() -> None:
    """Read the reports of messages and decide on them. ID is the number of a report."""


@reports.command("list", short_help="List reports.")
@click.option(
    "--state", type=LateChoice(_states), metavar="STATE", default="open", show_default=True, help="Only these reports."
)
@json_option
def list_(state: str, as_json: bool) -> None:
    """List reports without their texts: id, time, state, reason, author and reporter. The oldest open one is first."""
    from minichat.domain.model import ReportState

    sought = None if state == ANY_STATE else ReportState(state)
    with services_of(load_settings()) as services:
        queue = services.report_queue
        for found in all_pages(lambda window: queue.page(window, sought), lambda found: found.page):
            for head in found.page.items:
                if as_json:
                    print_json(_head(head, found.people))
                else:
                    print_text(_as_line(head, found.people))


@reports.command(short_help="Show a report with its texts.")
@click.argument("report_id", metavar="ID", type=ID)
@json_option
def show(report_id: int, as_json: bool) -> None:
    """Show a report with its comment and its copy of the message. The audit log records that."""
    with _queue(report_id) as services:
        opened = services.report_queue.open(report_id, by=None)
    shown = _opened(opened)
    if as_json:
        print_json(shown)
        return
    for field, value in shown.items():
        print_text(f"{field.replace('_', ' '):<15} {'-' if value in (None, '') else value}")


@reports.command(short_help="Dismiss a report.")
@click.argument("report_id", metavar="ID", type=ID)
def dismiss(report_id: int) -> None:
    """Dismiss an open report: nothing needs to be done."""
    _decide(report_id, "dismissed")
    click.echo(f"The report {report_id} is dismissed.")


@reports.command(short_help="Record that you have acted on a report.")
@click.option("--delete-message", is_flag=True, help="Also delete the reported message.")
@click.argument("report_id", metavar="ID", type=ID)
def act(report_id: int, delete_message: bool) -> None:
    """Record that you have acted on an open report, for example disabled the author."""
    from minichat.domain.errors import MessageNotFound
    from minichat.domain.model import ReportState

    if not delete_message:
        _decide(report_id, "acted_on")
        click.echo(f"The report {report_id} is closed: acted on.")
        return
    with _queue(report_id) as services:
        try:
            services.report_queue.delete_message(report_id, seen=ReportState.OPEN, by=None)
        except MessageNotFound as error:
            raise Failed(
                "The room of this message has been removed. Run the command without --delete-message."
            ) from error
    click.echo(f"The message of the report {report_id} is deleted, and the report is closed: acted on.")


def _decide(report_id: int, state: str) -> None:
    from minichat.domain.model import ReportState

    with _queue(report_id) as services:
        services.report_queue.decide(report_id, ReportState(state), seen=ReportState.OPEN, by=None)


@contextmanager
def _queue(report_id: int) -> Iterator["Services"]:
    """Yield the services. Raises Failed if the block finds no such report, or another decision on it."""
    from minichat.domain.errors import ReportDecided, ReportNotFound

    with services_of(load_settings()) as services:
        try:
            yield services
        except ReportNotFound as error:
            raise Failed(f"There is no report {report_id}.") from error
        except ReportDecided as error:
            raise Failed(f"The report {report_id} is decided already: {_words(error.head.state)}.") from error


def _words(state: "ReportState") -> str:
    return state.value.replace("_", " ")


def _as_line(head: "ReportHead", people: "People") -> str:
    author, reporter = username_of(head.author_id, people), username_of(head.reporter_id, people) or "-"
    return (
        f"{head.id:>6}  {moment(head.created_at)}  {_words(head.state):<9}  {head.reason:<5}  {author}  by {reporter}"
    )


def _head(head: "ReportHead", people: "People") -> dict[str, Any]:
    return {
        "id": head.id,
        "created_at": moment(head.created_at),
        "state": head.state,
        "reason": head.reason,
        "room_id": head.room_id,
        "message_id": head.message_id,
        "author_id": head.author_id,
        "author": username_of(head.author_id, people),
        "reporter_id": head.reporter_id,
        "reporter": username_of(head.reporter_id, people),
        "decided_at": moment(head.decided_at),
        "decided_by_id": head.decided_by,
        "decided_by": username_of(head.decided_by, people),
    }


def _opened(opened: "OpenedReport") -> dict[str, Any]:
    report, message = opened.report, opened.message
    return {
        **_head(report.head, opened.people),
        "comment": report.comment,
        "content": report.content,
        "room": None if opened.room is None else opened.room.name,
        "is_message_deleted": message is None or message.is_deleted,
    }
