"""What surrounds every request: its id, its caller, and the headers of every answer.

Each route's `policy` states which credentials it needs.
"""

import logging
import random
import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple, cast
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import BadRequest

from minichat.api.events import EventWriter
from minichat.api.headers import POLICY
from minichat.api.metrics import Metrics
from minichat.api.parsing import read_query
from minichat.api.policy import MAX_BODY_BYTES, Access, policy_of
from minichat.api.request_state import request_state
from minichat.api.tokens import Tokens
from minichat.domain.errors import NotAuthenticated, Unavailable
from minichat.domain.model import Caller, Device
from minichat.domain.ports import ClientWatcher, Clock
from minichat.domain.services import Services
from minichat.live.cursors import Cursors
from minichat.live.hub import Hub

log = logging.getLogger(__name__)

_SANE_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_EXTENSION = "minichat"


class Context(NamedTuple):
    """What the API needs of the application."""

    services: Services
    tokens: Tokens
    clock: Clock
    is_ready: Callable[[], None]
    """Raises Unavailable when the database does not answer."""
    public_url: str | None
    metrics: Metrics
    metrics_from: tuple[IPv4Network | IPv6Network, ...]
    """From where they may be read."""
    is_behind_proxies: bool
    """Whether `X-Forwarded-*` comes from proxies that we know."""
    cursors: Cursors
    events: EventWriter
    hub: Hub
    watch_client: ClientWatcher
    origins: tuple[str, ...]
    """The pages elsewhere that may call the API."""
    count_request: Callable[..., None] | None = None
    """Counts the request for a user, or for nobody, and raises TooMany: see `limits`. None where nothing is limited."""
    came_online: Callable[[], object] = lambda: None
    """Called when somebody may have come: who logs in, refreshes, or makes a request and was not online."""
    redis_answers: Callable[[], bool] | None = None
    """None where there is no Redis."""


def context() -> Context:
    """The context of the current app."""
    return context_of(current_app)


def context_of(app: Flask) -> Context:
    """The context of an app."""
    return cast(Context, app.extensions[_EXTENSION])


def services() -> Services:
    """The domain's services."""
    return context().services


def device() -> Device:
    """Where this request comes from."""
    return Device(request.headers.get("User-Agent", ""), request.remote_addr or "")


def base_url() -> str:
    """What absolute URLs begin with, without a slash at the end."""
    return context().public_url or f"{request.scheme}://{request.host}"


def own_hosts() -> set[str]:
    """The hosts, with their ports if need be, that lead to us: what this request names, and that of the public URL."""
    return {request.host.lower(), urlsplit(base_url()).netloc.lower()}


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
    state = request_state()
    state.request_id = given if _SANE_ID.fullmatch(given) else f"{random.getrandbits(96):024x}"
    state.policy = policy = policy_of(current_app, request.endpoint)
    if policy.max_body_bytes != MAX_BODY_BYTES:
        request.max_content_length = policy.max_body_bytes + 1  # see `parsing`
    if not request.host:
        raise BadRequest  # there is a Host, but no host can be named so


def _authenticate() -> None:
    count_request = context().count_request or _count_nothing
    try:
        user_id = _let_in()
    except NotAuthenticated:
        count_request(None)
        raise
    count_request(user_id)


def _count_nothing(_user_id: int | None) -> None:
    pass


def _let_in() -> int | None:
    """Find out who calls and return the user's id, or None where anybody may. Raises NotAuthenticated."""
    state = request_state()
    if state.policy.is_public or request.method == "OPTIONS":  # a preflight carries no token
        return None
    ticket = _ticket()
    if ticket is not None:
        who, state.token_expires_at = services().tickets.redeem(ticket)
        state.caller = _seen(who)
        return who.user.id
    claims = context().tokens.read(bearer_token(), "access")
    state.claims, state.token_expires_at = claims, claims.expires_at
    if state.policy.access is not Access.TOKEN_OF_ANY_SESSION:
        state.caller = _seen(services().sessions.authenticate(claims.session_id, claims.user_id))
    return claims.user_id


def _seen(who: Caller) -> Caller:
    """The caller, whose presence is renewed where it is time to."""
    sessions = services().sessions
    if sessions.is_stale(who):
        was_online = who.user.is_online(context().clock())
        try:
            who = sessions.note_activity(who)
            if not was_online:
                context().came_online()
        except Unavailable as error:
            # Being seen is not worth refusing a request that may only read.
            log.warning("presence was not renewed: %s", error)
    return who


def _ticket() -> str | None:
    """The ticket of this request, if it comes with one, and not with a token, to where one is taken."""
    if request_state().policy.access is not Access.TOKEN_OR_TICKET or "Authorization" in request.headers:
        return None
    return read_query(request).get("ticket")


def _finish(response: Response) -> Response:
    headers = response.headers
    headers.add("X-Request-ID", request_state().request_id)
    if "Content-Security-Policy" not in headers:
        headers.add("Content-Security-Policy", POLICY)
    if "Cache-Control" not in headers:
        headers.add("Cache-Control", "no-store")
    return response
