"""CORS: the pages of some origins may call the API from a browser. flask-cors writes the headers.

This module decides which answers need them.
"""

import re
from collections.abc import Iterable

from flask import Flask, Response, request
from flask_cors import cross_origin

from minichat.api.limits import HEADERS as RATE_LIMIT_HEADERS

_ALLOWED_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "X-Request-ID", "Last-Event-ID")
_EXPOSED_HEADERS = ("Link", "Retry-After", "X-Request-ID", "Idempotency-Replayed", *RATE_LIMIT_HEADERS)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_PREFLIGHT_SECONDS = 600
_REQUESTED_HEADERS = "Access-Control-Request-Headers"
_MAX_REQUESTED_HEADERS_LENGTH = 1_000


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
    )
    def with_cors_headers(response: Response) -> Response:
        return response

    @app.after_request
    def allow_origin(response: Response) -> Response:
        return with_cors_headers(response) if _is_cross_origin() else response


def _is_cross_origin() -> bool:
    """Return whether a page of another origin may have sent this request.

    flask-cors compares every requested header, which takes long for a long list. So a long list gets no CORS headers.
    """
    requested = request.headers.get(_REQUESTED_HEADERS, "")
    return "Origin" in request.headers and len(requested) <= _MAX_REQUESTED_HEADERS_LENGTH
