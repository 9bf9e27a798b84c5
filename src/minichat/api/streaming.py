"""The part of a stream that needs the request: its cursor, its caller and its connection.

The transports (server-sent events, WebSocket, long polling) open their listeners here. `live.streaming` yields the
events, and each transport sends them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from flask import request

from minichat.api import polyfills
from minichat.api.context import base_url, context, services
from minichat.api.events import JsonEvent
from minichat.api.request_state import caller, caller_id, token_expires_at
from minichat.domain.changes import Subscription
from minichat.domain.errors import ChatError, ResyncRequired, TokenExpired
from minichat.domain.model import Caller, Figure, LogPosition
from minichat.domain.ports import OwnConnection
from minichat.live.listeners import Listener
from minichat.live.streaming import stream_events


def subscription_or_resync(query: Mapping[str, Any], *, only: int | None = None) -> tuple[Subscription, bool]:
    """Return the caller's subscription after the newest cursor of the request, or at the end of the log without one.

    Return as well whether the client must load everything again: the log may no longer hold the changes after the
    cursor. Then the subscription begins at the log's end. `query` is an `EventsQuery`. `only` is the id of a room, if
    the client wants only its events. Raises InvalidCursor.
    """
    position = position_in(query)
    subscribe = services().change_log.subscribe
    try:
        return subscribe(caller_id(), position, only=only), False
    except ResyncRequired:
        return subscribe(caller_id(), None, only=only), True


def position_in(query: Mapping[str, Any], **_path: object) -> LogPosition | None:
    """Return the position of the newest cursor of the request, or None without any. Raises InvalidCursor."""
    # A client that reconnects by itself repeats its first URL, with its first cursor, and adds a newer one elsewhere.
    given = {
        "Last-Event-ID": request.headers.get("Last-Event-ID"),
        polyfills.CURSOR: query.get("last_event_id"),
        "after": query.get("after"),
    }
    return context().cursors.newest({field: cursor for field, cursor in given.items() if cursor})


class OpenStream(NamedTuple):
    listener: Listener[JsonEvent]
    """The hub has admitted it."""
    can_take_over: bool
    """Whether events can be sent without the thread of the request."""
    take_over: Callable[[], OwnConnection]
    """Returns a connection for the time after the request. Requires `can_take_over`."""
    close: Callable[[], None]


def open_stream(subscription: Subscription) -> OpenStream:
    """Open a listener for a stream or a socket, and count it. Raises the errors of `open_listener`."""
    opened = open_listener(subscription)
    context().tally.count(Figure.STREAMS)
    return opened


def open_listener(subscription: Subscription) -> OpenStream:
    """Return a listener with the function that closes it. Raises Unavailable, StreamsNotServed or TooManyStreams."""
    hub = context().hub
    listener: Listener[JsonEvent] = Listener(subscription, caller().session.id, token_expires_at(), base_url())
    client = context().watch_client(request.environ, listener.end)
    listener.disconnect = client.disconnect

    def close() -> None:
        listener.sink = None
        hub.remove(listener)
        client.stop()

    try:
        hub.admit(listener)
    except ChatError:
        client.stop()
        raise
    return OpenStream(listener, client.can_take_over, client.take_over, close)


def events_of(listener: Listener[JsonEvent], *, must_resync: bool) -> Iterator[Sequence[JsonEvent]]:
    """Yield the listener's events until its end: see `stream_events`."""
    app = context()
    return stream_events(app.hub, app.events, listener, must_resync=must_resync)


def authenticate_again() -> Caller:
    """Authenticate the caller of a long request again. Raises SessionEnded or TokenExpired."""
    found = services().sessions.authenticate(caller().session.id, caller_id())
    if token_expires_at() <= context().clock():
        raise TokenExpired
    return found
