"""Count requests, and refuse a request that exceeds its limit.

Each request counts once: for its user, or for its address if it has no valid token. So a forged token does not use up
a user's limit. Requests that lack a valid token have a separate limit, so that they can't stop the log-ins of others at
the same address.

Requests count in fixed windows of the clock. A window needs one number per user and is the same on all hosts. Around
the edge of two windows a client may send twice the limit; the limits allow for that. A route's `policy` may set
another limit, or none.
"""

from math import ceil

from flask import Response

from minichat.api.context import device
from minichat.api.current import current_request
from minichat.api.policy import PUBLIC_REQUESTS, READS, UNAUTHENTICATED, WRITES, RateLimit
from minichat.api.request_state import RateLimitStatus, request_state
from minichat.domain.errors import TooMany
from minichat.domain.model import SECOND
from minichat.domain.ports import Clock, RequestCounter

HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


class Limits:
    """The limits of one app."""

    def __init__(self, counter: RequestCounter, clock: Clock) -> None:
        self._counter = counter
        self._clock = clock

    def count(self, user_id: int | None, limit: RateLimit | None = None) -> None:
        """Count this request for its user, or for its address if the user is None.

        `limit` replaces the limit that follows from the route and the method. Raises TooMany.
        """
        limit = limit or _limit_for(user_id)
        if limit is None:
            return
        now, length = self._clock(), limit.window_seconds * SECOND
        window = now // length
        ends_at = (window + 1) * length
        counted = device().network if user_id is None else user_id
        count = self._counter.add(f"{limit.name}:{counted}:{window}", limit.window_seconds)
        request_state().rate_limit = RateLimitStatus(
            limit.max_requests, max(0, limit.max_requests - count), ends_at // SECOND
        )
        if count > limit.max_requests:
            raise TooMany(retry_after=ceil((ends_at - now) / SECOND))

    def add_headers(self, response: Response) -> Response:
        """Add the `X-RateLimit-*` headers to an answer."""
        status = request_state().rate_limit
        if status is not None:
            for name, value in zip(HEADERS, status, strict=True):
                response.headers.add(name, str(value))
        return response


def _limit_for(user_id: int | None) -> RateLimit | None:
    """Return the limit that applies to this request, or None if the request does not count."""
    policy, request = request_state().policy, current_request()
    is_preflight = request.method == "OPTIONS"  # the browser sends it, and the page can't avoid it
    if is_preflight or not policy.is_throttled:
        return None
    if user_id is not None:
        return policy.rate_limit or (READS if request.method in {"GET", "HEAD"} else WRITES)
    has_route = request.endpoint is not None
    return PUBLIC_REQUESTS if has_route and policy.is_public else UNAUTHENTICATED
