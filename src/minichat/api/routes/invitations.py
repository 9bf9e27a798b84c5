"""`/api/chat/rooms/{room}/invites/` and `/api/chat/invites/`: links with which people join a room."""

from typing import Any

from flask import Response

from minichat.api import presenting
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import base_url, presenter, presenter_of, services
from minichat.api.openapi import LINK
from minichat.api.paging import links, window_of
from minichat.api.policy import PUBLIC
from minichat.api.request_state import caller_id
from minichat.api.schemas.answers import CreatedInvitationOut, InvitationOut, InvitationPreviewOut, JoinedRoomOut
from minichat.api.schemas.queries import ListQuery
from minichat.api.schemas.requests import InvitationTokenIn, NewInvitationIn
from minichat.api.texts import sentence
from minichat.api.times import rfc3339

blueprint = Blueprint(
    "invitations", __name__, url_prefix="/api/chat", description="Links with which people join a room."
)

_UNUSABLE = (
    "The invitation does not exist, was revoked, has expired, or is used up, or its creator may no longer invite."
)


@blueprint.route("/rooms/<id:room_id>/invites/", methods=["POST"])
@blueprint.arguments(NewInvitationIn, required=False)
@answers(201, CreatedInvitationOut, 400, 403, 404, 409, 413, 415)
def create_invite(form: dict[str, Any], room_id: int) -> Response:
    """Create an invitation to a room. Only its owner and moderators can do this.

    Everybody who has the `token` can join, until the invitation expires or is used up. It stops working while its
    creator is not the owner or a moderator. Only this answer holds the `token` and the `url`: the server stores a hash.
    A client reads the token from the fragment of the URL, which browsers send to no server.
    """
    created = services().invitations.create(caller_id(), room_id, **form)
    writer = presenter_of({created.creator.id: created.creator})
    body = {
        **writer.invitation(created.invitation),
        "token": created.token,
        "url": f"{base_url()}/#invite={created.token}",
    }
    return presenting.json_response(body, 201)


@blueprint.route("/rooms/<id:room_id>/invites/", methods=["GET"])
@blueprint.arguments(ListQuery, location="query")
@answers(200, InvitationOut(many=True), 400, 403, 404, 409, headers={"Link": LINK})
def list_invites(query: dict[str, Any], room_id: int) -> Response:
    """List a room's invitations that have not expired, the newest first. Only its owner and moderators can see them.

    The list holds the invitations of former moderators too: they work again if their creators get the role back.
    """
    found = services().invitations.page(caller_id(), room_id, window_of(query))
    writer = presenter_of(found.people)
    return presenting.json_response([writer.invitation(one) for one in found.page.items], headers=links(found.page))


@blueprint.route("/rooms/<id:room_id>/invites/<id:invite_id>/", methods=["DELETE"])
@answers(204, None, 403, 404, 409)
def revoke_invite(room_id: int, invite_id: int) -> Response:
    """Revoke an invitation at once. Only the room's owner and moderators can do this."""
    services().invitations.revoke(caller_id(), room_id, invite_id)
    return presenting.no_content()


@blueprint.route("/invites/preview/", methods=["POST"], policy=PUBLIC)
@blueprint.arguments(InvitationTokenIn)
@answers(200, InvitationPreviewOut, 400, 413, 415, descriptions={404: _UNUSABLE})
def preview_invite(form: dict[str, str]) -> Response:
    """Look at an invitation before you log in or register: its room, and its creator."""
    found = services().invitations.preview(form["token"])
    body = {
        "room": {
            "name": found.room.name,
            "description": found.room.description,
            "participants_count": found.room.participants_count,
        },
        "invited_by": presenting.user(found.creator, base_url()),
        "expires_at": rfc3339(found.invitation.expires_at),
    }
    return presenting.json_response(body)


@blueprint.route("/invites/accept/", methods=["POST"])
@blueprint.arguments(InvitationTokenIn)
@answers(200, JoinedRoomOut, 400, 413, 415, descriptions={403: "You are banned from this room.", 404: _UNUSABLE})
def accept_invite(form: dict[str, str]) -> Response:
    """Join the room of an invitation. If you are in the room already, nothing happens and no use is counted.

    You start with nothing unread and can read earlier messages, unless the room has `history: "joined"`.
    """
    shown = services().invitations.accept(caller_id(), form["token"])
    return presenting.json_response({"message": sentence("joined"), "room": presenter(shown.details).room(shown.view)})
