"""`/healthz` and `/readyz`, for whoever watches over the process."""

from flask import Response

from minichat.api import present
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import context
from minichat.api.schemas.answers import HealthOut

blueprint = Blueprint("health", __name__, description="For whoever watches over the process")


@blueprint.route("/healthz", methods=["GET"])
@answers(200, HealthOut, public=True)
def healthz() -> Response:
    """Whether the process lives."""
    return present.answer({"status": "ok"})


@blueprint.route("/readyz", methods=["GET"])
@answers(200, HealthOut, public=True)
def readyz() -> Response:
    """Whether the database answers, so that requests may be sent here."""
    context().is_ready()
    return present.answer({"status": "ok"})
