"""The frames that a client sends over a WebSocket: each is authenticated, counted and served like a request.

The socket of one room serves frames of that room. On the socket of all rooms, each frame names its room, and so does
its answer. This module knows no connection: `routes.sockets` has it.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import marshmallow as ma
import orjson
from flask import current_app

from minichat.api.arguments import Form, checked
from minichat.api.context import context, presenter, services
from minichat.api.parsing import parse_json
from minichat.api.policy import WRITES
from minichat.api.presenting import Json
from minichat.api.request_state import caller, caller_id, request_state
from minichat.api.schemas.fields import Id
from minichat.api.schemas.requests import Frame, MessageFrame, ReadFrame, TypingFrame
from minichat.api.streaming import authenticate_again
from minichat.domain.errors import InvalidInput, NotAuthenticated
from minichat.domain.message_rules import check_client_id
from minichat.domain.retries import retry_on_conflict
from minichat.domain.text import Fields


class Reply(NamedTuple):
    """The answer to one frame."""

    json: bytes
    ends_session: bool = False
    """Whether the session has ended, so that the socket must end too."""


class FrameType(NamedTuple):
    """The schema of one type of frame, and the function that serves it."""

    schema: type[Frame]
    serve: Callable[[int, Form], Json]
    """Takes the room and the other fields. Returns the members of the acknowledgement."""
    check: Callable[[int | None, Form], None] | None = None
    """Checks fields, some of which may be missing, beside those that the schema refuses. Raises InvalidInput."""


class Frames:
    """Serves the frames of one socket, of one room or of all rooms of its user."""

    def __init__(self, room_id: int | None = None) -> None:
        self._room_id = room_id
        self._schemas = _WITH_ROOM if room_id is None else _WITHOUT_ROOM

    def answer(self, message: bytes) -> Reply:
        """Serve a frame. Return its acknowledgement or its problem."""
        frame: Json = {}
        try:
            parsed = parse_json(message)
            frame = parsed if isinstance(parsed, dict) else {}
            ack = {"type": "ack", "client_id": None, **self._room_of(frame), **self._serve(parsed)}
            return Reply(orjson.dumps(ack))
        except Exception as error:  # noqa: BLE001 - reported like the error of any request, and the WebSocket stays open
            problem = {**_problem(error), **self._room_of(frame), **_client_id_of(frame)}
            return Reply(orjson.dumps(problem), isinstance(error, NotAuthenticated))

    def _serve(self, frame: Any) -> Json:
        """Authenticate, count and serve a frame like a request. Return the members of its acknowledgement."""
        request_state().caller = authenticate_again()
        count = context().count_request
        if count is not None:
            count(caller_id(), WRITES)
        kind = frame.get("type") if isinstance(frame, dict) else None
        if not isinstance(kind, str) or kind not in _TYPES:
            raise InvalidInput.of("type", "not_a_choice")
        _, serve, check = _TYPES[kind]

        def rules(form: Form) -> None:
            if check is not None:
                check(*self._split(form))

        fields = {name: value for name, value in frame.items() if name != "type"}
        room_id, form = self._split(checked(self._schemas[kind], fields, rules))
        assert room_id is not None, "the schema of a socket without a room requires it"
        return retry_on_conflict(lambda: serve(room_id, form))

    def _split(self, form: Form) -> tuple[int | None, Form]:
        """Return the room of a frame and its other fields."""
        return form.get("room", self._room_id), {name: value for name, value in form.items() if name != "room"}

    def _room_of(self, frame: Json) -> Json:
        """Return the member `room` of the answer: on the socket of all rooms, the frame's room, or null without any."""
        if self._room_id is not None:
            return {}
        try:
            return {"room": _ROOM.deserialize(frame.get("room"))}
        except ma.ValidationError:
            return {"room": None}


def _check_sent(room_id: int | None, form: Form) -> None:
    services().messaging.check_sent(caller_id(), room_id, **form)


def _send_message(room_id: int, form: Form) -> Json:
    sent = services().messaging.send(caller().user, room_id, **form)
    # The message has the id in its normal form, like all text.
    message = presenter(sent.details).message(sent.message, sent.receipts)
    return {"client_id": sent.message.client_id, "message": message}


def _mark_read(room_id: int, form: Form) -> Json:
    services().participation.mark_read(caller_id(), room_id, form["seq"])
    return {}


def _report_typing(room_id: int, _form: Form) -> Json:
    services().presence.typing(caller_id(), room_id)
    return {}


_TYPES: Mapping[str, FrameType] = {
    "message": FrameType(MessageFrame, _send_message, _check_sent),
    "read": FrameType(ReadFrame, _mark_read),
    "typing": FrameType(TypingFrame, _report_typing),
}
_WITH_ROOM: Mapping[str, ma.Schema] = {name: kind.schema() for name, kind in _TYPES.items()}
_WITHOUT_ROOM: Mapping[str, ma.Schema] = {name: kind.schema(exclude=["room"]) for name, kind in _TYPES.items()}
_ROOM = Id(required=True)


def _problem(error: Exception) -> Json:
    """Return the frame that reports an error."""
    response = current_app.make_response(current_app.handle_user_exception(error))
    reply: Json = {**orjson.loads(response.get_data()), "type": "problem"}
    if "Retry-After" in response.headers:
        reply["retry_after"] = int(response.headers["Retry-After"])
    return reply


def _client_id_of(frame: Json) -> Json:
    """Return the member `client_id` of a problem: as a message would have it, or unchanged if none can have it."""
    client_id = frame.get("client_id")
    if not isinstance(client_id, str):
        return {}
    fields = Fields()
    normal = check_client_id(fields, client_id)
    return {"client_id": client_id if fields.found else normal}
