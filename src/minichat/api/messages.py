"""`/api/chat/`: history and messages."""

from typing import Any

from flask import Response, request

from minichat.api import present
from minichat.api.blueprint import LINK, Blueprint, answers
from minichat.api.context import caller, caller_id, services
from minichat.api.paging import link_header
from minichat.api.rooms import presenter
from minichat.api.schemas.answers import HistoryOut, MessageOut
from minichat.api.schemas.requests import HistoryQuery, MessageHeaders, MessageIn, MessagesQuery
from minichat.domain.errors import InvalidInput
from minichat.domain.messaging import Stretch
from minichat.domain.model import MessagePage

blueprint = Blueprint("messages", __name__, url_prefix="/api/chat", description="Messages and history")

REPLAYED = {
    "description": "`true` if this `client_id` was used before and this is the first message.",
    "schema": {"type": "string", "enum": ["true"]},
}


@blueprint.route("/rooms/<id:room_id>/history/", methods=["GET"])
@blueprint.arguments(HistoryQuery, location="query")
@answers(200, HistoryOut, 400, 403, 404, headers={"Link": LINK})
def history(query: dict[str, Any], room_id: int) -> Response:
    """A page of a room's messages, oldest first; the newest page unless you say otherwise.

    What is returned counts as read, unless `mark_read=false`. `next` in the `Link` header goes on in the direction of
    the walk: to older messages, or with `after` to newer ones.
    """
    is_marking = query.pop("mark_read") and request.method == "GET"  # a HEAD shows nothing
    page = services().messaging.history(caller_id(), room_id, Stretch(**query), mark_read=is_marking)
    assert page.room is not None
    shown = presenter(page.people)
    body = {"room": shown.room(page.room), "messages": shown.messages(page)}
    return present.answer(body, headers=_links(page, Stretch(**query)))


@blueprint.route("/messages/", methods=["GET"])
@blueprint.arguments(MessagesQuery, location="query")
@answers(200, MessageOut(many=True), 400, 403, 404, headers={"Link": LINK})
def list_messages(query: dict[str, Any]) -> Response:
    """The newest messages of a room or across all your rooms, oldest first; marks nothing as read."""
    room_id = query.pop("room", None)
    page = services().messaging.latest(caller_id(), room_id, Stretch(**query))
    return present.answer(presenter(page.people).messages(page), headers=_links(page, Stretch(**query)))


@blueprint.route("/messages/", methods=["POST"])
@blueprint.arguments(MessageHeaders, location="headers")
@blueprint.arguments(MessageIn)
@answers(
    201, MessageOut, 400, 403, 404, 409, 413, 415, also={200: MessageOut}, headers={"Idempotency-Replayed": REPLAYED}
)
def send_message(headers: dict[str, str], form: dict[str, Any]) -> Response:
    """Send a message.

    With a `client_id` (or the header `Idempotency-Key`) a repetition is safe: it gets 200 and the first message.
    """
    client_id, key = form.get("client_id"), headers.get("idempotency_key")
    if client_id is not None and key is not None and client_id != key:
        raise InvalidInput.of("client_id", "client_ids_differ")
    sent = services().messaging.send(
        caller().user,
        form["room"],
        form["content"],
        key if client_id is None else client_id,
        form.get("reply_to"),
    )
    body = presenter({sent.author.id: sent.author}).message(sent.message, sent.receipts)
    if sent.is_replay:
        return present.answer(body, 200, {"Idempotency-Replayed": "true"})
    return present.answer(body, 201)


def _links(page: MessagePage, stretch: Stretch) -> dict[str, str]:
    if not page.messages:
        return {}
    older = ("before", page.messages[0].id) if page.has_older else None
    newer = ("after", page.messages[-1].id) if page.has_newer else None
    return link_header(newer, older) if stretch.after is not None else link_header(older, newer)
