"""Metrics and log lines of each request, and the access check of `/metrics`.

The log holds no text that a client can choose freely, and no credential.
"""

import logging
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from time import perf_counter
from typing import Any
from urllib.parse import parse_qsl

import orjson
from flask import Flask, Response, has_request_context, request

from minichat.api.context import context
from minichat.api.current import current_request
from minichat.api.metrics import Metrics, route_key
from minichat.api.request_state import begin_request, known_request_state, request_state

access_log = logging.getLogger("minichat.access")

_PROXY_HEADERS = ("X-Forwarded-For", "X-Real-IP", "Forwarded")


def install(app: Flask, metrics: Metrics) -> None:
    """Measure every request of the app. Install this first, so that it runs before and after all other hooks."""

    @app.before_request
    def begin() -> None:
        begin_request()
        metrics.begin_request()

    @app.after_request
    def end(response: Response) -> Response:
        state = request_state()
        status, seconds = response.status_code, perf_counter() - state.began_at_seconds
        metrics.end_request(route_key(current_request()), status, seconds)
        if status >= 500:
            metrics.count_error(state.problem_code or "unknown")
        if access_log.isEnabledFor(logging.INFO):
            _log(response, seconds)
        return response


def _log(response: Response, seconds: float) -> None:
    fields = {"status": response.status_code, "duration_ms": round(seconds * 1000, 3), "ip": request.remote_addr}
    if response.content_length is not None:
        fields["bytes"] = response.content_length
    access_log.info("request", extra=fields)


def may_read_metrics() -> bool:
    """Return whether this request comes from a network that may read the metrics."""
    app_context = context()
    # Behind an undeclared proxy every request seems to come from this machine.
    if not app_context.is_behind_proxies and any(name in request.headers for name in _PROXY_HEADERS):
        return False
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in app_context.metrics_from)


def log_fields() -> dict[str, Any]:
    """Return the fields of the current request for a log line. A client can't choose their values freely."""
    if not has_request_context():
        return {}
    method, route = route_key(current_request())
    state = known_request_state()
    known = {"request_id": state and state.request_id, "method": method, "path": route}
    if state is None or state.caller is None:
        return known
    return {**known, "user_id": state.caller.user.id}


def sent_texts() -> set[str]:
    """Return the texts of the current request that no log may hold: credentials, query and body."""
    if not has_request_context():
        return set()
    _, _, credentials = request.headers.get("Authorization", "").partition(" ")
    query = request.query_string.decode(errors="replace")
    texts = {credentials, query, *request.cookies.values(), *(value for _, value in parse_qsl(query))}
    if "form" in vars(current_request()):  # only if it has been read: an unread form can't be in a message
        texts.update(request.form.values())
    state = known_request_state()
    if state is not None:
        with suppress(ValueError):
            texts.update(_texts_in(orjson.loads(state.body)))
    return texts


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(item)
