"""The administration at `/admin/`: pages for superusers, made with Flask-Admin on the domain's services.

`sign_in` authenticates administrators. `pages` has one module for each area, on the base in `page`. A page describes
what it shows with the values of `shown`, and the templates draw them. No page knows a database. Every action goes
through a domain service, which records it in the audit log.
"""

from flask import Flask, Request, request
from flask.sessions import NullSession, SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature

from minichat.admin.addresses import URL, AnythingConverter
from minichat.api.policy import PUBLIC_UNTHROTTLED, Access, Policy, declare
from minichat.lean_imports import without

with without("PIL"):  # Flask-Admin loads it for forms with pictures
    from flask_admin import Admin

    from minichat.admin.page import AdministratorPage
    from minichat.admin.pages import PAGES
    from minichat.admin.sign_in import SignInPages

_PAGE = Policy(Access.PUBLIC, max_body_bytes=16 * 1024)
"""The body limit leaves room for every form, with the longest password."""


_NO_SESSION = NullSession()
"""The session of every other request. It can't be changed."""


class AdminSessions(SecureCookieSessionInterface):
    """Flask's cookie sessions for these pages alone. No other request reads cookies."""

    def make_null_session(self, app: Flask) -> NullSession:
        return _NO_SESSION

    def get_cookie_path(self, app: Flask) -> str:
        """Return the path of the pages as the browser knows it."""
        return f"{request.root_path}{URL}"

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the content of the cookie, whenever it was signed: `sign_in` limits the time by the chat's clock.

        Flask compares with the clock of this host, and would refuse a cookie that another host has signed later.
        """
        if not f"{request.path}/".startswith(f"{URL}/"):
            return None
        serializer = self.get_signing_serializer(app)
        if serializer is None:
            return None
        try:
            return self.session_class(serializer.loads(request.cookies.get(self.get_cookie_name(app), "")))
        except BadSignature:
            return self.session_class()


class Pages(Admin):  # type: ignore[misc]  # Flask-Admin's types are not exported
    @property
    def pages(self) -> list[AdministratorPage]:
        """The pages of the navigation that this administrator can open."""
        shown = [page for page in self._views if isinstance(page, AdministratorPage)]
        return [page for page in shown if page.is_visible() and page.is_accessible()]


def install(app: Flask, secret: str, *, is_behind_tls: bool) -> None:
    """Add the administration to the app. `secret` signs its cookie."""
    app.secret_key = secret
    app.session_interface = AdminSessions()
    app.config.update(
        SESSION_COOKIE_NAME="minichat_admin",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=is_behind_tls,
    )
    app.url_map.converters["anything"] = AnythingConverter
    known = set(app.view_functions)
    admin = Pages(app, "minichat", index_view=SignInPages(url=URL))
    for page in PAGES:
        admin.add_view(page(page.area, endpoint=f"admin_{page.area}", url=page.area.replace("_", "-")))
    for endpoint in set(app.view_functions) - known:
        # The pages need no bearer token: `sign_in` checks its own cookie.
        declare(app, endpoint, PUBLIC_UNTHROTTLED if endpoint == "admin.asset" else _PAGE)
