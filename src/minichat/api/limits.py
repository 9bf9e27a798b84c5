"""How many requests a minute are too many: far more than people make, and fewer than hurt the others.

Each request counts once, in a window of the clock: for the user who makes it, or for the address where nobody is known
by it. So a forged token makes nobody's requests fewer, and a stolen name no more of one's own; what is refused for want
of a token counts apart, lest it keep the neighbours from logging in. Fixed windows cost one number for each user and
agree on all hosts; at their edge, twice the limit may pass within a moment, which the limits allow for. A view may have
a limit of its own (`limited`) or none (`uncounted`).
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

from flask import Response, current_app, request

from minichat.api.context import device, is_public
from minichat.api.request_state import RateLimitStatus, request_state
from minichat.domain.errors import TooMany
from minichat.domain.model import SECOND
from minichat.domain.ports import Clock

View = TypeVar("View", bound=Callable[..., Response])

HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


class Limit(NamedTuple):
    name: str
    most: int
    seconds: int


READS = Limit("reads", 1_200, 60)
"""Of a user; like all but STRANGERS and REFUSED."""
WRITES = Limit("writes", 600, 60)
UPLOADS = Limit("uploads", 20, 60)
EXPORTS = Limit("exports", 5, 3_600)
STRANGERS = Limit("strangers", 600, 60)
"""Of an address, from which a whole company may come to log in."""
REFUSED = Limit("refused", 600, 60)
"""Of an address: what nobody may do there, or nobody without a token."""


class Counters(Protocol):
    """Where requests are counted."""

    def add(self, key: str, seconds: int) -> int:
        """Add one to a counter, which may be forgotten after `seconds`; return how much it is. Never fails."""


class Limits:
    """The limits of one app."""

    def __init__(self, counters: Counters, clock: Clock) -> None:
        self._counters = counters
        self._clock = clock

    def count(self, user_id: int | None, limit: Limit | None = None) -> None:
        """Count this request, or something else that has that limit, for the user, or for its address if nobody is
        known by it. Raises TooMany.
        """
        limit = limit or _limit_of(user_id)
        if limit is None:
            return
        now, length = self._clock(), limit.seconds * SECOND
        window = now // length
        ends_at = (window + 1) * length
        who = device().network if user_id is None else user_id
        count = self._counters.add(f"{limit.name}:{who}:{window}", limit.seconds)
        request_state().rate_limit = RateLimitStatus(limit.most, max(0, limit.most - count), ends_at // SECOND)
        if count > limit.most:
            raise TooMany(retry_after=-((now - ends_at) // SECOND))

    def tell(self, response: Response) -> Response:
        """Tell the caller how the request stands, in headers."""
        status = request_state().rate_limit
        if status is not None:
            for name, value in zip(HEADERS, status, strict=True):
                response.headers.add(name, str(value))
        return response


def limited(limit: Limit) -> Callable[[View], View]:
    """Give a view a limit of its own, for users."""

    def mark(view: View) -> View:
        view.limit = limit  # type: ignore[attr-defined]  # a mark on a function
        return view

    return mark


def uncounted(view: View) -> View:
    """Let a view be asked as often as anybody likes."""
    view.limit = None  # type: ignore[attr-defined]  # a mark on a function
    return view


def _limit_of(user_id: int | None) -> Limit | None:
    if request.method == "OPTIONS":
        return None  # a browser asks, for a page that can't help it
    usual = READS if request.method in {"GET", "HEAD"} else WRITES
    view: Any = current_app.view_functions.get(request.endpoint or "")
    limit: Limit | None = getattr(view, "limit", usual)
    if limit is None or user_id is not None:
        return limit
    return STRANGERS if request.endpoint is not None and is_public(current_app, request.endpoint) else REFUSED
