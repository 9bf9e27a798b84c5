"""People: find an account, view it, and act on it."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_admin import expose

from minichat.admin.addresses import here
from minichat.admin.language import t
from minichat.admin.page import PAGE_SIZE, AdministratorPage
from minichat.admin.shown import Button, Cell, Column, Facts, Moment, Question, Search, Table, Tag, Tags, person
from minichat.api.context import context, services
from minichat.domain.errors import InvalidInput, UserNotFound
from minichat.domain.model import User
from minichat.domain.paging import Page


class PeoplePage(AdministratorPage):
    area = "people"
    icon = "people"

    @expose("/")
    def index(self) -> Any:
        problem = ""
        try:
            page = self._found()
        except InvalidInput:
            page, problem = Page((), None, None), t("people.odd_query")
        columns = [Column(t(f"people.{name}")) for name in ("username", "state", "joined", "last_seen")]
        return self.list_page(
            Table(columns, [self._row(user) for user in page.items], t("people.nobody")),
            page,
            filters=[Search("q", t("people.search"))],
            problem=problem,
        )

    def _found(self) -> Page[User]:
        from flask import request

        query = request.args.get("q", "")
        if query:
            return Page(services().directory.search(None, query, PAGE_SIZE), None, None)
        return services().directory.page(None, self.window(str))

    def _row(self, user: User) -> Sequence[Cell]:
        now = context().clock()
        return (
            person(user, url_for(".view", user_id=user.id, back=here())),
            Tags(self._state(user)),
            Moment(user.joined_at),
            Moment(user.last_seen(now)),
        )

    def _state(self, user: User) -> Sequence[Tag]:
        tags = [Tag(t("people.active"), "good") if user.is_active else Tag(t("people.disabled"), "bad")]
        if user.is_superuser:
            tags.append(Tag(t("people.superuser"), "warning"))
        return tags

    @expose("/<id:user_id>/")
    def view(self, user_id: int) -> Any:
        user = self._person(user_id)
        now = context().clock()
        facts = Facts(
            t("people.account"),
            [
                (t("people.username"), user.username),
                (t("people.name"), user.full_name or t("shell.none")),
                (t("people.state"), Tags(self._state(user))),
                (t("people.joined"), Moment(user.joined_at)),
                (t("people.last_seen"), Moment(user.last_seen(now))),
            ],
        )
        return self.details_page(user.username, [facts], buttons=self._buttons(user))

    def _buttons(self, user: User) -> Sequence[Button]:
        def button(action: str, tone: Any = "plain", *, posts: bool = False) -> Button:
            return Button(
                t(f"people.{action}"), url_for(f".{action}", user_id=user.id, back=here()), posts=posts, tone=tone
            )

        if user.id == self.me.id:
            return ()
        return (button("log_out"), button("disable", "bad") if user.is_active else button("enable", posts=True))

    @expose("/<id:user_id>/disable/", methods=("GET", "POST"))
    def disable(self, user_id: int) -> Any:
        user = self._person(user_id)

        def disable() -> str:
            services().administration.disable(user.username, by=self.me.id)
            return t("people.disable_done", name=user.username)

        return self._asked(user, "disable", disable, is_dangerous=True)

    @expose("/<id:user_id>/enable/", methods=("GET", "POST"))
    def enable(self, user_id: int) -> Any:
        user = self._person(user_id)

        def enable() -> str:
            services().administration.enable(user.username, by=self.me.id)
            return t("people.enable_done", name=user.username)

        return self._asked(user, "enable", enable)

    @expose("/<id:user_id>/log-out/", methods=("GET", "POST"))
    def log_out(self, user_id: int) -> Any:
        user = self._person(user_id)

        def log_out() -> str:
            _, ended = services().administration.log_out(user.username, by=self.me.id)
            return t("people.log_out_done", name=user.username, count=ended)

        return self._asked(user, "log_out", log_out)

    def _asked(self, user: User, action: str, run: Any, *, is_dangerous: bool = False) -> Any:
        question = Question(
            title=t(f"people.{action}_title", name=user.username),
            text=t(f"people.{action}_text"),
            button=t(f"people.{action}"),
            is_dangerous=is_dangerous,
        )
        return self.act(question, run, default=url_for(".view", user_id=user.id))

    def _person(self, user_id: int) -> User:
        """Return the user. Raises UserNotFound, also for an erased account."""
        user = services().directory.by_ids([user_id]).get(user_id)
        if user is None or user.is_erased:
            raise UserNotFound
        return user
