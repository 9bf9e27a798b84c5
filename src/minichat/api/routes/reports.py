"""`/api/chat/messages/{message}/report/`: reporting messages to the administrators."""

from flask import Response

from minichat.api import presenting
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import services
from minichat.api.request_state import caller_id
from minichat.api.schemas.requests import ReportIn
from minichat.domain.model import ReportReason

blueprint = Blueprint(
    "reports", __name__, url_prefix="/api/chat", description="Reports of messages to the administrators."
)


def _check_report(form: dict[str, str], message_id: int) -> None:  # noqa: ARG001 - see `arguments.Part.rules`
    if "comment" in form:
        services().reports.check_comment(form["comment"])


@blueprint.route("/messages/<id:message_id>/report/", methods=["POST"])
@blueprint.arguments(ReportIn, rules=_check_report)
@answers(204, None, 400, 403, 404, 409, 413, 415, 429)
def report_message(form: dict[str, str], message_id: int) -> Response:
    """Report a message to the administrators. A second report of the same message changes nothing.

    The report keeps a copy of the message as it is now. Its author is not notified. You can make 20 reports an hour.
    """
    services().reports.make(caller_id(), message_id, ReportReason(form["reason"]), form["comment"])
    return presenting.no_content()
