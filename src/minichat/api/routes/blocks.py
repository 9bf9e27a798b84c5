"""`/api/chat/users/{user}/block/` and `/api/chat/blocks/`: blocking people, and the list of blocked people."""

from typing import Any

from flask import Response

from minichat.api import presenting
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import presenter_of, services
from minichat.api.openapi import LINK
from minichat.api.paging import links, window_of
from minichat.api.request_state import caller_id
from minichat.api.schemas.answers import BlockOut
from minichat.api.schemas.queries import ListQuery

blueprint = Blueprint(
    "blocks", __name__, url_prefix="/api/chat", description="The people with whom you want no contact."
)


@blueprint.route("/users/<id:user_id>/block/", methods=["POST"])
@answers(204, None, 400, 404, 409)
def block_user(user_id: int) -> Response:
    """Block a person. A second time changes nothing. You can block up to 10,000 people.

    You can no longer contact each other: no new direct chat opens, the one that you have can only be read, and neither
    can add the other to a room. In shared rooms the person's messages have `is_blocked` for you, and neither their
    mentions nor their typing reach you. The person is not notified. Their attempts are refused with
    `cannot_message`, and yours with `you_blocked`.
    """
    services().blocks.block(caller_id(), user_id)
    return presenting.no_content()


@blueprint.route("/users/<id:user_id>/block/", methods=["DELETE"])
@answers(204, None, 400, 404)
def unblock_user(user_id: int) -> Response:
    """Remove a block. Without a block, nothing happens."""
    services().blocks.unblock(caller_id(), user_id)
    return presenting.no_content()


@blueprint.route("/blocks/", methods=["GET"])
@blueprint.arguments(ListQuery, location="query")
@answers(200, BlockOut(many=True), 400, headers={"Link": LINK})
def list_blocks(query: dict[str, Any]) -> Response:
    """List the people whom you have blocked, the latest block first."""
    found = services().blocks.page(caller_id(), window_of(query))
    writer = presenter_of(found.people)
    return presenting.json_response([writer.block(block) for block in found.page.items], headers=links(found.page))
