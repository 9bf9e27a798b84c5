"""What surrounds every request: its id, its caller, and the headers of every answer.

A route needs a token unless its view is marked `public`: what is forgotten is closed.
"""

import logging
import random
import re
from collections.abc import Callable
from typing import NamedTuple, TypeVar, cast

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import BadRequest

from minichat.api.tokens import Tokens
from minichat.domain.errors import NotAuthenticated, Unavailable
from minichat.domain.model import Caller, Device
from minichat.domain.ports import Clock
from minichat.domain.services import Services

log = logging.getLogger(__name__)

_SANE_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
)
_EXTENSION = "minichat"

View = TypeVar("View", bound=Callable[..., Response])


class Context(NamedTuple):
    """What the API needs of the application."""

    services: Services
    tokens: Tokens
    clock: Clock
    is_ready: Callable[[], None]
    """Raises Unavailable when the database does not answer."""
    public_url: str | None


def context() -> Context:
    """The context of the current app."""
    return cast(Context, current_app.extensions[_EXTENSION])


def services() -> Services:
    """The domain's services."""
    return context().services


def caller() -> Caller:
    """Who makes this request."""
    return cast(Caller, g.caller)


def caller_id() -> int:
    """The id of the user who makes this request."""
    return cast(Caller, g.caller).user.id


def device() -> Device:
    """Where this request comes from."""
    return Device(request.headers.get("User-Agent", ""), request.remote_addr or "")


def base_url() -> str:
    """What absolute URLs begin with, without a slash at the end."""
    return context().public_url or f"{request.scheme}://{request.host}"


def public(view: View) -> View:
    """Mark a view as one that needs no token."""
    view.is_public = True  # type: ignore[attr-defined]  # a mark on a function
    return view


def is_public(app: Flask, endpoint: str) -> bool:
    """Whether the endpoint needs no token."""
    return getattr(app.view_functions[endpoint], "is_public", False)


def bearer_token() -> str:
    """The token of this request. Raises NotAuthenticated if there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated
    return token.strip()


def install(app: Flask, ctx: Context) -> None:
    """Put the context in place and surround every request with it."""
    app.extensions[_EXTENSION] = ctx
    app.before_request(_identify)
    app.before_request(_authenticate)
    app.after_request(_finish)


def _identify() -> None:
    given = request.headers.get("X-Request-ID", "")
    # Unique is enough: it is no secret, and the system's randomness takes a call to the kernel.
    g.request_id = given if _SANE_ID.fullmatch(given) else f"{random.getrandbits(96):024x}"

    if not request.host:
        raise BadRequest  # there is a Host, but no host can be named so


def _authenticate() -> None:
    # An address that does not exist is told so to anybody; a preflight carries no token.
    if request.endpoint is None or request.method == "OPTIONS":
        return
    if is_public(current_app, request.endpoint):
        return
    claims = context().tokens.read(bearer_token(), "access")
    sessions = services().sessions
    who = sessions.authenticate(claims.session_id, claims.user_id)
    if sessions.is_stale(who):
        try:
            who = sessions.note_activity(who)
        except Unavailable as error:
            # Being seen is not worth refusing a request that may only read.
            log.warning("presence was not renewed: %s", error, extra={"request_id": g.request_id})
    g.caller = who


def _finish(response: Response) -> Response:
    headers = response.headers
    headers.add("X-Request-ID", g.request_id)
    headers.extend(_ALWAYS)
    if "Content-Security-Policy" not in headers:
        headers["Content-Security-Policy"] = _POLICY
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    public_url = context().public_url
    if public_url is not None and public_url.startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return response
