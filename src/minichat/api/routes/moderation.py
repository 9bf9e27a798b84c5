"""`/api/chat/rooms/{room}/participants/` and `bans/`: adding and removing participants, their roles, and bans."""

from typing import Any

from flask import Response

from minichat.api import presenting
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import presenter_of, services
from minichat.api.openapi import LINK
from minichat.api.paging import links, window_of
from minichat.api.request_state import caller_id
from minichat.api.schemas.answers import BanOut, ParticipantOut
from minichat.api.schemas.queries import ListQuery, RemovalQuery
from minichat.api.schemas.requests import NewParticipantIn, ParticipantPatchIn
from minichat.domain.model import Role, ShownParticipant

blueprint = Blueprint(
    "moderation", __name__, url_prefix="/api/chat", description="Roles in a room, removing participants, and bans."
)


@blueprint.route("/rooms/<id:room_id>/participants/", methods=["POST"])
@blueprint.arguments(NewParticipantIn)
@answers(201, ParticipantOut, 400, 403, 404, 409, 413, 415, also={200: ParticipantOut})
def add_participant(form: dict[str, int], room_id: int) -> Response:
    """Add a member. Only the room's owner and moderators can do this.

    The new member starts with nothing unread and can read earlier messages. Status 200 means that the user was in the
    room already.
    """
    shown, is_new = services().moderation.add(caller_id(), room_id, form["user_id"])
    return _participant(shown, 201 if is_new else 200)


@blueprint.route("/rooms/<id:room_id>/participants/<id:user_id>/", methods=["PATCH"])
@blueprint.arguments(ParticipantPatchIn)
@answers(200, ParticipantOut, 400, 403, 404, 409, 413, 415)
def update_participant(form: dict[str, str], room_id: int, user_id: int) -> Response:
    """Set a participant's role. Only the owner can do this. If you hand over the room, you become a moderator."""
    return _participant(services().moderation.set_role(caller_id(), room_id, user_id, Role(form["role"])))


@blueprint.route("/rooms/<id:room_id>/participants/<id:user_id>/", methods=["DELETE"])
@blueprint.arguments(RemovalQuery, location="query")
@answers(204, None, 400, 403, 404, 409)
def remove_participant(query: dict[str, bool], room_id: int, user_id: int) -> Response:
    """Remove a participant. With `ban=true`, ban them as well.

    The owner can remove everybody, and moderators can remove members. Removing yourself is the same as leaving.
    """
    services().moderation.remove(caller_id(), room_id, user_id, is_ban=query["ban"])
    return presenting.no_content()


@blueprint.route("/rooms/<id:room_id>/bans/", methods=["GET"])
@blueprint.arguments(ListQuery, location="query")
@answers(200, BanOut(many=True), 400, 403, 404, 409, headers={"Link": LINK})
def list_bans(query: dict[str, Any], room_id: int) -> Response:
    """List the room's bans, the newest first. Only its owner and moderators can see them."""
    found = services().moderation.bans(caller_id(), room_id, window_of(query))
    writer = presenter_of(found.people)
    return presenting.json_response([writer.ban(ban) for ban in found.page.items], headers=links(found.page))


@blueprint.route("/rooms/<id:room_id>/bans/<id:user_id>/", methods=["DELETE"])
@answers(204, None, 403, 404, 409)
def delete_ban(room_id: int, user_id: int) -> Response:
    """Lift a ban. Only the room's owner and moderators can do this. Without a ban, nothing happens."""
    services().moderation.lift_ban(caller_id(), room_id, user_id)
    return presenting.no_content()


def _participant(shown: ShownParticipant, status: int = 200) -> Response:
    return presenting.json_response(presenter_of({shown.user.id: shown.user}).participant(shown.membership), status)
