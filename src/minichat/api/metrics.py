"""The metrics of requests, live updates and Redis, for Prometheus.

The workers of one server add up their numbers in the folder PROMETHEUS_MULTIPROC_DIR, which `serving` sets before
anything imports prometheus_client. Without the variable, the numbers are those of one process.
"""

import os
import re
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from flask import Request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector

from minichat.domain.model import SECOND, MailKind, MailOutcome, MailQueue, Timestamp

disable_created_metrics()  # type: ignore[no-untyped-call]  # they would add a time series for each counter

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
UNKNOWN = "unknown"
"""The label of every unknown path or method, so that clients can't create labels."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
_LOG_IN = ("POST", "/api/auth/login/")
_LOG_INS = {200: "succeeded", 401: "failed", 429: "throttled"}
_LAG_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
_MAIL_QUEUE = {
    "waiting": "Mails that wait to be sent.",
    "oldest_seconds": "Age of the oldest mail that waits to be sent.",
    "failed": "Mails of the last day that were refused or given up.",
}
_REFUSED = frozenset({401, 403, 429})
_SENT = ("POST", "/api/chat/messages/", 201)


class RouteKey(NamedTuple):
    """The method and route of a request: a bounded number of labels."""

    method: str
    route: str
    """As in the OpenAPI document: `/api/chat/rooms/{room_id}/`."""


def route_key(request: Request) -> RouteKey:
    """Return the key of a request. Clients can't create keys: there is one for each route and method."""
    method = request.method
    rule = request.url_rule
    return RouteKey(method if method in _METHODS else UNKNOWN, UNKNOWN if rule is None else _route(rule.rule))


@cache
def _route(rule: str) -> str:
    return re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule)


class _Recorder(NamedTuple):
    """The metrics of one route and status, kept because a look-up by labels costs time."""

    counters: tuple[Any, ...]
    seconds: Any


class Metrics:
    """The metrics of one app."""

    def __init__(
        self, version: str, *, has_redis: bool = False, count_refusal: Callable[[], object] = lambda: None
    ) -> None:
        """Call `count_refusal` at each request that is refused for its credentials, a missing right or its number."""
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "minichat_http_requests", "Answered requests.", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "minichat_http_request_duration_seconds",
            "Time from the start of a request to its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._in_progress = Gauge(
            "minichat_http_requests_in_progress",
            "Requests in progress.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._errors = Counter("minichat_errors", "Server errors (5xx), by problem code.", ("code",), registry=registry)
        self._log_ins = Counter("minichat_log_ins", "Log-in attempts.", ("outcome",), registry=registry)
        self._sent = Counter("minichat_messages_sent", "New messages, without retries.", registry=registry)
        self._lag = Histogram(
            "minichat_live_lag_seconds",
            "Delay between a change and its delivery to listeners.",
            buckets=_LAG_SECONDS,
            registry=registry,
        )
        self._mails = Counter("minichat_mails", "Attempts to send mails.", ("kind", "outcome"), registry=registry)
        self._mail_queue = {
            name: Gauge(f"minichat_mail_{name}", text, registry=registry, multiprocess_mode="mostrecent")
            for name, text in _MAIL_QUEUE.items()
        }
        self.redis = RedisMetrics(registry) if has_redis else None
        build = Gauge(
            "minichat_build_info",
            "1, for the running version.",
            ("version",),
            registry=registry,
            multiprocess_mode="livemax",
        )
        build.labels(version).set(1)
        for outcome in _LOG_INS.values():
            self._log_ins.labels(outcome)  # reported as 0, not as absent, before the first
        self._refusals = _Refusals(count_refusal)
        self._recorders: dict[tuple[RouteKey, int], _Recorder] = {}

    def begin_request(self) -> None:
        """Count a request in progress."""
        self._in_progress.inc()

    def end_request(self, key: RouteKey, status: int, seconds: float) -> None:
        """Count an answered request and record its duration."""
        recorder = self._recorders.get((key, status))
        if recorder is None:
            recorder = self._recorders[key, status] = self._new_recorder(key, status)
        for counter in recorder.counters:
            counter.inc()
        recorder.seconds.observe(seconds)
        self._in_progress.dec()

    def count_error(self, code: str) -> None:
        """Count a server error."""
        self._errors.labels(code).inc()

    def record_delay(self, seconds: float) -> None:
        """Record the delay between a change and its delivery."""
        self._lag.observe(max(0.0, seconds))  # the clock of another host may be ahead

    def count_mail(self, kind: MailKind, outcome: MailOutcome | None) -> None:
        """Count an attempt to send a mail; without an outcome, another attempt follows."""
        self._mails.labels(kind.value, "postponed" if outcome is None else outcome.value).inc()

    def record_mail_queue(self, queue: MailQueue, now: Timestamp) -> None:
        """Record the state of the queue of mails."""
        self._mail_queue["waiting"].set(queue.waiting)
        oldest = now if queue.oldest_at is None else queue.oldest_at
        self._mail_queue["oldest_seconds"].set(max(0, now - oldest) / SECOND)
        self._mail_queue["failed"].set(queue.failed)

    def exposition(self) -> bytes:
        """Return all metrics in the format of CONTENT_TYPE."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def _new_recorder(self, key: RouteKey, status: int) -> _Recorder:
        counters: list[Any] = [self._requests.labels(*key, f"{status}")]
        if key == _LOG_IN and status in _LOG_INS:
            counters.append(self._log_ins.labels(_LOG_INS[status]))
        if (*key, status) == _SENT:
            counters.append(self._sent)
        if status in _REFUSED:
            counters.append(self._refusals)
        return _Recorder(tuple(counters), self._seconds.labels(key.route))


class _Refusals(NamedTuple):
    """A counter that calls a function."""

    inc: Callable[[], object]


class RedisMetrics:
    """The metrics of an app that has a Redis."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._is_up = Gauge(
            "minichat_redis_up",
            "1 while Redis answers, 0 while a worker runs without it.",
            registry=registry,
            multiprocess_mode="livemin",
        )
        self._hints = Counter(
            "minichat_redis_hints", "Hints between workers.", ("topic", "direction"), registry=registry
        )
        self._is_up.set(1)

    def is_up(self, is_up: bool) -> None:
        """Record whether Redis answers."""
        self._is_up.set(int(is_up))

    def sent(self, topic: str) -> None:
        """Count a hint that this worker sent to the others."""
        self._hints.labels(topic, "sent").inc()

    def received(self, topic: str) -> None:
        """Count a hint that this worker received from another."""
        self._hints.labels(topic, "received").inc()
