"""Authenticate each request by the credentials that its route's policy demands.

This runs before every view, so a route without a declared policy can't be reached without a token.
The domain decides whether a session is live; `tokens` decides whether a token is genuine.
"""

import logging
from contextlib import suppress

from minichat.api.context import context, services
from minichat.api.current import current_request
from minichat.api.parsing import read_query
from minichat.api.policy import Access
from minichat.api.request_state import request_state
from minichat.api.tokens import Claims
from minichat.domain.errors import NotAuthenticated, Unavailable
from minichat.domain.model import Caller

log = logging.getLogger(__name__)

_BEARER = "bearer"


def authenticate() -> None:
    """Authenticate this request and count it. Raises NotAuthenticated or TooMany."""
    count_request = context().count_request or _count_nothing
    try:
        user_id = _authenticated_user_id()
    except NotAuthenticated:
        count_request(None)
        raise
    count_request(user_id)


def _count_nothing(_user_id: int | None) -> None:
    """Stand in for `Limits.count` if rate limits are off."""


def _authenticated_user_id() -> int | None:
    """Return the id of the user, or None on a public route. Raises NotAuthenticated."""
    state = request_state()
    if state.policy.is_public or current_request().method == "OPTIONS":  # a preflight carries no token
        return None
    ticket = _ticket()
    if ticket is not None:
        found, state.token_expires_at = services().tickets.redeem(ticket)
        state.caller = _with_renewed_presence(found)
        return found.user.id
    if state.policy.access is Access.OPTIONAL_TOKEN:
        with suppress(NotAuthenticated):
            state.claims = bearer_claims(even_expired=True)
            # An old token does not use up the limit of its user.
            return None if state.claims.expires_at <= context().clock() else state.claims.user_id
        return None
    claims = bearer_claims()
    state.claims, state.token_expires_at = claims, claims.expires_at
    found = services().sessions.authenticate(claims.session_id, claims.user_id)
    state.caller = _with_renewed_presence(found)
    return claims.user_id


def bearer_claims(*, even_expired: bool = False) -> Claims:
    """Return the claims of this request's access token. Raises NotAuthenticated, InvalidToken or TokenExpired."""
    return context().tokens.read(_bearer_token(), "access", even_expired=even_expired)


def _bearer_token() -> str:
    """Return the token of this request. Raises NotAuthenticated if there is none."""
    scheme, token = _credentials()
    if scheme != _BEARER or not token:
        raise NotAuthenticated
    return token


def _credentials() -> tuple[str, str]:
    """Return the scheme of the `Authorization` header in lower case, and what follows it."""
    scheme, _, rest = current_request().environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return scheme.lower(), rest.strip()


def _ticket() -> str | None:
    """Return the ticket of this request, if its route takes one and no token came with it.

    A browser sends credentials of other schemes by itself, such as Basic, if a proxy before the chat asks for them.
    """
    if request_state().policy.access is not Access.TOKEN_OR_TICKET or _credentials()[0] == _BEARER:
        return None
    return read_query(current_request()).value.get("ticket") or None


def _with_renewed_presence(found: Caller) -> Caller:
    """Renew the caller's presence if it is stale, and return the caller.

    A stream writes nothing: the hub renews the presence of all its listeners together. Otherwise thousands of clients
    that return at once would have to wait for a transaction each.
    """
    sessions = services().sessions
    if not sessions.is_stale(found):
        return found
    was_online = found.user.is_online(context().clock())
    if request_state().policy.is_stream:
        if not was_online:
            context().came_online()
        return found
    try:
        renewed = sessions.note_activity(found)
        if not was_online:
            context().came_online()
    except Unavailable as error:
        # A failed write of presence must not fail a request that only reads.
        log.warning("presence was not renewed: %s", error)
        return found
    return renewed
