"""The hooks around every request, in the order in which they run.

begin         the state of the request, its id and its policy (here and in `instrumentation`)
authenticate  the caller, and the rate limit
(the view)
limits        the `X-RateLimit-*` headers
finish        the `X-Request-ID` header
end           metrics and the access log
"""

import random
import re

from flask import Flask, Response
from werkzeug.exceptions import BadRequest

from minichat.api import instrumentation
from minichat.api.authentication import authenticate
from minichat.api.context import context
from minichat.api.current import current_application, current_request
from minichat.api.limits import Limits
from minichat.api.metrics import Metrics
from minichat.api.policy import MAX_BODY_BYTES, policy_of
from minichat.api.request_state import request_state

_ACCEPTED_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


def install(app: Flask, metrics: Metrics, limits: Limits | None) -> None:
    """Add the hooks to every request of the app."""
    instrumentation.install(app, metrics)
    app.before_request(_begin)
    app.before_request(authenticate)
    # Flask runs these from the last to the first.
    app.after_request(_finish)
    if limits:
        app.after_request(limits.add_headers)


def _begin() -> None:
    """Set the request's id and policy. Raises BadRequest if the `Host` header can't name a host."""
    state, request = request_state(), current_request()
    given = request.environ.get("HTTP_X_REQUEST_ID", "")
    # The id must be unique but is no secret: `random` saves the system call of `secrets`.
    state.request_id = given if _ACCEPTED_REQUEST_ID.fullmatch(given) else f"{random.getrandbits(96):024x}"
    state.policy = policy_of(current_application(), request.endpoint)
    if state.policy.max_body_bytes != MAX_BODY_BYTES:
        request.max_content_length = state.policy.max_body_bytes + 1  # `parsing` recognises a longer body
    if state.policy.is_stream:
        context().hub.entrance.pass_through()  # so that other requests overtake the clients that return at once
    if not request.host:
        raise BadRequest


def _finish(response: Response) -> Response:
    """Add the request's id."""
    response.headers.add("X-Request-ID", request_state().request_id)
    return response
