"""Authentication of administrators: a superuser logs in, and a signed cookie names their session afterwards.

Each sign-in starts a new session, which prevents session fixation. A superuser with a second factor enters its code on
a page of its own. Until then, the cookie holds no session.
"""

from collections.abc import Mapping
from typing import Any

from flask import Response, current_app, flash, make_response, redirect, request, session, url_for
from flask_admin import AdminIndexView, expose
from wtforms import PasswordField, StringField

from minichat.admin.addresses import back, here
from minichat.admin.assets import assets
from minichat.admin.forms import Form
from minichat.admin.language import keep_language, t
from minichat.admin.page import Page
from minichat.admin.signed_in import administrator_at, half_sign_in, keep_half, keep_session
from minichat.api.context import context, device, services
from minichat.api.files import FOREVER, send
from minichat.api.texts import sentence
from minichat.domain.errors import (
    ChatError,
    NotAuthenticated,
    NotFound,
    SecondFactorUnreadable,
    SignInExpired,
    TooMany,
)
from minichat.domain.model import Gate, HalfSignIn

NO_HEADERS: Mapping[str, str] = {}


class SignInForm(Form):
    username = StringField("shell.username")
    password = PasswordField("shell.password")


class CodeForm(Form):
    code = StringField("second_factor.code")


class SignInPages(Page, AdminIndexView):  # type: ignore[misc]
    """Sign-in and sign-out, the choice of the language, and the files of all pages."""

    def is_visible(self) -> bool:
        return False

    @expose("/")
    def index(self) -> Any:
        is_in = administrator_at(Gate.OPEN, Gate.SET_UP) is not None
        return redirect(url_for("admin_people.index" if is_in else ".sign_in"))

    @expose("/sign-in/", methods=("GET", "POST"))
    def sign_in(self) -> Any:
        form = SignInForm(request.form)
        status, headers = 200, NO_HEADERS
        https_address = _https_address()
        if request.method == "POST" and not form.validate():
            status = 400
            if not https_address:
                flash(t("shell.page_too_old"), "error")
        elif request.method == "POST":
            try:
                opened = services().administrator_sign_in.enter_password(
                    form.username.data or "", form.password.data or "", device()
                )
            except (NotAuthenticated, TooMany) as error:
                status, headers = _refusal(error)
            else:
                if isinstance(opened, HalfSignIn):
                    keep_half(opened)
                    return redirect(url_for(".code", back=request.args.get("back")), 303)
                keep_session(*opened)
                return redirect(back(url_for("admin_people.index")))
        form.password.data = None
        page = self.render("sign_in.html", form=form, https_address=https_address)
        return make_response(page, status, headers)

    @expose("/sign-in/code/", methods=("GET", "POST"))
    def code(self) -> Any:
        """Ask for the code of the second factor, after the password."""
        half, form = half_sign_in(), CodeForm(request.form)
        if half is None:
            return redirect(url_for(".index"))  # a page of another site must not end a sign-in
        status, headers = 200, NO_HEADERS
        try:
            services().administrator_sign_in.expect_half(half)
            if request.method == "POST" and not form.is_genuine:
                status = 400
                flash(t("shell.page_too_old"), "error")
            elif request.method == "POST":
                keep_session(*services().administrator_sign_in.enter_code(half, form.code.data or "", device()))
                return redirect(back(url_for("admin_people.index")), 303)
        except SignInExpired as error:
            session.clear()
            flash(sentence(error.code), "error")
            return redirect(url_for(".sign_in", back=request.args.get("back")), 303)
        except (NotAuthenticated, TooMany, SecondFactorUnreadable) as error:
            status, headers = _refusal(error)
        form.code.data = None
        page = self.render("sign_in_code.html", form=form, by_recovery_code="recovery" in request.args)
        return make_response(page, status, headers)

    @expose("/sign-out/", methods=("POST",))
    def sign_out(self) -> Any:
        caller = administrator_at(Gate.OPEN, Gate.SET_UP)
        if caller is not None and Form(request.form).is_genuine:
            services().sessions.log_out(caller.user.id, caller.session.id, device=device())
            session.clear()
        return redirect(url_for(".sign_in"))

    @expose("/language/", methods=("POST",))
    def language(self) -> Any:
        """Keep the language that the visitor chose, and return to their page."""
        response = redirect(back(url_for(".index")), 303)
        if Form(request.form).is_genuine:
            is_behind_tls = bool(current_app.config["SESSION_COOKIE_SECURE"])
            keep_language(response, request.form.get("language", ""), is_behind_tls=is_behind_tls)  # type: ignore[arg-type]
        return response

    @expose("/assets/<digest>/<name>")
    def asset(self, digest: str, name: str) -> Response:
        """Return the style sheet, the script or the icon of the pages."""
        found = assets().files.get(name) if digest == assets().digest else None
        if found is None:
            raise NotFound
        return send(found, FOREVER)

    @expose("/<anything:address>", methods=("GET", "POST", "PUT", "PATCH", "DELETE"))
    def nowhere(self, address: str) -> Any:
        """Show an administrator that the address has no page, and lead visitors to the sign-in as from any page."""
        if administrator_at(Gate.OPEN, Gate.SET_UP) is None:
            return redirect(url_for(".sign_in", back=here() if request.method == "GET" else None))
        raise NotFound


def _refusal(error: ChatError) -> tuple[int, Mapping[str, str]]:
    """Show the sentence for the error; return the status and the headers of the page."""
    flash(sentence(error.code), "error")
    if isinstance(error, TooMany):
        return 429, {"Retry-After": str(error.retry_after)}
    return (401 if isinstance(error, NotAuthenticated) else 409), NO_HEADERS


def _https_address() -> str:
    """Return the address to open if this browser came by plain HTTP, over which it returns no cookie; otherwise "".

    A proxy may have received the request by HTTPS and not say so. But a browser that returns the cookie is right here.
    """
    config = current_app.config
    is_plain = not request.is_secure and request.headers.get("X-Forwarded-Proto", "").lower() != "https"
    if not config["SESSION_COOKIE_SECURE"] or not is_plain or config["SESSION_COOKIE_NAME"] in request.cookies:
        return ""
    return f"{context().public_url}{url_for('.sign_in').removeprefix(request.root_path)}"
