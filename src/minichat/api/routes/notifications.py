"""`/api/chat/unread/`, `/api/chat/mentions/` and `/api/chat/rooms/{id}/notify/`: what a user should know about."""

from typing import Any

from flask import Response

from minichat.api import presenting
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import presenter, services
from minichat.api.openapi import LINK
from minichat.api.paging import link_header
from minichat.api.request_state import caller_id
from minichat.api.schemas.answers import MessageOut, RoomOut, UnreadOut
from minichat.api.schemas.queries import MentionsQuery
from minichat.api.schemas.requests import NotifyIn
from minichat.domain.model import Mute, NotifyLevel

blueprint = Blueprint(
    "notifications",
    __name__,
    url_prefix="/api/chat",
    description="Unread messages, mentions, and the level of notifications of each room.",
)


@blueprint.route("/unread/", methods=["GET"])
@answers(200, UnreadOut)
def get_unread_counts() -> Response:
    """Get the number of unread messages in each of your rooms, by latest activity. Rooms without any are left out.

    `total` leaves out muted rooms and those with `notify: none`. `mentions` leaves out those with `notify: none`.
    """
    return presenting.json_response(presenting.unread(services().notifications.unread(caller_id())))


@blueprint.route("/rooms/<id:room_id>/notify/", methods=["PATCH"])
@blueprint.arguments(NotifyIn, required=False)
@answers(200, RoomOut, 400, 403, 404, 413, 415)
def update_notifications(form: dict[str, Any], room_id: int) -> Response:
    """Set which messages of a room you want to be notified about, or mute the room until a time.

    The server stores this for your devices, and nobody else can see it. It ends when you leave the room. Fields that
    you leave out do not change.
    """
    notify = NotifyLevel(form["notify"]) if "notify" in form else None
    mute = Mute(form["muted_until"]) if "muted_until" in form else None
    shown = services().notifications.set(caller_id(), room_id, notify=notify, mute=mute)
    return presenting.json_response(presenter(shown.details).room(shown.view))


@blueprint.route("/mentions/", methods=["GET"])
@blueprint.arguments(MentionsQuery, location="query")
@answers(200, MessageOut(many=True), 400, headers={"Link": LINK})
def list_mentions(query: dict[str, Any]) -> Response:
    """List the messages of your rooms that mention you, the newest first.

    Messages that mention everybody count since you joined the room. Messages by people whom you block are left out.
    """
    page = services().mentions.page(caller_id(), query["limit"], query.get("before"))
    older = ("before", page.messages[-1].id) if page.has_older else None
    return presenting.json_response(presenter(page.details).messages(page), headers=link_header(older, None))
