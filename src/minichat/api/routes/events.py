"""`/api/chat/events/`: live updates as server-sent events, and the tickets that open a stream."""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask import Response, request

from minichat.api import presenting
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import services
from minichat.api.direct import Outlet, sink_of_stream
from minichat.api.events import JsonEvent
from minichat.api.openapi import schema_reference
from minichat.api.parsing import read_stream_query
from minichat.api.policy import STREAM
from minichat.api.request_state import caller, token_expires_at
from minichat.api.schemas.answers import TicketOut
from minichat.api.schemas.queries import EventsQuery
from minichat.api.streaming import events_of, open_stream, position_in, subscription_or_resync
from minichat.domain.tickets import LIFETIME_SECONDS
from minichat.live.listeners import EndReason, Listener

blueprint = Blueprint(
    "events",
    __name__,
    url_prefix="/api/chat",
    description="Live updates as server-sent events, and the tickets that open a stream.",
)

# A proxy that compresses a stream, or buffers it, delays its events.
STREAM_HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
RETRY_MILLISECONDS = 1_500
"""How long clients that reconnect by themselves wait: this time to twice as long, so that they don't return at once."""
_STREAM = {
    "type": "string",
    "contentMediaType": "text/event-stream",
    "contentSchema": schema_reference("Event"),
    "description": "Server-sent events. The `data` of each is an Event as JSON.",
    "example": "id: 41.c2VhbGVkIGJ5\nevent: room.deleted\ndata: "
    '{"id":"41.c2VhbGVkIGJ5","type":"room.deleted","time":"2026-11-23T09:30:00.123Z","data":{"room":1}}\n\n',
}
# A comment line. A blank line after it would end an event.
_HEARTBEAT_FRAME = b":\n"


@blueprint.route("/events/", methods=["GET"], policy=STREAM)
@blueprint.arguments(EventsQuery, location="query", read=read_stream_query, rules=position_in)
@answers(200, _STREAM, 400, content_type="text/event-stream")
def stream_events(query: dict[str, Any]) -> Response:
    """Stream the events of your rooms as they happen (server-sent events).

    Each event has its cursor as `id`, its type as `event` and the whole Event as `data`. To resume after a cursor, send
    it as `Last-Event-ID`, `lastEventId` or `after`; the newest of them counts. The stream ends when your access token
    expires or your session ends. Refresh the token, connect again and resume. The event `resync` means that the log no
    longer holds the events that you missed: load everything again. `EventSource` can't send `Authorization`: pass a
    `ticket` instead.
    """
    subscription, must_resync = subscription_or_resync(query)
    if request.method == "HEAD":
        return Response(iter(()), headers=STREAM_HEADERS, content_type="text/event-stream")
    listener, outlet, close = open_stream(subscription)
    if outlet is not None:
        listener.sink = sink_of_stream(listener, outlet)
    frames = _frames(listener, events_of(listener, must_resync=must_resync), outlet)
    response = Response(frames, headers=STREAM_HEADERS, content_type="text/event-stream")
    # Not in a `finally` of the generator: a generator that never started does not run it.
    response.call_on_close(close)
    return response


def _frames(
    listener: Listener[JsonEvent], batches: Iterable[Sequence[JsonEvent]], outlet: Outlet | None
) -> Iterator[bytes]:
    """Yield the bytes of a stream: the events, and before and after them how long to wait before reconnecting."""
    beginning = _retry_line()
    for batch in batches:
        was_woken = outlet is not None and outlet.flush()
        frames = beginning + b"".join([event.frame for event in batch])
        beginning = b""
        if frames or not was_woken:
            yield frames or _HEARTBEAT_FRAME
    if listener.end_reason is not EndReason.CLIENT_GONE:
        if outlet is not None:
            outlet.flush()
        yield _retry_line()


def _retry_line() -> bytes:
    """Return how long to wait before reconnecting, by another random time for each stream."""
    # Without a blank line, which would be an event without data for some clients.
    return b"retry: %d\n" % (RETRY_MILLISECONDS + secrets.randbelow(RETRY_MILLISECONDS))


@blueprint.route("/events/ticket/", methods=["POST"])
@answers(201, TicketOut)
def create_ticket() -> Response:
    """Create a ticket. It opens one stream, as `?ticket=` in the URL, within 30 seconds."""
    ticket = services().tickets.issue(caller(), token_expires_at())
    return presenting.json_response({"ticket": ticket, "expires_in": LIFETIME_SECONDS}, 201)
