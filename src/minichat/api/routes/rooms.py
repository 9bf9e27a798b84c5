"""`/api/chat/rooms/`: rooms, their participants, and direct chats."""

from typing import Any

from flask import Response

from minichat.api import presenting
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import presenter, presenter_of, services
from minichat.api.openapi import LINK
from minichat.api.paging import links, window_of
from minichat.api.policy import IGNORING_BODIES
from minichat.api.request_state import caller_id
from minichat.api.schemas.answers import (
    ConfirmationOut,
    DirectChatOut,
    JoinedRoomOut,
    ReadOut,
    RoomOut,
    RoomParticipantsOut,
)
from minichat.api.schemas.queries import ListQuery, RoomsQuery
from minichat.api.schemas.requests import DirectChatIn, NewRoomIn, ReadIn, RoomIn, RoomPatchIn
from minichat.api.texts import sentence
from minichat.domain.model import HistoryAccess, ShownRoom, WriteAccess
from minichat.domain.room_rules import RoomPolicy, check_partner

blueprint = Blueprint(
    "rooms",
    __name__,
    url_prefix="/api/chat",
    description="Rooms and direct chats: create, find, join and leave them, read marks, and typing.",
)


@blueprint.route("/rooms/", methods=["GET"])
@blueprint.arguments(RoomsQuery, location="query", rules=lambda query: services().rooms.check_query(query.get("q", "")))
@answers(200, RoomOut(many=True), 400, headers={"Link": LINK})
def list_rooms(query: dict[str, Any]) -> Response:
    """List your rooms, or the public rooms that you can join, by latest activity.

    With `q`, the list holds the rooms with this text in their name, compared as in the search for people. The name of a
    direct chat is the name of the other person. A query of spaces alone is like none.
    """
    rooms = services().rooms
    list_page = rooms.mine if query["scope"] == "mine" else rooms.public
    found = list_page(caller_id(), window_of(query), query.get("q", ""))
    return presenting.json_response(presenter(found.details).rooms(found.page.items), headers=links(found.page))


def _check_new_room(form: dict[str, Any]) -> None:
    given = {name: form[name] for name in ("name", "description") if name in form}
    services().rooms.check_new(caller_id(), **given, invited=form.get("participants", ()))


@blueprint.route("/rooms/", methods=["POST"])
@blueprint.arguments(NewRoomIn, rules=_check_new_room)
@answers(201, RoomOut, 400, 403, 413, 415, descriptions={403: "You can't contact one of the `participants`."})
def create_room(form: dict[str, Any]) -> Response:
    """Create a room. You become its owner."""
    invited = form.pop("participants", ())
    policy = _policy_in(form)
    return _room(services().rooms.create(caller_id(), **form, invited=invited, policy=policy), 201)


@blueprint.route("/rooms/<id:room_id>/", methods=["GET"])
@answers(200, RoomOut, 404)
def get_room(room_id: int) -> Response:
    """Get one of your rooms, or a public room."""
    return _room(services().rooms.get(caller_id(), room_id))


def _check_room(form: dict[str, Any], room_id: int) -> None:
    services().rooms.check_edit(caller_id(), room_id, form.get("name"), form.get("description"))


@blueprint.route("/rooms/<id:room_id>/", methods=["PUT"])
@blueprint.arguments(RoomIn, rules=_check_room)
@answers(200, RoomOut, 400, 403, 404, 409, 413, 415)
def put_room(form: dict[str, Any], room_id: int) -> Response:
    """Change a room. Only its owner and moderators can do this. `name` is required; you can leave out other fields."""
    policy = _policy_in(form)
    return _room(services().rooms.edit(caller_id(), room_id, **form, policy=policy))


@blueprint.route("/rooms/<id:room_id>/", methods=["PATCH"])
@blueprint.arguments(RoomPatchIn, required=False, rules=_check_room)
@answers(200, RoomOut, 400, 403, 404, 409, 413, 415)
def update_room(form: dict[str, Any], room_id: int) -> Response:
    """Change some fields of a room. Only its owner and moderators can do this."""
    policy = _policy_in(form)
    return _room(services().rooms.edit(caller_id(), room_id, **form, policy=policy))


@blueprint.route("/rooms/<id:room_id>/", methods=["DELETE"], policy=IGNORING_BODIES)
@answers(204, None, 403, 404, 409)
def delete_room(room_id: int) -> Response:
    """Delete a room with all its messages. Only its owner can do this."""
    services().rooms.delete(caller_id(), room_id)
    return presenting.no_content()


@blueprint.route("/rooms/<id:room_id>/join/", methods=["POST"], policy=IGNORING_BODIES)
@answers(200, JoinedRoomOut, 403, 404, descriptions={403: "You are banned from this room."})
def join_room(room_id: int) -> Response:
    """Join a public room. You can join it again without an error.

    You start with nothing unread and can read earlier messages, unless the room has `history: "joined"`.
    """
    shown = services().participation.join(caller_id(), room_id)
    return presenting.json_response({"message": sentence("joined"), "room": presenter(shown.details).room(shown.view)})


@blueprint.route("/rooms/<id:room_id>/leave/", methods=["POST"], policy=IGNORING_BODIES)
@answers(200, ConfirmationOut, 404, 409)
def leave_room(room_id: int) -> Response:
    """Leave a room. You can leave a public room again without an error.

    If the owner leaves, the moderator who joined first becomes the owner. Without moderators, it is the member who
    joined first. When the last participant leaves, the room is deleted.
    """
    services().participation.leave(caller_id(), room_id)
    return presenting.json_response({"message": sentence("left")})


@blueprint.route("/rooms/<id:room_id>/read/", methods=["POST"])
@blueprint.arguments(ReadIn)
@answers(200, ReadOut, 400, 403, 404, 413, 415)
def mark_room_read(form: dict[str, int], room_id: int) -> Response:
    """Mark a room as read up to a message's `seq`. The mark never moves back, or beyond the last message."""
    last_read_seq, unread_count = services().participation.mark_read(caller_id(), room_id, form["seq"])
    return presenting.json_response({"last_read_seq": last_read_seq, "unread_count": unread_count})


@blueprint.route("/rooms/<id:room_id>/typing/", methods=["POST"])
@answers(204, None, 403, 404)
def start_typing(room_id: int) -> Response:
    """Notify the room's listeners that you are typing. The server sends at most one event in three seconds."""
    services().presence.typing(caller_id(), room_id)
    return presenting.no_content()


@blueprint.route("/rooms/<id:room_id>/participants/", methods=["GET"])
@blueprint.arguments(ListQuery, location="query")
@answers(200, RoomParticipantsOut, 400, 403, 404, headers={"Link": LINK})
def list_participants(query: dict[str, Any], room_id: int) -> Response:
    """List a room's participants, in the order of joining."""
    found = services().rooms.participants(caller_id(), room_id, window_of(query))
    return presenting.json_response(presenter_of(found.people).participants(found), headers=links(found.page))


@blueprint.route("/create-direct-chat/", methods=["POST"])
@blueprint.arguments(DirectChatIn, rules=lambda form: check_partner(caller_id(), form.get("user_id", 0)))
@answers(
    201,
    DirectChatOut,
    400,
    403,
    404,
    413,
    415,
    also={200: DirectChatOut},
    descriptions={403: "You can't contact this person."},
)
def create_direct_chat(form: dict[str, int]) -> Response:
    """Open the direct chat with a person: 201 for a new chat, 200 for an existing one."""
    shown, is_new = services().rooms.direct_chat(caller_id(), form["user_id"])
    message = sentence("direct_chat_created" if is_new else "direct_chat_exists")
    return presenting.json_response(
        {"room": presenter(shown.details).room(shown.view), "message": message}, 201 if is_new else 200
    )


def _policy_in(form: dict[str, Any]) -> RoomPolicy:
    """Remove the settings of a room's policy from the form, and return them."""
    write, history = form.pop("write", None), form.pop("history", None)
    return RoomPolicy(write and WriteAccess(write), form.pop("cooldown", None), history and HistoryAccess(history))


def _room(shown: ShownRoom, status: int = 200) -> Response:
    return presenting.json_response(presenter(shown.details).room(shown.view), status)
