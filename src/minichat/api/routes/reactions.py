"""`/api/chat/messages/{id}/reactions/` and `pin/`, and `/api/chat/rooms/{id}/pins/`: the marks on messages."""

from typing import Any

from flask import Response

from minichat.api import presenting
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import presenter, presenter_of, services
from minichat.api.openapi import LINK, path_text
from minichat.api.paging import links, window_of
from minichat.api.request_state import caller_id
from minichat.api.schemas.answers import MessageOut, ReactionOut
from minichat.api.schemas.queries import ListQuery, ReactionsQuery
from minichat.domain.model import ShownMessage

blueprint = Blueprint(
    "reactions",
    __name__,
    url_prefix="/api/chat",
    description="Reactions to messages, and the pinned messages of a room.",
)


_EMOJI = path_text("emoji", "One emoji, percent-encoded.", "👍")


@blueprint.route("/messages/<id:message_id>/reactions/<emoji>/", methods=["PUT"], parameters=[_EMOJI])
@answers(200, MessageOut, 400, 403, 404, 409)
def add_reaction(message_id: int, emoji: str) -> Response:
    """React to a message with an emoji, percent-encoded in the path. You can repeat the call.

    A message can have 20 different emoji; joining one of them always works. An emoji with or without its variation
    selector is the same. Only the people who can read the message can react.
    """
    return _message(services().reactions.add(caller_id(), message_id, emoji))


@blueprint.route("/messages/<id:message_id>/reactions/<emoji>/", methods=["DELETE"], parameters=[_EMOJI])
@answers(200, MessageOut, 400, 403, 404, 409)
def remove_reaction(message_id: int, emoji: str) -> Response:
    """Take back your reaction with this emoji. You can repeat the call."""
    return _message(services().reactions.remove(caller_id(), message_id, emoji))


def _check_emoji(query: dict[str, Any], message_id: int) -> None:  # noqa: ARG001 - see `arguments.Part.rules`
    if query.get("emoji") is not None:
        services().reactions.checked(query["emoji"])


@blueprint.route("/messages/<id:message_id>/reactions/", methods=["GET"])
@blueprint.arguments(ReactionsQuery, location="query", rules=_check_emoji)
@answers(200, ReactionOut(many=True), 400, 403, 404, headers={"Link": LINK})
def list_reactions(query: dict[str, Any], message_id: int) -> Response:
    """List the reactions to a message with their users, in the order of reacting."""
    emoji = query.pop("emoji", None)
    found = services().reactions.of_message(caller_id(), message_id, emoji, window_of(query))
    writer = presenter_of(found.people)
    return presenting.json_response(
        [writer.reaction(reaction) for reaction in found.page.items], headers=links(found.page)
    )


@blueprint.route("/messages/<id:message_id>/pin/", methods=["PUT"])
@answers(200, MessageOut, 403, 404, 409)
def pin_message(message_id: int) -> Response:
    """Pin a message. In a group, its owner and moderators can do this; in a direct chat, both can.

    A room can have 50 pinned messages. Pinning a message again keeps its place.
    """
    return _message(services().pins.add(caller_id(), message_id))


@blueprint.route("/messages/<id:message_id>/pin/", methods=["DELETE"])
@answers(200, MessageOut, 403, 404)
def unpin_message(message_id: int) -> Response:
    """Unpin a message, with the same rights as for pinning. If it is not pinned, nothing happens."""
    return _message(services().pins.remove(caller_id(), message_id))


@blueprint.route("/rooms/<id:room_id>/pins/", methods=["GET"])
@blueprint.arguments(ListQuery, location="query")
@answers(200, MessageOut(many=True), 400, 403, 404, headers={"Link": LINK})
def list_pins(query: dict[str, Any], room_id: int) -> Response:
    """List the pinned messages of a room, the last pinned first: at most 50."""
    found = services().pins.of_room(caller_id(), room_id, window_of(query))
    writer = presenter(found.details)
    return presenting.json_response(
        [writer.message(message, found.receipts) for message in found.page.items], headers=links(found.page)
    )


def _message(shown: ShownMessage) -> Response:
    return presenting.json_response(presenter(shown.details).message(shown.message, shown.receipts))
