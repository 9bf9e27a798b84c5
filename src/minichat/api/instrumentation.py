"""What the metrics and the log learn of each request, and who may read the metrics."""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import ip_address
from time import perf_counter
from typing import Any
from urllib.parse import parse_qsl

import orjson
from flask import Flask, Request, Response, has_request_context, request

from minichat.api.context import context
from minichat.api.metrics import Metrics, place
from minichat.api.request_state import begin_request, known_request_state, request_state

access_log = logging.getLogger("minichat.access")

_request: Callable[[], Request] = request._get_current_object  # type: ignore[attr-defined]  # noqa: SLF001 - the proxy costs a µs a look
_PROXIED = ("X-Forwarded-For", "X-Real-IP", "Forwarded")


def install(app: Flask, metrics: Metrics) -> None:
    """Watch every request, from before anything else is done with it until all else is done."""

    @app.before_request
    def begin() -> None:
        begin_request()
        metrics.begin()

    @app.after_request
    def end(response: Response) -> Response:
        state = request_state()
        status, seconds = response.status_code, perf_counter() - state.began_at_seconds
        metrics.end(place(_request()), status, seconds)
        if status >= 500:
            metrics.fail(state.problem_code or "unknown")
        if access_log.isEnabledFor(logging.INFO):
            _log(response, seconds)
        return response


def _log(response: Response, seconds: float) -> None:
    told = {"status": response.status_code, "duration_ms": round(seconds * 1000, 3), "ip": request.remote_addr}
    if response.content_length is not None:
        told["bytes"] = response.content_length
    access_log.info("request", extra=told)


def may_read_metrics() -> bool:
    """Whether this request comes from where the metrics may be read."""
    ctx = context()
    # A proxy that we were not told of makes the whole world look like this machine.
    if not ctx.is_behind_proxies and any(name in request.headers for name in _PROXIED):
        return False
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in ctx.metrics_from)


def facts() -> dict[str, Any]:
    """What a line of the log tells of the request that it is from: nothing that the client could choose freely."""
    if not has_request_context():
        return {}
    method, route = place(_request())
    state = known_request_state()
    known = {"request_id": state and state.request_id, "method": method, "path": route}
    if state is None or state.caller is None:
        return known
    return {**known, "user_id": state.caller.user.id}


def sent_texts() -> set[str]:
    """What came with this request and belongs in no log: its credentials, each text of its query and of its body."""
    if not has_request_context():
        return set()
    _, _, credentials = request.headers.get("Authorization", "").partition(" ")
    query = request.query_string.decode(errors="replace")
    texts = {credentials, query, *request.cookies.values(), *(value for _, value in parse_qsl(query))}
    if "form" in vars(_request()):  # where it has been read; what is still to come is in no message
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
