"""`/healthz`, `/readyz` and `/metrics`, for the monitoring of the process."""

from contextlib import suppress

from flask import Response

from minichat.api import presenting
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import context, services
from minichat.api.instrumentation import may_read_metrics
from minichat.api.metrics import CONTENT_TYPE
from minichat.api.policy import PUBLIC_UNTHROTTLED
from minichat.api.schemas.answers import HealthOut, ReadyOut
from minichat.domain.errors import NotFound, Unavailable

blueprint = Blueprint("health", __name__, description="Health and metrics, for the monitoring of the server.")


@blueprint.route("/healthz", methods=["GET"], policy=PUBLIC_UNTHROTTLED)
@answers(200, HealthOut)
def check_health() -> Response:
    """Check that the process is alive."""
    return presenting.json_response({"status": "ok"})


@blueprint.route("/readyz", methods=["GET"], policy=PUBLIC_UNTHROTTLED)
@answers(200, ReadyOut)
def check_readiness() -> Response:
    """Check that the database answers, so that the server can take requests.

    `redis` reports a configured Redis. Everything works without it, so the answer is 200 while Redis is away.
    """
    context().ping_database()
    redis_answers = context().redis_answers
    if redis_answers is None:
        return presenting.json_response({"status": "ok"})
    return presenting.json_response({"status": "ok", "redis": "ok" if redis_answers() else "away"})


@blueprint.route("/metrics", methods=["GET"], policy=PUBLIC_UNTHROTTLED)
@answers(200, {"type": "string"}, 404, content_type="text/plain")
def get_metrics() -> Response:
    """Get the metrics of all workers, for Prometheus.

    Only the networks in `MINICHAT_METRICS_FROM`, by default this machine, may read them. All others get 404.
    """
    if not may_read_metrics():
        raise NotFound
    if services().outbox.is_open:
        with suppress(Unavailable):  # the other metrics don't need the database
            context().metrics.record_mail_queue(services().outbox.queue(), context().clock())
    return Response(context().metrics.exposition(), content_type=CONTENT_TYPE)
