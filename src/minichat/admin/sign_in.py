"""Authentication of administrators: a superuser logs in, and a signed cookie names their session afterwards.

Each sign-in starts a new session, which prevents session fixation.
"""

from typing import Any

from flask import Response, current_app, flash, make_response, redirect, request, session, url_for
from flask_admin import AdminIndexView, expose
from wtforms import PasswordField, StringField

from minichat.admin.addresses import back
from minichat.admin.assets import assets
from minichat.admin.forms import Form
from minichat.admin.language import keep_language, t
from minichat.admin.page import Page
from minichat.admin.signed_in import administrator
from minichat.api.context import context, device, services
from minichat.api.files import FOREVER, send
from minichat.api.texts import sentence
from minichat.domain.errors import NotAuthenticated, NotFound, TooMany


class SignInForm(Form):
    username = StringField("shell.username")
    password = PasswordField("shell.password")


class SignInPages(Page, AdminIndexView):  # type: ignore[misc]
    """Sign-in and sign-out, the choice of the language, and the files of all pages."""

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
            flash(t("shell.page_too_old"), "error")
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
                return redirect(back(url_for("admin_people.index")))
        form.password.data = None
        return make_response(self.render("sign_in.html", form=form), status, headers)

    @expose("/sign-out/", methods=("POST",))
    def sign_out(self) -> Any:
        user = administrator()
        if user is not None and Form(request.form).is_genuine:
            services().sessions.log_out(user.id, session["session"], device=device())
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
