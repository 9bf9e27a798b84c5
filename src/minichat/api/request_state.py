"""The state of the current request: one typed object on Flask's `g`.

`instrumentation` creates it first. It holds values only: the module that sets a field owns the rule behind it.
"""

from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple, cast

from minichat.api.current import current_globals
from minichat.api.policy import NO_ROUTE, Policy
from minichat.api.tokens import Claims
from minichat.domain.model import Caller, Gate, Timestamp


class RateLimitStatus(NamedTuple):
    """The `X-RateLimit-*` headers of an answer."""

    limit: int
    remaining: int
    resets_at_seconds: int
    """Since the Unix epoch."""


@dataclass(slots=True)
class RequestState:
    """The state of one request. A field is None until the step that sets it has run."""

    began_at_seconds: float
    """By `perf_counter`."""
    request_id: str = ""
    policy: Policy = NO_ROUTE
    claims: Claims | None = None
    """None if the request came with a ticket, or if the route is public or takes an optional token."""
    caller: Caller | None = None
    token_expires_at: Timestamp | None = None
    """When the token, or the token behind the ticket, expires."""
    rate_limit: RateLimitStatus | None = None
    language: str | None = None
    body: bytes = b""
    """The body as received. The log removes its texts from messages."""
    problem_code: str | None = None
    administrator: Caller | None = None
    administrator_gate: Gate = Gate.CLOSED
    """How far the administrator's session opens the administration."""
    is_administrator_known: bool = False
    """Whether the two have been set, even if to no administrator."""


def begin_request() -> RequestState:
    """Create the state of the current request and return it."""
    state = current_globals().request_state = RequestState(perf_counter())
    return state


def request_state() -> RequestState:
    """Return the state of the current request."""
    return cast(RequestState, current_globals().request_state)


def known_request_state() -> RequestState | None:
    """Return the state of the current request, or None if the request has not begun."""
    return cast(RequestState | None, current_globals().get("request_state"))


def caller() -> Caller:
    """Return the authenticated user of this request, with their session."""
    found = request_state().caller
    assert found is not None, "a route whose policy demands no session has no caller"
    return found


def caller_id() -> int:
    """Return the id of the user who makes this request."""
    return caller().user.id


def token_expires_at() -> Timestamp:
    """Return when the token that authenticated this request expires."""
    found = request_state().token_expires_at
    assert found is not None, "a public route has no token"
    return found
