"""The acts on one account. Each is a page that asks, and the services keep the rules and the audit log."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_admin import expose
from wtforms import HiddenField, PasswordField, StringField

from minichat.admin.addresses import back, here
from minichat.admin.forms import Form
from minichat.admin.language import t
from minichat.admin.page import AdministratorPage
from minichat.admin.shown import Cell, Link, Moment, Question
from minichat.api.context import base_url, services
from minichat.api.texts import language
from minichat.domain.account_editing import version_of
from minichat.domain.errors import InvalidInput, UsernameTaken
from minichat.domain.model import User
from minichat.domain.recovery import ResetLink
from minichat.domain.registration import AccountFields


class _AccountForm(Form):
    username = StringField("people.username", description="people.username_hint", render_kw={"autocomplete": "off"})
    first_name = StringField("people.first_name", render_kw={"autocomplete": "off"})
    last_name = StringField("people.last_name", render_kw={"autocomplete": "off"})
    email = StringField("people.email", render_kw={"autocomplete": "off", "type": "email"})


class NewAccountForm(_AccountForm):
    password = PasswordField(
        "people.password", description="people.password_hint", render_kw={"autocomplete": "new-password"}
    )


class EditForm(_AccountForm):
    email = StringField(
        "people.email", description="people.email_hint", render_kw={"autocomplete": "off", "type": "email"}
    )
    version = HiddenField()


class EraseForm(Form):
    typed_name = StringField(
        "people.typed_name", render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
    )


class PersonActs(AdministratorPage):
    """The actions of the page of one person."""

    @expose("/new/", methods=("GET", "POST"))
    def create(self) -> Any:
        form = NewAccountForm(request.form)

        def create() -> str | Response:
            editing, by = services().account_editing, self.me.id
            username, password = form.username.data or "", form.password.data
            fields: AccountFields = {
                "first_name": form.first_name.data or "",
                "last_name": form.last_name.data or "",
                "email": form.email.data or "",
            }
            with _taken_at_field():
                if not password:
                    return self._shown_once(editing.create_with_link(username, by=by, language=language(), **fields))
                user = editing.create(username, password, by=by, language=language(), **fields)
            flash(t("people.create_done", name=user.username), "done")
            return redirect(_view(user, back(self.home)), 303)  # type: ignore[return-value]

        question = Question(t("people.create_title"), t("people.create_text"), t("people.create"))
        return self.act(question, create, form=form)

    @expose("/<id:user_id>/edit/", methods=("GET", "POST"))
    def edit(self, user_id: int) -> Any:
        user = services().people_lists.get(user_id)
        form = EditForm(request.form, obj=user)
        if request.method == "GET":
            form.version.data = version_of(user)

        def edit() -> str:
            with _taken_at_field():
                edited = services().account_editing.edit(
                    user_id,
                    form.version.data or "",
                    by=self.me.id,
                    language=language(),
                    username=form.username.data or "",
                    first_name=form.first_name.data or "",
                    last_name=form.last_name.data or "",
                    email=form.email.data or "",
                )
            return t("people.edit_done", name=edited.username)

        is_stale = request.method == "POST" and form.version.data != version_of(user)
        question = Question(
            t("people.edit_title", name=user.username),
            t("people.edit_stale") if is_stale else "",
            t("shell.save"),
            facts=_saved_now(user) if is_stale else (),
        )
        return self.act(question, edit, form=form, default=_view(user))

    @expose("/<id:user_id>/reset-link/", methods=("GET", "POST"))
    def reset_link(self, user_id: int) -> Any:
        def make_link(user: User) -> Response:
            return self._shown_once(services().recovery.make_link(user.id, by=self.me.id, language=language()))

        return self._asked(user_id, "reset_link", make_link)

    @expose("/<id:user_id>/log-out/", methods=("GET", "POST"))
    def log_out(self, user_id: int) -> Any:
        def log_out(user: User) -> str:
            _, ended = services().administration.log_out(user.id, by=self.me.id)
            return t("people.log_out_done", name=user.username, count=ended)

        return self._asked(user_id, "log_out", log_out)

    @expose("/<id:user_id>/sessions/<id:session_id>/end/", methods=("GET", "POST"))
    def end_session(self, user_id: int, session_id: int) -> Any:
        def end(user: User) -> str:
            services().administration.end_session(user.id, session_id, by=self.me.id)
            return t("people.end_session_done", name=user.username)

        return self._asked(user_id, "end_session", end)

    @expose("/<id:user_id>/grant/", methods=("GET", "POST"))
    def grant(self, user_id: int) -> Any:
        def grant(user: User) -> str:
            services().superusers.grant(user.id, by=self.me.id)
            return t("people.grant_done", name=user.username)

        return self._asked(user_id, "grant", grant)

    @expose("/<id:user_id>/revoke/", methods=("GET", "POST"))
    def revoke(self, user_id: int) -> Any:
        def revoke(user: User) -> str:
            services().superusers.revoke(user.id, by=self.me.id)
            return t("people.revoke_done", name=user.username)

        return self._asked(user_id, "revoke", revoke, is_dangerous=True)

    @expose("/<id:user_id>/disable/", methods=("GET", "POST"))
    def disable(self, user_id: int) -> Any:
        def disable(user: User) -> str:
            services().administration.disable(user.id, by=self.me.id)
            return t("people.disable_done", name=user.username)

        return self._asked(user_id, "disable", disable, is_dangerous=True)

    @expose("/<id:user_id>/enable/", methods=("GET", "POST"))
    def enable(self, user_id: int) -> Any:
        def enable(user: User) -> str:
            services().administration.enable(user.id, by=self.me.id)
            return t("people.enable_done", name=user.username)

        return self._asked(user_id, "enable", enable)

    @expose("/<id:user_id>/erase/", methods=("GET", "POST"))
    def erase(self, user_id: int) -> Any:
        form = EraseForm(request.form)

        def erase(user: User) -> str:
            if (form.typed_name.data or "").strip() != user.username:
                raise InvalidInput.of("typed_name", "name_not_typed")
            services().erasure.erase_account(user.id, by=self.me.id)
            return t("people.erase_done", name=user.username)

        return self._asked(user_id, "erase", erase, is_dangerous=True, form=form, default=self.home)

    def _asked(
        self,
        user_id: int,
        action: str,
        run: Callable[[User], str | Response],
        *,
        is_dangerous: bool = False,
        form: Form | None = None,
        default: str | None = None,
    ) -> Any:
        user = services().people_lists.get(user_id)
        question = Question(
            title=t(f"people.{action}_title", name=user.username),
            text=t(f"people.{action}_text", name=user.username),
            button=t(f"people.{action}"),
            is_dangerous=is_dangerous,
        )
        return self.act(question, lambda: run(user), form=form, default=default or _view(user))

    def _shown_once(self, link: ResetLink) -> Response:
        """Return the page with a new link. No address leads to it, so nobody can open it again."""
        page = self.render(
            "link_once.html",
            title=t("people.reset_link_for", name=link.user.username),
            link=f"{base_url()}/#reset={link.token}",
            expires=Moment(link.expires_at),
            parent=_view(link.user, back(self.home))
            if request.endpoint == "admin_people.create"
            else back(_view(link.user)),
        )
        return Response(page)


def _saved_now(user: User) -> Sequence[tuple[str, Cell]]:
    """Return the fields as another administrator has saved them, and a link to a form with them."""
    fields = ("username", "first_name", "last_name", "email")
    saved: list[tuple[str, Cell]] = [(t(f"people.{one}"), getattr(user, one) or t("shell.none")) for one in fields]
    return [*saved, (t("people.edit_again"), Link(t("people.edit_reload"), here()))]


def _view(user: User, to: str | None = None) -> str:
    return url_for("admin_people.view", user_id=user.id, back=to)


@contextmanager
def _taken_at_field() -> Iterator[None]:
    """Show a taken username at its field."""
    try:
        yield
    except UsernameTaken as error:
        raise InvalidInput.of("username", error.code) from error
