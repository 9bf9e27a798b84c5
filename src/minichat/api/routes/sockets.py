"""`/ws/chat/<room>/` and `/ws/chat/`: the events of a room, or of all rooms, over a WebSocket, and the client's frames.

`websocket` implements the protocol, `conversation` moves events and frames, and `frames` serves the frames. Where it
can, `kept_sockets` keeps the WebSocket without the thread of its request.
"""

from typing import Any
from urllib.parse import urljoin

from flask import Response, request

from minichat.addresses import origin
from minichat.api import errors
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import base_url, context, services
from minichat.api.parsing import read_stream_query
from minichat.api.policy import STREAM
from minichat.api.request_state import caller_id
from minichat.api.schemas.queries import EventsQuery
from minichat.api.streaming import open_stream, position_in, subscription_or_resync

blueprint = Blueprint(
    "sockets",
    __name__,
    url_prefix="/ws",
    description="Live updates over a WebSocket. This page can't open one: see docs/live.md.",
)


class OriginNotAllowed(errors.HttpError):
    """The settings do not allow the origin of the page that opens the WebSocket."""

    code = "origin_not_allowed"
    status = 403


@blueprint.route("/chat/<id:room_id>/", methods=["GET"], policy=STREAM)
@blueprint.arguments(EventsQuery, location="query", read=read_stream_query, rules=position_in)
@answers(101, None, 400, 403, 404, 426)
def open_room_socket(query: dict[str, Any], room_id: int) -> Response:
    """Open a WebSocket with the events of a room. Each message is an Event.

    You may send `{"type": "message", "content", "client_id"?, "reply_to"?, "mention_ids"?}`, `{"type": "typing"}` and
    `{"type": "read", "seq"}`. For each, you get `{"type": "ack", "client_id", "message"?}` or `{"type": "problem", …}`.
    `after` resumes after a cursor; so do `lastEventId` and the header `Last-Event-ID`. Browsers can't send
    `Authorization`: pass a `ticket` instead.
    """
    services().room_access.as_participant(caller_id(), room_id)
    return _open_socket(query, room_id)


@blueprint.route("/chat/", methods=["GET"], policy=STREAM)
@blueprint.arguments(EventsQuery, location="query", read=read_stream_query, rules=position_in)
@answers(101, None, 400, 403, 426)
def open_socket(query: dict[str, Any]) -> Response:
    """Open one WebSocket with the events of all your rooms. Each message is an Event.

    You may send the frames of a room's WebSocket, each with its `room`. Every `ack` and `problem` names the `room` of
    its frame, and comes in the order of the frames. Leaving a room does not close the WebSocket. It resumes like a
    room's, and takes a `ticket` too.
    """
    return _open_socket(query, None)


def _open_socket(query: dict[str, Any], room_id: int | None) -> Response:
    """Return the response that opens a WebSocket of a room, or of all rooms of the caller.

    Raises UpgradeRequired, SocketsNotServed, OriginNotAllowed, InvalidCursor, and the errors of `open_stream`.
    """
    # Late: they load wsproto, and clients may do without.
    from minichat.api.conversation import Conversation
    from minichat.api.kept_sockets import KeptSocket
    from minichat.api.websocket import Socket, UpgradeResponse

    socket = Socket()
    _check_origin()  # last, because a proxy that forwards no `Upgrade` often changes `Host` too
    subscription, must_resync = subscription_or_resync(query, only=room_id)
    stream = open_stream(subscription)
    conversation = Conversation(socket, stream.listener, room_id, must_resync=must_resync)

    def run() -> bool:
        try:
            socket.accept()
        except OSError:
            return False
        if not stream.can_take_over:
            conversation.run()
            return False
        KeptSocket(context().keeper, conversation, stream.take_over(), stream.close).begin()
        return True

    response = UpgradeResponse(run)
    response.call_on_close(stream.close)
    return response


def _check_origin() -> None:
    """Raise OriginNotAllowed if the settings do not allow the page's origin.

    CORS does not cover WebSockets (RFC 6455, section 10.2).
    """
    named = request.headers.get("Origin")
    own = {f"{request.scheme}://{request.host}", urljoin(base_url(), "/").rstrip("/")}
    if named is not None and origin(named) not in own.union(context().origins):
        raise OriginNotAllowed
