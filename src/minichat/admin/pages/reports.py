"""Reports of messages: the queue, one report with its copy of the message, and the decisions on it."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import flash, redirect, request, url_for
from flask_admin import expose

from minichat.admin.addresses import back, here
from minichat.admin.language import t
from minichat.admin.links import to_person
from minichat.admin.page import AdministratorPage
from minichat.admin.shown import (
    Button,
    Cell,
    Choice,
    Column,
    Facts,
    Link,
    Moment,
    Question,
    Section,
    Table,
    Tag,
    Tags,
    Tone,
)
from minichat.api.context import services
from minichat.domain.errors import ReportDecided
from minichat.domain.model import OpenedReport, People, ReportHead, ReportState, RoomKind

_TONES: dict[ReportState, Tone] = {
    ReportState.OPEN: "warning",
    ReportState.DISMISSED: "plain",
    ReportState.ACTED_ON: "good",
}
_ANY = "any"


class ReportsPage(AdministratorPage):
    area = "reports"
    icon = "flag"

    @expose("/")
    def index(self) -> Any:
        states = [state.value for state in ReportState]
        chosen = self.choice("state", [*states, _ANY])
        state = None if chosen == _ANY else ReportState(chosen)
        found = services().report_queue.page(self.window(int, int), state)
        choices = [(value, t(f"reports.state_{value}")) for value in (*states, _ANY)]
        return self.list_page(
            _table(found.page.items, found.people),
            found.page,
            filters=[Choice("state", t("reports.state"), choices)],
        )

    @expose("/<id:report_id>/")
    def view(self, report_id: int) -> Any:
        """Show a report with its texts. The audit log records it."""
        opened = services().report_queue.open(report_id, by=self.me.id)
        head = opened.report.head
        sections: list[Facts | Section] = [_facts(opened)]
        if opened.others:
            sections.append(Section(t("reports.others"), _table(opened.others, opened.people)))
        return self.details_page(
            t("reports.title_of", number=head.id),
            sections,
            buttons=self._buttons(opened),
            template="report.html",
            content=opened.report.content,
            comment=opened.report.comment,
            author=to_person(opened.people[head.author_id]),
            message_state=_message_state(opened),
        )

    def _buttons(self, opened: OpenedReport) -> Sequence[Button]:
        head, queue, report = opened.report.head, back(self.home), here()

        def decision(action: str, to: str, tone: Any = "plain") -> Button:
            href = url_for(f".{action}", report_id=head.id, seen=head.state.value, back=to)
            return Button(t(f"reports.{action}"), href, tone=tone)

        buttons = []
        if head.state == ReportState.OPEN:
            buttons += [decision("dismiss", queue), decision("act_on", queue, "main")]
        else:
            buttons += [decision("reopen", queue)]
        if opened.room is not None and opened.room.kind == RoomKind.GROUP:
            href = url_for(
                "admin_messages.view",
                room_id=head.room_id,
                around=head.message_id,
                back=report,
                _anchor=f"message-{head.message_id}",
            )
            buttons.append(Button(t("reports.go_to_room"), href))
        if opened.message is not None and not opened.message.is_deleted:
            buttons.append(decision("delete_message", report, "bad"))
        author = opened.people[head.author_id]
        if author.is_active and author.id != self.me.id:
            href = url_for("admin_people.disable", user_id=author.id, back=report)
            buttons.append(Button(t("reports.disable_author", name=author.username), href, tone="bad"))
        return buttons

    @expose("/<id:report_id>/dismiss/", methods=("GET", "POST"))
    def dismiss(self, report_id: int) -> Any:
        return self._decision("dismiss", report_id, ReportState.DISMISSED)

    @expose("/<id:report_id>/act-on/", methods=("GET", "POST"))
    def act_on(self, report_id: int) -> Any:
        return self._decision("act_on", report_id, ReportState.ACTED_ON)

    @expose("/<id:report_id>/reopen/", methods=("GET", "POST"))
    def reopen(self, report_id: int) -> Any:
        return self._decision("reopen", report_id, ReportState.OPEN)

    @expose("/<id:report_id>/delete-message/", methods=("GET", "POST"))
    def delete_message(self, report_id: int) -> Any:
        def delete() -> None:
            services().report_queue.delete_message(report_id, seen=self._seen(), by=self.me.id)

        return self._ask("delete_message", report_id, delete, is_dangerous=True)

    def _decision(self, action: str, report_id: int, state: ReportState) -> Any:
        def decide() -> None:
            services().report_queue.decide(report_id, state, seen=self._seen(), by=self.me.id)

        return self._ask(action, report_id, decide)

    def _seen(self) -> ReportState:
        """Return the state that the administrator saw before the decision."""
        return ReportState(self.choice("seen", [state.value for state in ReportState]))

    def _ask(self, action: str, report_id: int, run: Callable[[], None], *, is_dangerous: bool = False) -> Any:
        report = url_for(".view", report_id=report_id)

        def decide() -> Any:
            try:
                run()
            except ReportDecided as error:
                flash(_first_decision(error.head), "error")
                return redirect(report, 303)
            return t(f"reports.{action}_done")

        question = Question(
            t(f"reports.{action}_title"),
            t(f"reports.{action}_text"),
            t(f"reports.{action}"),
            is_dangerous=is_dangerous,
        )
        return self.act(question, decide, default=report)


def _first_decision(head: ReportHead) -> str:
    """Return a sentence that names the faster administrator."""
    state = t(f"reports.state_{head.state.value}")
    if head.decided_by is None:
        return t("reports.changed_meanwhile", state=state)
    return t(
        "reports.decided_first",
        name=services().directory.by_ids([head.decided_by])[head.decided_by].username,
        state=state,
    )


def _table(heads: Sequence[ReportHead], people: People) -> Table:
    titles = ("report", "reason", "author", "reporter", "made", "state")
    rows: list[Sequence[Cell]] = [
        (
            Link(t("reports.title_of", number=head.id), url_for("admin_reports.view", report_id=head.id, back=here())),
            t(f"reports.reason_{head.reason.value}"),
            to_person(people[head.author_id]),
            _person(head.reporter_id, people),
            Moment(head.created_at),
            _state(head),
        )
        for head in heads
    ]
    empty = "empty_open" if request.args.get("state", "open") in ("", "open") else "empty"
    return Table([Column(t(f"reports.{title}")) for title in titles], rows, t(f"reports.{empty}"))


def _facts(opened: OpenedReport) -> Facts:
    head, people = opened.report.head, opened.people
    facts: list[tuple[str, Cell]] = [
        (t("reports.state"), _state(head)),
        (t("reports.reason"), t(f"reports.reason_{head.reason.value}")),
        (t("reports.reporter"), _person(head.reporter_id, people)),
        (t("reports.made"), Moment(head.created_at)),
        (t("reports.room"), _room(opened)),
    ]
    if head.decided_at is not None:
        facts += [
            (t("reports.decided_by"), _person(head.decided_by, people)),
            (t("reports.decided_at"), Moment(head.decided_at)),
        ]
    return Facts(t("reports.report"), facts)


def _room(opened: OpenedReport) -> Cell:
    if opened.room is None:
        return t("reports.room_gone")
    if opened.room.kind == RoomKind.DIRECT:
        return t("reports.direct_chat")
    return Link(opened.room.name, url_for("admin_rooms.view", room_id=opened.room.id, back=here()))


def _message_state(opened: OpenedReport) -> str:
    """Return a sentence about the message since the report, without its present content."""
    message = opened.message
    if message is None or message.is_deleted:
        return t("reports.message_deleted")
    return t("reports.message_unchanged" if message.content == opened.report.content else "reports.message_edited")


def _state(head: ReportHead) -> Tags:
    return Tags([Tag(t(f"reports.state_{head.state.value}"), _TONES[head.state])])


def _person(user_id: int | None, people: People) -> Cell:
    return t("reports.nobody") if user_id is None else to_person(people[user_id])
