"""`/api/chat/sync/`: the changes since a cursor, by polling or long polling."""

from collections.abc import Sequence
from time import monotonic
from typing import Any

import orjson
from flask import Response

from minichat.api import presenting
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import base_url, context, services
from minichat.api.events import JsonEvent
from minichat.api.request_state import caller_id
from minichat.api.schemas.events import SyncOut
from minichat.api.schemas.queries import SyncQuery
from minichat.api.streaming import authenticate_again, open_listener
from minichat.domain.changes import ChangeBatch, Subscription
from minichat.live.events import Addressed

blueprint = Blueprint(
    "sync", __name__, url_prefix="/api/chat", description="The changes since a cursor, by polling or long polling."
)


def _check_cursor(query: dict[str, Any]) -> None:
    if "after" in query:
        context().cursors.decode(query["after"], "after")


@blueprint.route("/sync/", methods=["GET"])
@blueprint.arguments(SyncQuery, location="query", rules=_check_cursor)
@answers(200, SyncOut, 400, 410)
def sync_events(query: dict[str, Any]) -> Response:
    """List the events of your rooms since a cursor, oldest first.

    Without `after`, the answer holds only the current cursor. With `after` and a `timeout`, the request waits up to
    that many seconds for an event. Continue with the `cursor` of the answer, at once if it `has_more`. Status 410 means
    that the log no longer holds the events after your cursor: get a new cursor, then load everything again.
    """
    after = query.get("after")
    position = None if after is None else context().cursors.decode(after, "after")
    subscription = services().change_log.subscribe(caller_id(), position)
    batch, events = _read(subscription, query["limit"])
    # Not by the changes: the user may not see an event of each, such as an edit from before their joining.
    if not events and not batch.has_more and query["timeout"] and position is not None:
        _wait_for_changes(subscription, query["timeout"])
        batch, events = _read(subscription, query["limit"])
    return presenting.json_response(
        {
            "events": [orjson.Fragment(event.json) for event in events],
            "cursor": context().cursors.encode(subscription.position),
            "has_more": batch.has_more,
        }
    )


def _read(subscription: Subscription, limit: int) -> tuple[ChangeBatch, Sequence[JsonEvent]]:
    """Return the subscription's next changes, and their events."""
    change_log = services().change_log
    with change_log.at_one_moment():
        batch = change_log.read(subscription, limit)
        addressed = [Addressed(logged, [caller_id()]) for logged in batch.changes]
        written = context().events.write(addressed, base_url())
        return batch, [event for event_by_user in written for event in event_by_user.values()]


def _wait_for_changes(subscription: Subscription, timeout_seconds: int) -> None:
    """Wait until the subscription has changes or the time is over. Raises NotAuthenticated if the session ends."""
    opened = open_listener(subscription.copy())
    listener = opened.listener
    until = monotonic() + timeout_seconds
    try:
        context().hub.attach(listener)
        while not listener.has_ended and (left := until - monotonic()) > 0:
            # Ephemeral events don't end the wait: the answer could not hold them.
            if any(event.is_stored for event in listener.receive(left)):
                break
    finally:
        opened.close()
    authenticate_again()
