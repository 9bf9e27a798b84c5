"""`/api/chat/`: history and messages."""

from typing import Any
from unicodedata import normalize

from flask import Response, request

from minichat.api import presenting
from minichat.api.arguments import with_broken_rules
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import presenter, services
from minichat.api.openapi import LINK
from minichat.api.paging import link_header
from minichat.api.request_state import caller, caller_id
from minichat.api.schemas.answers import HistoryOut, MessageOut
from minichat.api.schemas.queries import HistoryQuery, MessagesQuery
from minichat.api.schemas.requests import MessageHeaders, MessageIn, MessagePatchIn
from minichat.domain.errors import InvalidInput
from minichat.domain.history import MessageWindow
from minichat.domain.model import MessagePage, SentMessage, ShownMessage

blueprint = Blueprint("messages", __name__, url_prefix="/api/chat", description="Send, read, edit and delete messages.")

REPLAYED = {
    "description": "`true` if this `client_id` was used before, and the answer is the first message.",
    "schema": {"type": "string", "enum": ["true"]},
}


def _check_history(query: dict[str, Any], room_id: int) -> None:
    services().history.check_window(caller_id(), room_id, _window(query))


@blueprint.route("/rooms/<id:room_id>/history/", methods=["GET"])
@blueprint.arguments(HistoryQuery, location="query", rules=_check_history)
@answers(200, HistoryOut, 400, 403, 404, headers={"Link": LINK})
def get_history(query: dict[str, Any], room_id: int) -> Response:
    """Get a page of a room's messages, oldest first.

    Without `before`, `after`, `around` or `around_seq`, you get the newest page. The returned messages count as read,
    unless `mark_read=false`. `next` in the `Link` header continues in the same direction: to older messages, or with
    `after` to newer ones.
    """
    is_marking = query.pop("mark_read") and request.method == "GET"  # a HEAD request shows no message
    page = services().history.of_room(caller_id(), room_id, MessageWindow(**query), mark_read=is_marking)
    assert page.room is not None
    writer = presenter(page.details)
    body = {"room": writer.room(page.room), "messages": writer.messages(page)}
    return presenting.json_response(body, headers=_links(page, MessageWindow(**query)))


def _check_list(query: dict[str, Any]) -> None:
    services().history.check_window(caller_id(), query.get("room"), _window(query))


@blueprint.route("/messages/", methods=["GET"])
@blueprint.arguments(MessagesQuery, location="query", rules=_check_list)
@answers(200, MessageOut(many=True), 400, 403, 404, headers={"Link": LINK})
def list_messages(query: dict[str, Any]) -> Response:
    """Get the newest messages of a room or of all your rooms, oldest first. They do not count as read.

    Without a `room`, `before`, `after` and `around` take any message id as a position.
    """
    room_id = query.pop("room", None)
    window = MessageWindow(**query)
    page = services().history.latest(caller_id(), room_id, window)
    return presenting.json_response(presenter(page.details).messages(page), headers=_links(page, window))


def _check_sent(form: dict[str, Any]) -> None:
    services().messaging.check_sent(caller_id(), form.get("room"), **_without_room(form))


@blueprint.route("/messages/", methods=["POST"])
@blueprint.arguments(MessageHeaders, location="headers")
@blueprint.arguments(MessageIn, rules=_check_sent)
@answers(
    201, MessageOut, 400, 403, 404, 409, 413, 415, also={200: MessageOut}, headers={"Idempotency-Replayed": REPLAYED}
)
def send_message(headers: dict[str, str], form: dict[str, Any]) -> Response:
    """Send a message.

    With a `client_id` or an `Idempotency-Key` header, you can safely repeat the call: a repetition returns 200 and the
    first message. `@name` in the content mentions a participant, and so does an id in `mention_ids`: at most 50 people.
    `@all` by the owner or a moderator mentions everybody.
    """
    key = headers.get("idempotency_key")
    if key is not None and normalize("NFC", form.setdefault("client_id", key)) != key:
        raise with_broken_rules(InvalidInput.of("client_id", "client_ids_differ"), _check_sent, form)
    sent = services().messaging.send(caller().user, form["room"], **_without_room(form))
    if sent.is_replay:
        return _message(sent, 200, {"Idempotency-Replayed": "true"})
    return _message(sent, 201)


@blueprint.route("/messages/<id:message_id>/", methods=["GET"])
@answers(200, MessageOut, 403, 404)
def get_message(message_id: int) -> Response:
    """Get one message. A deleted message has no content."""
    return _message(services().messaging.get(caller_id(), message_id))


def _check_edit(form: dict[str, Any], message_id: int) -> None:
    services().messaging.check_edit(caller_id(), message_id, **form)


@blueprint.route("/messages/<id:message_id>/", methods=["PATCH"])
@blueprint.arguments(MessagePatchIn, rules=_check_edit)
@answers(200, MessageOut, 400, 403, 404, 409, 413, 415)
def update_message(form: dict[str, Any], message_id: int) -> Response:
    """Edit one of your messages.

    The mentions in its content are found again. `mention_ids` replaces the people given by id: without it they stay,
    and an empty list removes them. People who have read the message already do not count it as unread again.
    """
    return _message(services().messaging.edit(caller_id(), message_id, **form))


@blueprint.route("/messages/<id:message_id>/", methods=["DELETE"])
@answers(204, None, 403, 404)
def delete_message(message_id: int) -> Response:
    """Delete one of your messages, or any message in a room that you own or moderate.

    The message keeps its place and its `seq`, so that readers see no gap. You can delete it again without an error.
    """
    services().messaging.delete(caller_id(), message_id)
    return presenting.no_content()


def _without_room(form: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in form.items() if name != "room"}


def _window(query: dict[str, Any]) -> MessageWindow:
    """Return the window of a query, of which some parameters may be missing."""
    return MessageWindow(1, *(query.get(name) for name in MessageWindow._fields[1:]))


def _message(shown: ShownMessage | SentMessage, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = presenter(shown.details).message(shown.message, shown.receipts)
    return presenting.json_response(body, status, headers)


def _links(page: MessagePage, window: MessageWindow) -> dict[str, str]:
    if not page.messages:
        return {}
    older = ("before", page.messages[0].id) if page.has_older else None
    newer = ("after", page.messages[-1].id) if page.has_newer else None
    return link_header(newer, older) if window.after is not None else link_header(older, newer)
