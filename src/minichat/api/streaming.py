"""The part of a stream that needs the request: its cursor, its caller and its connection.

The transports (server-sent events, WebSocket, long polling) open their listeners here. `live.streaming` yields the
events, and each transport sends them.
"""

from collections.abc import Callable, Iterator, Sequence

from flask import request

from minichat.api.context import base_url, context, services
from minichat.api.events import JsonEvent
from minichat.api.request_state import caller, caller_id, token_expires_at
from minichat.domain.changes import Subscription
from minichat.domain.errors import ChatError, ResyncRequired, TokenExpired
from minichat.domain.model import Caller
from minichat.live.listeners import Listener
from minichat.live.streaming import stream_events


def subscription_at(cursor: str | None, field: str, *, only: int | None = None) -> Subscription:
    """Return the caller's subscription after the cursor, or at the end of the log if there is no cursor.

    `field` is the parameter or header that holds the cursor. `only` is the id of a room, if the client wants only its
    events. Raises InvalidCursor or ResyncRequired.
    """
    position = None if cursor is None else context().cursors.decode(cursor, field)
    return services().change_log.subscribe(caller_id(), position, only=only)


def subscription_or_resync(cursor: str | None, field: str, *, only: int | None = None) -> tuple[Subscription, bool]:
    """Return the same, and whether the client must load everything again.

    It must if the log no longer holds the changes after the cursor. Then the subscription begins at the log's end.
    """
    try:
        return subscription_at(cursor, field, only=only), False
    except ResyncRequired:
        return subscription_at(None, field, only=only), True


def open_listener(subscription: Subscription) -> tuple[Listener[JsonEvent], Callable[[], None]]:
    """Return a listener that the hub has admitted, and the function that closes it.

    Raises Unavailable or TooManyStreams.
    """
    hub = context().hub
    listener: Listener[JsonEvent] = Listener(subscription, caller().session.id, token_expires_at(), base_url())
    client = context().watch_client(request.environ, listener.end)
    listener.disconnect = client.disconnect

    def close() -> None:
        hub.remove(listener)
        client.stop()

    try:
        hub.admit(listener)
    except ChatError:
        client.stop()
        raise
    return listener, close


def events_of(listener: Listener[JsonEvent], *, must_resync: bool) -> Iterator[Sequence[JsonEvent]]:
    """Yield the listener's events until its end: see `stream_events`."""
    app = context()
    return stream_events(app.hub, app.services.change_log, app.events, listener, must_resync=must_resync)


def authenticate_again() -> Caller:
    """Authenticate the caller of a long request again. Raises SessionEnded or TokenExpired."""
    found = services().sessions.authenticate(caller().session.id, caller_id())
    if token_expires_at() <= context().clock():
        raise TokenExpired
    return found
