"""`/api/chat/sync/` and `/api/chat/events/`: the change log, asked for or listened to. See `hub` for who hears what."""

import time
from collections.abc import Sequence
from time import monotonic
from typing import Any

import orjson
from flask import Flask, Response, request

from minichat.api import presenting
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import base_url, context, context_of, services
from minichat.api.events import JsonEvent
from minichat.api.policy import STREAM
from minichat.api.request_state import caller, caller_id, token_expires_at
from minichat.api.schemas.answers import SyncOut, TicketOut
from minichat.api.schemas.requests import EventsQuery, SyncQuery
from minichat.api.streaming import authenticate_again, open_listener, subscription_at, subscription_or_resync
from minichat.domain.changes import ChangeBatch, Subscription
from minichat.domain.tickets import LIFETIME
from minichat.live.streaming import stream_events

blueprint = Blueprint("live", __name__, url_prefix="/api/chat", description="Live updates")

GOODBYE_SECONDS = 1.0
"""How long a client may take to notice that its stream is over, when the server stops."""
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
# A comment, on a line of its own: what is no event must not end one.
_PULSE = b":\n"


@blueprint.route("/sync/", methods=["GET"])
@blueprint.arguments(SyncQuery, location="query")
@answers(200, SyncOut, 400, 410)
def sync(query: dict[str, Any]) -> Response:
    """What has happened in your rooms since a cursor, oldest first.

    Without `after`: the cursor of now. With it and a `timeout`, waits so many seconds for something to happen. Go on
    with the `cursor` of the answer, at once if it `has_more`. 410 means that the log no longer holds what you ask for:
    get a new cursor, then fetch anew what you show.
    """
    subscription = subscription_at(query.get("after"), "after")
    found, written = _read(subscription, query["limit"])
    if not found.changes and query["timeout"] and query.get("after") is not None:
        _wait_for_news(subscription, query["timeout"])
        found, written = _read(subscription, query["limit"])
    return presenting.json_response(
        {
            "events": [orjson.Fragment(event.json) for event in written],
            "cursor": context().cursors.encode(subscription.position),
            "has_more": found.has_more,
        }
    )


@blueprint.route("/events/", methods=["GET"], policy=STREAM)
@blueprint.arguments(EventsQuery, location="query")
@answers(200, {"type": "string"}, 400, content_type="text/event-stream")
def events(query: dict[str, Any]) -> Response:
    """What happens in your rooms, as it happens (server-sent events).

    Each event has the cursor as its `id`, its type as `event` and the whole Event as `data`. `Last-Event-ID`, or
    `after`, resumes behind that cursor. The stream ends with your session or access token: connect again and resume.
    An event `resync` tells that the log no longer holds what you missed: fetch anew what you show. `EventSource` sends
    no `Authorization`: give it a `ticket`.
    """
    header = request.headers.get("Last-Event-ID")
    place = (header, "Last-Event-ID") if header else (query.get("after"), "after")
    subscription, must_resync = subscription_or_resync(*place)
    if request.method == "HEAD":
        return Response(iter(()), headers=STREAM_HEADERS, content_type="text/event-stream")
    listener, close = open_listener(subscription)
    frames = (
        b"".join([event.frame for event in found]) or _PULSE
        for found in stream_events(
            context().hub, services().change_log, context().events, listener, must_resync=must_resync
        )
    )
    response = Response(frames, headers=STREAM_HEADERS, content_type="text/event-stream")
    # Not in the generator: one that was never begun does not come to its end either.
    response.call_on_close(close)
    return response


@blueprint.route("/events/ticket/", methods=["POST"])
@answers(201, TicketOut)
def make_ticket() -> Response:
    """A ticket to open one stream with, as `?ticket=` in its URL; good once, for 30 seconds."""
    ticket = services().tickets.issue(caller(), token_expires_at())
    return presenting.json_response({"ticket": ticket, "expires_in": LIFETIME}, 201)


def end_streams(app: Flask) -> None:
    """End all streams of this worker, because it stops: clients connect again and resume elsewhere."""
    hub = context_of(app).hub
    hub.close()
    time.sleep(GOODBYE_SECONDS)
    hub.close()


def _read(subscription: Subscription, limit: int) -> tuple[ChangeBatch, Sequence[JsonEvent]]:
    """Return the subscription's next changes, and their events."""
    change_log = services().change_log
    with change_log.at_one_moment():
        found = change_log.read(subscription, limit)
        return found, context().events.write_all(found.changes, base_url(), caller_id())


def _wait_for_news(subscription: Subscription, seconds: int) -> None:
    """Wait until the subscription has news or the time is over. Raises NotAuthenticated if the session ends."""
    listener, close = open_listener(subscription.copy())
    until = monotonic() + seconds
    try:
        is_there = not context().hub.attach(listener)
        while not (is_there or listener.has_ended) and (left := until - monotonic()) > 0:
            # Who types or comes online is nothing to answer with: only what is stored can be asked for.
            is_there = any(event.is_stored for event in listener.receive(left))
    finally:
        close()
    authenticate_again()
