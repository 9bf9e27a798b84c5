"""The base of every page: who may open it, how it is drawn, and how an action runs.

An action has an address of its own. GET shows its form or its question and changes nothing; POST acts, states the
result, and returns to the page from which the administrator came.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from flask import Blueprint, Response, flash, make_response, redirect, request, url_for
from flask_admin import Admin, BaseView
from werkzeug.exceptions import HTTPException

from minichat.admin.addresses import back, changed, here
from minichat.admin.assets import assets
from minichat.admin.forms import Form
from minichat.admin.language import NAMES, t, use_chosen_language
from minichat.admin.shown import Button, Choice, Facts, Question, Search, Section, Table
from minichat.admin.signed_in import (
    administrator,
    administrator_at,
    forget_administrator,
    signed_in_superuser,
)
from minichat.api.errors import CODES, log_for_operators
from minichat.api.headers import PAGE_HEADERS
from minichat.api.paging import cursor_after, cursor_before, window
from minichat.api.request_state import request_state
from minichat.api.texts import language, sentence
from minichat.api.times import rfc3339
from minichat.domain.errors import ChatError, Conflict, InvalidInput, NotAllowed, NotFound, TooMany, Unavailable
from minichat.domain.model import Gate, User
from minichat.domain.paging import Page as PageOfList
from minichat.domain.paging import Window

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""The pages run their own script and style, and nothing else."""
PAGE_SIZE = 50
_STATUS: Mapping[type[ChatError], int] = {
    InvalidInput: 400,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    TooMany: 429,
    Unavailable: 503,
}


class Page(BaseView):  # type: ignore[misc]  # Flask-Admin's types are not exported
    """A page of the administration, with its Content-Security-Policy."""

    def create_blueprint(self, admin: Admin) -> Blueprint:
        self.static_folder = None  # the pages use no file of Flask-Admin
        blueprint: Blueprint = super().create_blueprint(admin)
        blueprint.before_request(use_chosen_language)
        blueprint.after_request(_restrict)
        blueprint.register_error_handler(ChatError, self._problem)
        blueprint.register_error_handler(HTTPException, self._http_problem)
        blueprint.register_error_handler(Exception, self._bug)
        return blueprint

    def _problem(self, error: ChatError) -> Response:
        """Return a page with the sentence for the error."""
        log_for_operators(error)
        if isinstance(error, Unavailable):
            forget_administrator()  # the database can't say whether the session still lives
        response = self._problem_page(_status_of(error), error.code)
        if isinstance(error, TooMany | Unavailable):
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    def _http_problem(self, error: HTTPException) -> Response:
        """Return a page for an error that Flask has raised, such as a form that is too large."""
        status = error.code or 500
        return self._problem_page(status, CODES.get(status, "bad_request"))

    def _bug(self, error: Exception) -> Response:
        log_for_operators(error)
        forget_administrator()  # to look for the session may fail again
        return self._problem_page(500, "internal_error")

    def _problem_page(self, status: int, code: str) -> Response:
        request_state().problem_code = code
        page = self.render("problem.html", title=sentence(code), parent=back(url_for("admin.index")))
        return make_response(page, status)

    def _handle_view(self, name: str, /, **kwargs: Any) -> Any:
        """Check the access like Flask-Admin, whose parameter would clash with a part of an address called `name`."""
        return None if self.is_accessible() else self.inaccessible_callback(name)

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run the view. Flask-Admin would run it a second time after each TypeError."""
        return fn(self, *args, **kwargs)

    def render(self, template: str, **values: Any) -> str:
        form = values.setdefault("form", None) or Form()
        page: str = super().render(
            f"administration/{template}",
            **values,
            t=t,
            language=language(),
            languages=NAMES,
            me=signed_in_superuser(),
            pages=self.admin.pages if self.admin else (),
            csrf_token=form.csrf_token,
            here=here(),
            back=partial(back, ""),
            changed=changed,
            rfc3339=rfc3339,
            asset=_asset,
        )
        return page


def _asset(name: str) -> str:
    return url_for("admin.asset", digest=assets().digest, name=name)


def _restrict(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    if response.mimetype == "text/html":
        response.headers.update(PAGE_HEADERS)
        response.headers["Cache-Control"] = "no-store"
    return response


class AdministratorPage(Page):
    """A page that only administrators can open."""

    area: ClassVar[str]
    """The area of its texts, and the name of its address. `<area>.title` is its name in the navigation."""
    icon: ClassVar[str]
    within: ClassVar[str] = ""
    """The area in the navigation that a page without an entry of its own belongs to."""

    def is_accessible(self) -> bool:
        return administrator() is not None

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Response:
        """Lead to the sign-in, and from there to the wanted page; or to the set-up of a required second factor."""
        if administrator_at(Gate.SET_UP):
            return redirect(url_for("admin_second_factor.index"))  # type: ignore[return-value]
        wanted = here() if request.method == "GET" else None
        return redirect(url_for("admin.sign_in", back=wanted))  # type: ignore[return-value]

    @property
    def me(self) -> User:
        """The administrator who makes this request."""
        user = administrator()
        assert user is not None, "the page is guarded"
        return user

    @property
    def home(self) -> str:
        """The address of the first page of this area."""
        return url_for(f"{self.endpoint}.index")

    def window(self, *shape: type) -> Window:
        """Return the window of the list that the address names. A cursor of another list means the first page."""
        try:
            return window(PAGE_SIZE, request.args.get("cursor"), *shape)
        except InvalidInput:
            return Window(PAGE_SIZE)

    def choice(self, parameter: str, options: Sequence[str]) -> str:
        """Return the option in the address, or the first one, which is the default."""
        given = request.args.get(parameter, "")
        return given if given in options else options[0]

    def list_page(
        self,
        table: Table,
        page: PageOfList[Any],
        *,
        filters: Sequence[Search | Choice] = (),
        buttons: Sequence[Button] = (),
        problem: str = "",
        note: str = "",
        **values: Any,
    ) -> str:
        """Draw a list with its filter bar and the ways to its neighbouring pages."""
        return self.render(
            "list.html",
            table=table,
            filters=filters,
            buttons=buttons,
            problem=problem,
            note=note,
            next_href=changed(cursor=cursor_after(page.next)) if page.next else "",
            prev_href=changed(cursor=cursor_before(page.prev)) if page.prev else "",
            is_first=not request.args.get("cursor"),
            **values,
        )

    def details_page(
        self,
        title: str,
        sections: Sequence[Facts | Section],
        *,
        buttons: Sequence[Button] = (),
        template: str = "details.html",
        **values: Any,
    ) -> str:
        """Draw a page about one thing, with its actions."""
        return self.render(template, title=title, sections=sections, buttons=buttons, parent=back(self.home), **values)

    def act(
        self,
        question: Question,
        action: Callable[[], str | Response],
        *,
        form: Form | None = None,
        default: str | None = None,
        template: str = "question.html",
        **values: Any,
    ) -> Any:
        """Ask on GET, and run the action on POST.

        The action returns a sentence about its result, or a page. It raises a ChatError to refuse: the form appears
        again as it was filled in, with the errors at its fields. `default` is the address to return to if the address
        of this page names none.
        """
        form = Form(request.form) if form is None else form
        to = back(self.home if default is None else default)
        outcome = self._posted(form, action, to) if request.method == "POST" else 200
        if not isinstance(outcome, int):
            return outcome
        page = self.render(template, question=question, form=form, parent=to, **values)
        return make_response(page, outcome)

    def _posted(self, form: Form, action: Callable[[], str | Response], to: str) -> Any:
        """Run the action of a sent form; return the answer, or the status with which the form appears again."""
        if not form.is_genuine:
            flash(t("shell.page_too_old"), "error")
            return 400
        if form.errors:
            return 400
        try:
            result = action()
        except InvalidInput as error:
            form.refuse(error)
            return 400
        except (NotFound, NotAllowed, Conflict, TooMany, Unavailable) as error:
            if isinstance(error, Unavailable) and error.is_conflict:
                raise  # the request is tried again at once
            flash(sentence(error.code), "error")
            return redirect(to, 303) if isinstance(error, NotFound) else _status_of(error)
        if not isinstance(result, str):
            return result
        flash(result, "done")
        return redirect(to, 303)


def _status_of(error: ChatError) -> int:
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 400)
