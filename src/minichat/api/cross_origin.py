"""CORS: the pages of some origins may call the API from a browser. flask-cors writes the headers.

This module decides which answers need them. Pictures and the files of pages are for every origin: a shared cache, or
the browser's, keeps one copy of them. All other answers depend on the origin, so each says `Vary: Origin`, also without
an `Origin`: otherwise a cached answer to one page would be given to the next.
"""

import re
from collections.abc import Iterable

from flask import Flask, Response
from flask_cors import cross_origin
from werkzeug.datastructures import Headers

from minichat.api.current import current_request
from minichat.api.limits import HEADERS as RATE_LIMIT_HEADERS
from minichat.api.request_state import request_state

_ALLOWED_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "X-Request-ID", "Last-Event-ID")
_EXPOSED_HEADERS = ("Link", "Retry-After", "X-Request-ID", "Idempotency-Replayed", *RATE_LIMIT_HEADERS)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_PREFLIGHT_SECONDS = 600
_REQUESTED_HEADERS = "HTTP_ACCESS_CONTROL_REQUEST_HEADERS"
_MAX_REQUESTED_HEADERS_LENGTH = 1_000
_ANY_ORIGIN = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": ", ".join(_EXPOSED_HEADERS)}
_ANY_ORIGIN_PREFLIGHT = {
    **_ANY_ORIGIN,
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": ", ".join(_ALLOWED_HEADERS),
    "Access-Control-Max-Age": f"{_PREFLIGHT_SECONDS}",
}
"""A page that sends `Authorization` with all its requests asks before it fetches a picture, too."""


def install(app: Flask, origins: Iterable[str]) -> None:
    """Allow pages of these origins to call the API.

    flask-cors' extension runs for every answer and takes 37 µs without an `Origin`, which is 18% of `GET
    /api/auth/me/`. So its decorator runs here, for cross-origin requests alone.
    """

    @cross_origin(
        # flask-cors takes an origin with brackets (an IPv6 address) for a regular expression.
        origins=[rf"{re.escape(origin)}\Z" if "[" in origin else origin for origin in origins],
        allow_headers=list(_ALLOWED_HEADERS),
        expose_headers=list(_EXPOSED_HEADERS),
        methods=list(_METHODS),
        max_age=_PREFLIGHT_SECONDS,
        always_send=False,
        automatic_options=False,
        vary_header=False,
    )
    def with_cors_headers(response: Response) -> Response:
        return response

    @app.after_request
    def allow_origin(response: Response) -> Response:
        if request_state().policy.is_for_any_origin:
            response.headers.update(_ANY_ORIGIN_PREFLIGHT if current_request().method == "OPTIONS" else _ANY_ORIGIN)
            return response
        _vary_by_origin(response.headers)
        return with_cors_headers(response) if _is_cross_origin() else response


def _vary_by_origin(headers: Headers) -> None:
    """Say in the headers that the answer depends on the origin. There is one `Vary`: many programs read the first."""
    if "Vary" in {name for name, _ in headers}:  # a look-up that fails takes four times as long
        headers["Vary"] = f"{headers['Vary']}, Origin"
    else:
        headers.add("Vary", "Origin")


def _is_cross_origin() -> bool:
    """Return whether a page of another origin may have sent this request.

    flask-cors compares every requested header, which takes long for a long list. So a long list gets no CORS headers.
    """
    environ = current_request().environ
    return "HTTP_ORIGIN" in environ and len(environ.get(_REQUESTED_HEADERS, "")) <= _MAX_REQUESTED_HEADERS_LENGTH
