"""Errors as problem documents (RFC 9457): one table maps the domain's kinds of errors to an HTTP status.

Views have no `try`. The handlers here answer every error that a view, Flask or Werkzeug raises.
"""

import logging
from itertools import islice
from typing import Any, ClassVar

import orjson
from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.http import HTTP_STATUS_CODES

from minichat.api.request_state import request_state
from minichat.api.texts import sentence
from minichat.domain.errors import (
    ChatError,
    Conflict,
    Gone,
    IndexBuilding,
    InvalidInput,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    RefreshTokenReused,
    TooMany,
    Unavailable,
)

log = logging.getLogger(__name__)

MAX_REPORTED_FIELDS = 50
"""The maximum number of wrong fields that an answer names."""

CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    503: "unavailable",
}
"""The code of an error by its status."""


class MalformedJson(InvalidInput):
    """The body is not JSON, so there is no field to name."""

    code = "malformed_json"

    def __init__(self) -> None:
        super().__init__({})


class MalformedForm(InvalidInput):
    """The body is not multipart/form-data, so there is no field to name."""

    code = "malformed_form"

    def __init__(self) -> None:
        super().__init__({})


class UnexpectedBody(InvalidInput):
    """The route reads no body, and this one is not a JSON object whose fields could be named."""

    code = "unexpected_body"

    def __init__(self) -> None:
        super().__init__({})


class UnsupportedMediaType(ChatError):
    """The body has a type that this route does not read."""

    code = "unsupported_media_type"


class HttpError(ChatError):
    """An error of HTTP that the domain does not know, with its own status and headers."""

    status: ClassVar[int]
    headers: ClassVar[dict[str, str]] = {}


class UnsupportedEncoding(HttpError):
    """The body has a `Content-Encoding`, such as gzip."""

    code = "unsupported_encoding"
    status = 415
    headers: ClassVar = {"Accept-Encoding": "identity"}  # RFC 9110, section 12.5.3


STATUS: dict[type[ChatError], int] = {
    InvalidInput: 400,
    NotAuthenticated: 401,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    Gone: 410,
    UnsupportedMediaType: 415,
    TooMany: 429,
    Unavailable: 503,
}


def problem(status: int, code: str, headers: dict[str, str] | None = None, **members: Any) -> Response:
    """Return a problem document. Programs read its `code`, people the sentence of that code."""
    state = request_state()
    state.problem_code = code
    body = {
        "type": "about:blank",
        "title": HTTP_STATUS_CODES.get(status, "Error"),
        "status": status,
        "detail": sentence(code),
        "code": code,
        "request_id": state.request_id,
        **members,
    }
    response = Response(orjson.dumps(body), status, content_type="application/problem+json")
    response.headers.extend(headers or {})
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept-Language")
    return response


def install(app: Flask) -> None:
    """Answer every error of the app with a problem document."""
    app.register_error_handler(ChatError, _chat_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _bug)


def _chat_error(error: ChatError) -> Response:
    members: dict[str, Any] = {}
    headers: dict[str, str] = dict(error.headers) if isinstance(error, HttpError) else {}
    if isinstance(error, InvalidInput) and error.issues:
        members["errors"] = {
            field: [sentence(issue.code, **issue.limits) for issue in issues]
            for field, issues in islice(error.issues.items(), MAX_REPORTED_FIELDS)
        }
    if isinstance(error, NotAuthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooMany | Unavailable):
        headers["Retry-After"] = str(error.retry_after)
    log_for_operators(error)
    return problem(_status_of(error), error.code, headers, **members)


def _status_of(error: ChatError) -> int:
    if isinstance(error, HttpError):
        return error.status
    for kind, status in STATUS.items():
        if isinstance(error, kind):
            return status
    raise TypeError(f"STATUS has no status for {type(error).__name__}")


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    headers = {}
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return problem(status, CODES.get(status, "internal_error" if status >= 500 else "bad_request"), headers)


def _bug(error: Exception) -> Response:
    log_for_operators(error)
    return problem(500, "internal_error")


def log_for_operators(error: Exception) -> None:
    """Log an error of a request if an operator has to know of it."""
    if not isinstance(error, ChatError):
        log.error("a request failed", exc_info=error)
    elif isinstance(error, Unavailable) and not isinstance(error, IndexBuilding):
        log.error("unavailable: %s", error)
    elif isinstance(error, RefreshTokenReused):
        log.warning("a refresh token was reused; its session has ended")
