"""`/api/chat/events/`: live updates as server-sent events, and the tickets that open a stream."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from flask import Response, request
from werkzeug.wsgi import ClosingIterator

from minichat.api import presenting
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import context, services
from minichat.api.events import JsonEvent
from minichat.api.kept_streams import HEARTBEAT, KeptStream, retry_line
from minichat.api.openapi import schema_reference
from minichat.api.parsing import read_stream_query
from minichat.api.policy import STREAM
from minichat.api.request_state import caller, token_expires_at
from minichat.api.schemas.answers import TicketOut
from minichat.api.schemas.queries import EventsQuery
from minichat.api.streaming import OpenStream, events_of, open_stream, position_in, subscription_or_resync
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
_STREAM = {
    "type": "string",
    "contentMediaType": "text/event-stream",
    "contentSchema": schema_reference("Event"),
    "description": "Server-sent events. The `data` of each is an Event as JSON.",
    "example": "id: 41.c2VhbGVkIGJ5\nevent: room.deleted\ndata: "
    '{"id":"41.c2VhbGVkIGJ5","type":"room.deleted","time":"2026-11-23T09:30:00.123Z","data":{"room":1}}\n\n',
}


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
    stream = open_stream(subscription)
    response = _StreamResponse(stream, _frames(stream.listener, events_of(stream.listener, must_resync=must_resync)))
    # Not in a `finally` of the generator: a generator that never started does not run it.
    response.call_on_close(stream.close)
    return response


class _StreamResponse(Response):
    """The response of a stream. When its listener has caught up, the keeper takes it over if it can."""

    def __init__(self, stream: OpenStream, frames: Iterable[bytes]) -> None:
        super().__init__(frames, headers=STREAM_HEADERS, content_type="text/event-stream")
        self._stream = stream
        self._frames = frames
        self._keeper = context().keeper

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if not self._stream.can_take_over:
            return super().__call__(environ, start_response)
        try:
            is_kept = self._send(start_response(self.status, self.get_wsgi_headers(environ).to_wsgi_list()))
        except BaseException:
            self.close()
            raise
        if is_kept:
            raise StopIteration  # gunicorn then closes its connection without ending the response
        return ClosingIterator((), [self.close])

    def _send(self, write: Any) -> bool:
        """Send frames until the keeper can take the stream over, and return True; or until the listener ends."""
        for frame in self._frames:
            if self._stream.listener.is_attached and _sends_chunks(write):
                stream = self._stream
                KeptStream(self._keeper, stream.listener, stream.take_over(), stream.close).begin(frame)
                return True
            write(frame)
        return False


def _sends_chunks(write: Any) -> bool:
    """Return whether gunicorn's response sends its data in chunks: not to HTTP/1.0, nor by another protocol."""
    return bool(write.__self__.chunked)


def _frames(listener: Listener[JsonEvent], batches: Iterable[Sequence[JsonEvent]]) -> Iterator[bytes]:
    """Yield the bytes of a stream: the events, and before and after them how long to wait before reconnecting."""
    beginning = retry_line()
    for batch in batches:
        yield beginning + _joined(tuple(batch)) or HEARTBEAT
        beginning = b""
    if listener.end_reason is not EndReason.CLIENT_GONE:
        yield retry_line()


@lru_cache(4)
def _joined(events: tuple[JsonEvent, ...]) -> bytes:
    """Return the frames of these events. Listeners that catch up together have the same, tens of kilobytes."""
    return b"".join([event.frame for event in events])


@blueprint.route("/events/ticket/", methods=["POST"])
@answers(201, TicketOut)
def create_ticket() -> Response:
    """Create a ticket. It opens one stream, as `?ticket=` in the URL, within 30 seconds."""
    ticket = services().tickets.issue(caller(), token_expires_at())
    return presenting.json_response({"ticket": ticket, "expires_in": LIFETIME_SECONDS}, 201)
