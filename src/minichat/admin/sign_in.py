"""Authentication of administrators: a superuser logs in, and a signed cookie names their session afterwards.

The session is one of the domain's. It appears in the superuser's list of sessions, and when it ends, the cookie is
worthless. Each sign-in starts a new session, which prevents session fixation.
"""

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, request, session, url_for
from flask_admin import Admin, AdminIndexView, BaseView, expose
from flask_admin.form import SecureForm
from wtforms import PasswordField, StringField

from minichat.api.context import context, device, services
from minichat.api.request_state import request_state
from minichat.api.texts import sentence
from minichat.domain.errors import NotAuthenticated, SessionEnded, TooMany
from minichat.domain.model import HOUR, User, is_within

SIGN_IN_DURATION = 12 * HOUR
"""How long a sign-in lasts, in milliseconds."""
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""The pages run their own scripts and styles, and nothing else."""


class SignInForm(SecureForm):  # type: ignore[misc]  # Flask-Admin's types are not exported
    username = StringField("Username")
    password = PasswordField("Password")


def administrator() -> User | None:
    """Return the superuser who makes this request, or None."""
    state = request_state()
    if not state.is_administrator_known:
        state.administrator = _known_by_cookie()
        state.is_administrator_known = True
    return state.administrator


def _known_by_cookie() -> User | None:
    if "session" not in session or not is_within(SIGN_IN_DURATION, session["since"], context().clock()):
        return None
    try:
        caller = services().sessions.authenticate(session["session"], session["user"])
    except SessionEnded:
        return None
    return caller.user if caller.user.is_superuser else None


class Page(BaseView):  # type: ignore[misc]
    """A page of the administration, with its Content-Security-Policy."""

    def create_blueprint(self, admin: Admin) -> Blueprint:
        blueprint: Blueprint = super().create_blueprint(admin)
        blueprint.after_request(_restrict)
        return blueprint


def _restrict(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


class AdministratorPage(Page):
    """A page that only administrators can open."""

    def is_accessible(self) -> bool:
        return administrator() is not None

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Response:
        return redirect(url_for("admin.sign_in"))  # type: ignore[return-value]


class SignInPages(Page, AdminIndexView):  # type: ignore[misc]
    """Sign-in and sign-out."""

    def is_visible(self) -> bool:
        return False

    @expose("/")
    def index(self) -> Any:
        return redirect(url_for("admin_people.index" if administrator() else ".sign_in"))

    @expose("/sign-in/", methods=("GET", "POST"))
    def sign_in(self) -> Any:
        form, status, headers = SignInForm(request.form), 200, {}
        if request.method == "POST" and not form.validate():
            status = 400
            flash("This page has expired. Try again.", "error")
        elif request.method == "POST":
            try:
                user, grant = services().sessions.log_in(
                    form.username.data or "", form.password.data or "", device(), only_superusers=True
                )
            except (NotAuthenticated, TooMany) as error:
                status = 429 if isinstance(error, TooMany) else 401
                headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooMany) else {}
                flash(sentence(error.code), "error")
            else:
                session.clear()
                session.update(session=grant.session.id, user=user.id, since=context().clock())
                return redirect(url_for("admin_people.index"))
        form.password.data = None
        return make_response(self.render("admin_pages/sign_in.html", form=form), status, headers)

    @expose("/sign-out/", methods=("POST",))
    def sign_out(self) -> Any:
        user = administrator()
        if user is not None and SecureForm(request.form).validate():
            services().sessions.log_out(user.id, session["session"], device=device())
            session.clear()
        return redirect(url_for(".sign_in"))
