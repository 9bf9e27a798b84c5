"""What Prometheus is told: requests and what follows from them, summed over all workers that share a folder.

That folder is named by the variable PROMETHEUS_MULTIPROC_DIR, which `serving` sets before anything imports
prometheus_client; without it the numbers are those of one process.
"""

import os
import re
from functools import cache
from typing import Any, NamedTuple

from flask import Request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector

disable_created_metrics()  # type: ignore[no-untyped-call]  # a time beside each counter, which nobody asks for

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
UNKNOWN = "unknown"
"""The route of a path that names nothing, and the method that no route takes: strangers can't make up new ones."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
_LOG_IN = ("POST", "/api/auth/login/")
_LOG_INS = {200: "succeeded", 401: "failed", 429: "throttled"}
_LAG_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
_SENT = ("POST", "/api/chat/messages/", 201)


class Place(NamedTuple):
    """What a request asks for, in words of which there are few."""

    method: str
    route: str
    """As the API's document has it: `/api/chat/rooms/{room_id}/`."""


def place(request: Request) -> Place:
    """What the request asks for. Nothing that the client chose freely is in it."""
    method = request.method
    rule = request.url_rule
    return Place(method if method in _METHODS else UNKNOWN, UNKNOWN if rule is None else _route(rule.rule))


@cache
def _route(rule: str) -> str:
    return re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule)


class _Seen(NamedTuple):
    """What counts the requests to one place with one status: the look-up by labels is made once."""

    counters: tuple[Any, ...]
    seconds: Any


class Metrics:
    """The metrics of one app."""

    def __init__(self, version: str, *, has_redis: bool = False) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "minichat_http_requests", "Answered requests.", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "minichat_http_request_duration_seconds",
            "From a request's routing to its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._in_progress = Gauge(
            "minichat_http_requests_in_progress",
            "Requests being answered.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._errors = Counter(
            "minichat_errors", "Answers that are our fault (5xx), by their code.", ("code",), registry=registry
        )
        self._log_ins = Counter("minichat_log_ins", "Tries to log in.", ("outcome",), registry=registry)
        self._sent = Counter("minichat_messages_sent", "New messages, retries not counted.", registry=registry)
        self._lag = Histogram(
            "minichat_live_lag_seconds",
            "From a change to its being handed to who listens.",
            buckets=_LAG_SECONDS,
            registry=registry,
        )
        self.redis = RedisMetrics(registry) if has_redis else None
        build = Gauge(
            "minichat_build_info",
            "1, for the version that runs.",
            ("version",),
            registry=registry,
            multiprocess_mode="livemax",
        )
        build.labels(version).set(1)
        for outcome in _LOG_INS.values():
            self._log_ins.labels(outcome)  # so that it is 0, and not absent, before the first
        self._seen: dict[tuple[Place, int], _Seen] = {}

    def begin(self) -> None:
        """Count a request that has begun."""
        self._in_progress.inc()

    def end(self, place: Place, status: int, seconds: float) -> None:
        """Count it as answered."""
        seen = self._seen.get((place, status))
        if seen is None:
            seen = self._seen[place, status] = self._first(place, status)
        for counter in seen.counters:
            counter.inc()
        seen.seconds.observe(seconds)
        self._in_progress.dec()

    def fail(self, code: str) -> None:
        """Count an answer that is our fault."""
        self._errors.labels(code).inc()

    def lagged(self, seconds: float) -> None:
        """Count a change that who listens is told so long after it happened."""
        self._lag.observe(max(0.0, seconds))  # another host's clock may be ahead

    def exposition(self) -> bytes:
        """Everything, as Prometheus reads it, of CONTENT_TYPE."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def _first(self, place: Place, status: int) -> _Seen:
        counters: list[Any] = [self._requests.labels(*place, f"{status}")]
        if place == _LOG_IN and status in _LOG_INS:
            counters.append(self._log_ins.labels(_LOG_INS[status]))
        if (*place, status) == _SENT:
            counters.append(self._sent)
        return _Seen(tuple(counters), self._seconds.labels(place.route))


class RedisMetrics:
    """The metrics of an app that has a Redis."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._is_up = Gauge(
            "minichat_redis_up",
            "1 while Redis answers, 0 while a worker goes on without it.",
            registry=registry,
            multiprocess_mode="livemin",
        )
        self._hints = Counter(
            "minichat_redis_hints", "Hints between workers.", ("topic", "direction"), registry=registry
        )
        self._is_up.set(1)

    def is_up(self, is_up: bool) -> None:
        """Note whether Redis answers."""
        self._is_up.set(int(is_up))

    def sent(self, topic: str) -> None:
        """Count a hint that this worker gave to the others."""
        self._hints.labels(topic, "sent").inc()

    def received(self, topic: str) -> None:
        """Count a hint that another worker gave."""
        self._hints.labels(topic, "received").inc()
