"""`/healthz`, `/readyz` and `/metrics`, for whoever watches over the process."""

from flask import Response

from minichat.api import presenting
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import context
from minichat.api.instrumentation import may_read_metrics
from minichat.api.metrics import CONTENT_TYPE
from minichat.api.policy import PUBLIC_UNTHROTTLED
from minichat.api.schemas.answers import HealthOut, ReadyOut
from minichat.domain.errors import NotFound

blueprint = Blueprint("health", __name__, description="For whoever watches over the process")


@blueprint.route("/healthz", methods=["GET"], policy=PUBLIC_UNTHROTTLED)
@answers(200, HealthOut)
def healthz() -> Response:
    """Whether the process lives."""
    return presenting.json_response({"status": "ok"})


@blueprint.route("/readyz", methods=["GET"], policy=PUBLIC_UNTHROTTLED)
@answers(200, ReadyOut)
def readyz() -> Response:
    """Whether the database answers, so that requests may be sent here.

    `redis` tells of a Redis that is configured. Everything works without it, so while it is away this is 200 as well.
    """
    context().ping_database()
    redis_answers = context().redis_answers
    if redis_answers is None:
        return presenting.json_response({"status": "ok"})
    return presenting.json_response({"status": "ok", "redis": "ok" if redis_answers() else "away"})


@blueprint.route("/metrics", methods=["GET"], policy=PUBLIC_UNTHROTTLED)
@answers(200, {"type": "string"}, 404, content_type="text/plain")
def metrics() -> Response:
    """The metrics of all workers, for Prometheus.

    Only for the addresses in `MINICHAT_METRICS_FROM`, by default this machine; for others there is nothing here.
    """
    if not may_read_metrics():
        raise NotFound
    return Response(context().metrics.exposition(), content_type=CONTENT_TYPE)
