"""People: find an account, and view it with its rooms, sessions, reports and audit entries. No e-mail is in a list."""

from collections.abc import Sequence
from typing import Any

from flask import request, url_for
from flask_admin import expose

from minichat.admin.addresses import back, here
from minichat.admin.event_texts import event_text
from minichat.admin.language import t
from minichat.admin.links import to_person
from minichat.admin.pages.person_acts import PersonActs
from minichat.admin.shown import (
    Button,
    Cell,
    Choice,
    Column,
    Facts,
    Link,
    Moment,
    Search,
    Section,
    Table,
    Tag,
    Tags,
)
from minichat.api.context import context, services
from minichat.domain.errors import InvalidInput
from minichat.domain.model import (
    AuditEntry,
    FoundPeople,
    GroupMembership,
    People,
    PeopleFilter,
    PeopleOrder,
    PeopleState,
    ReportHead,
    Session,
    User,
)
from minichat.domain.paging import Page
from minichat.domain.people_lists import MAX_COUNTED, PersonCard


class PeoplePage(PersonActs):
    area = "people"
    icon = "people"

    @expose("/")
    def index(self) -> Any:
        query = request.args.get("q", "").strip()
        state = self.choice("state", ["", *PeopleState])
        people = PeopleFilter(
            PeopleState(state) if state else None, PeopleOrder(self.choice("order", list(PeopleOrder)))
        )
        problem = ""
        if query:
            try:
                found = services().people_lists.search(query, people.state)
            except InvalidInput:
                found, problem = FoundPeople((), is_complete=True), t("people.odd_query")
            if not found.is_complete:
                problem = t("people.many_found", count=len(found.users))
            page = Page(found.users, None, None)
        else:
            page = services().people_lists.page(people, self.window(str if people.order == PeopleOrder.NAME else int))
        columns = [Column(t(f"people.{name}")) for name in ("username", "state", "joined", "last_seen")]
        return self.list_page(
            Table(columns, [_row(user) for user in page.items], t("people.nobody")),
            page,
            filters=_filters(),
            problem=problem,
            note=f"{t(f'people.registration_{services().modes.registration}')} "
            f"{t(f'people.directory_{services().modes.directory}')}",
            buttons=[Button(t("people.create"), url_for(".create", back=here()), tone="main")],
        )

    @expose("/<id:user_id>/")
    def view(self, user_id: int) -> Any:
        card = services().people_lists.card(user_id)
        more_groups, more_sessions = (
            Link(t("shell.show_all"), url_for(endpoint, user_id=user_id, back=here())) if page.next else None
            for endpoint, page in ((".groups", card.groups), (".sessions", card.sessions))
        )
        audit = url_for("admin_audit.index", person=card.user.username, back=here())
        return self.details_page(
            card.user.username,
            [
                _facts(card),
                Section(t("people.groups"), _groups(card.groups.items), more_groups),
                Section(t("people.sessions"), _sessions(card.user, card.sessions.items), more_sessions),
                Section(t("people.reports_about"), _reports(card.reports_about.items, card.people)),
                Section(t("people.reports_by"), _reports(card.reports_by.items, card.people)),
                Section(t("people.audit"), _audit(card.audit, card.people), Link(t("people.whole_audit"), audit)),
            ],
            buttons=self._buttons(card.user),
        )

    @expose("/<id:user_id>/groups/")
    def groups(self, user_id: int) -> Any:
        user = services().people_lists.get(user_id)
        page = services().people_lists.groups(user_id, self.window(int))
        title = t("people.groups_of", name=user.username)
        return self.list_page(_groups(page.items), page, title=title, parent=back(_view(user_id)))

    @expose("/<id:user_id>/sessions/")
    def sessions(self, user_id: int) -> Any:
        user = services().people_lists.get(user_id)
        page = services().people_lists.sessions(user_id, self.window(int))
        title = t("people.sessions_of", name=user.username)
        return self.list_page(_sessions(user, page.items), page, title=title, parent=back(_view(user_id)))

    def _buttons(self, user: User) -> Sequence[Button]:
        def button(action: str, tone: Any = "plain", *, to: str | None = None) -> Button:
            return Button(t(f"people.{action}"), url_for(f".{action}", user_id=user.id, back=to or here()), tone=tone)

        buttons = [button("edit", "main")]
        if user.is_active:
            buttons.append(button("reset_link"))
        buttons.append(button("log_out"))
        if user.id == self.me.id:
            return buttons  # nobody locks themselves out by a slip: another superuser can do the rest
        buttons.append(button("revoke" if user.is_superuser else "grant"))
        buttons.append(button("disable", "bad") if user.is_active else button("enable"))
        # After the erasure this page is gone, so the way back is that of this page.
        buttons.append(button("erase", "bad", to=back(self.home)))
        return buttons


def _view(user_id: int) -> str:
    return url_for("admin_people.view", user_id=user_id)


def _filters() -> Sequence[Search | Choice]:
    states = [("", t("people.state_any")), *((state.value, t(f"people.state_{state.value}")) for state in PeopleState)]
    orders = [(order.value, t(f"people.order_{order.value}")) for order in PeopleOrder]
    return (
        Search("q", t("people.search"), t("people.search_hint")),
        Choice("state", t("people.state"), states),
        Choice("order", t("people.order"), orders),
    )


def _row(user: User) -> Sequence[Cell]:
    now = context().clock()
    return (to_person(user), _state(user), Moment(user.joined_at), Moment(user.last_seen(now)))


def _state(user: User) -> Tags:
    tags = [Tag(t("people.active"), "good") if user.is_active else Tag(t("people.disabled"), "bad")]
    if user.is_superuser:
        tags.append(Tag(t("people.superuser"), "warning"))
    return Tags(tags)


def _facts(card: PersonCard) -> Facts:
    user, now = card.user, context().clock()
    email: Cell = t("shell.none")
    if user.email:
        verified = "verified" if user.email_verified_at is not None else "unverified"
        email = f"{user.email} ({t(f'people.{verified}')})"
    direct_chats: Cell = card.direct_chats
    if card.direct_chats == MAX_COUNTED:
        direct_chats = t("people.at_least", number=MAX_COUNTED)
    facts: list[tuple[str, Cell]] = [
        (t("people.name"), user.full_name or t("shell.none")),
        (t("people.email"), email),
        (t("people.state"), _state(user)),
        (t("people.joined"), Moment(user.joined_at)),
        (t("people.last_seen"), Moment(user.last_seen(now))),
        (t("people.direct_chats"), direct_chats),
        (t("people.id"), str(user.id)),
    ]
    if user.is_superuser:
        is_on = services().second_factors.state(user.id).on_since is not None
        tag = Tag(t("second_factor.on"), "good") if is_on else Tag(t("second_factor.off"), "warning")
        facts.append((t("second_factor.title"), Tags([tag])))
    return Facts(t("people.account"), facts)


def _table(columns: Sequence[str], rows: Sequence[Sequence[Cell]], empty: str) -> Table:
    return Table([Column(t(f"people.{column}")) for column in columns], rows, t(f"people.{empty}"))


def _groups(groups: Sequence[GroupMembership]) -> Table:
    rows: list[Sequence[Cell]] = [
        (
            Link(room.name, url_for("admin_rooms.view", room_id=room.id, back=here())),
            t(f"people.role_{membership.role.value}"),
            t("people.private" if room.is_private else "people.public"),
            room.participants_count,
        )
        for room, membership in groups
    ]
    return _table(("group", "role", "visibility", "participants"), rows, "no_groups")


def _sessions(user: User, sessions: Sequence[Session]) -> Table:
    rows: list[Sequence[Cell]] = [
        (
            session.user_agent or t("people.unknown_client"),
            session.ip,
            Moment(session.created_at),
            Moment(session.last_used_at),
            Link(
                t("people.end_session"),
                url_for("admin_people.end_session", user_id=user.id, session_id=session.id, back=here()),
            ),
        )
        for session in sessions
    ]
    return _table(("client", "address", "since", "last_used", "end"), rows, "no_sessions")


def _reports(heads: Sequence[ReportHead], people: People) -> Table:
    rows: list[Sequence[Cell]] = [
        (
            Link(t("reports.title_of", number=head.id), url_for("admin_reports.view", report_id=head.id, back=here())),
            t(f"reports.reason_{head.reason.value}"),
            _linked(head.author_id, people),
            _linked(head.reporter_id, people),
            Moment(head.created_at),
            t(f"reports.state_{head.state.value}"),
        )
        for head in heads
    ]
    return _table(("report", "reason", "author", "reporter", "made", "state"), rows, "no_reports")


def _audit(entries: Sequence[AuditEntry], people: People) -> Table:
    rows: list[Sequence[Cell]] = [
        (
            event_text(entry.event),
            Moment(entry.at),
            _linked(entry.actor_id, people),
            entry.device.ip,
        )
        for entry in entries
    ]
    return _table(("event", "time", "by", "address"), rows, "no_audit")


def _linked(user_id: int | None, people: People) -> Cell:
    return to_person(people[user_id]) if user_id is not None and user_id in people else ""
