"""What every live transport does alike: begin to listen, hear what was missed and then what happens, and stop."""

import time
from collections.abc import Callable, Iterator, Sequence

from flask import request

from minichat.api.context import AppContext, base_url, context, services
from minichat.api.events import Event
from minichat.api.request_state import caller, caller_id, token_expires_at
from minichat.domain.changes import Subscription
from minichat.domain.errors import ChatError, ResyncRequired, TokenExpired, Unavailable
from minichat.domain.model import Caller
from minichat.live.hub import End, Listener

HEARTBEAT = 15.0
"""After how many silent seconds a stream says that it is still there."""
STRETCH = 100
"""How many changes are read at once for who catches up."""
TOGETHER = 10
"""How many of them are sent together."""


def subscription_at(cursor: str | None, field: str, *, only: int | None = None) -> Subscription:
    """The caller's reader behind the cursor that came in that field, or at the end.

    Raises InvalidCursor or ResyncRequired.
    """
    position = None if cursor is None else context().cursors.read(cursor, field)
    return services().change_log.subscribe(caller_id(), position, only=only)


def subscription_or_resync(cursor: str | None, field: str, *, only: int | None = None) -> tuple[Subscription, bool]:
    """The same; where the log does not hold what comes after the cursor, a reader at its end, and True."""
    try:
        return subscription_at(cursor, field, only=only), False
    except ResyncRequired:
        return subscription_at(None, field, only=only), True


def admitted(subscription: Subscription) -> tuple[Listener, Callable[[], None]]:
    """A listener whom the hub has counted in, and what to call when they go. Raises Unavailable, TooManyStreams."""
    hub = context().hub
    listener = Listener(subscription, caller().session.id, token_expires_at(), base_url())
    client = context().watch_client(request.environ, listener.end)
    listener.cut = client.disconnect

    def leave() -> None:
        hub.leave(listener)
        client.stop()

    try:
        hub.admit(listener)
    except ChatError:
        client.stop()
        raise
    return listener, leave


def heard(ctx: AppContext, listener: Listener, *, is_behind: bool) -> Iterator[Sequence[Event]]:
    """What the listener is sent until it is over, as it comes; nothing at first, when they have caught up, and where a
    heartbeat is due.
    """
    subscription, change_log = listener.subscription, ctx.services.change_log
    yield [ctx.events.resync()] if is_behind else []
    try:
        has_more = True
        while _takes_more(listener) and (has_more or not ctx.hub.enter(listener)):
            # One at a time, and others in between: what happens now must not wait for those who were away for long.
            with ctx.hub.catching_up, change_log.at_one_moment():
                changes, has_more = change_log.read(subscription, STRETCH)
                # Written before the first is sent, which may take long: who is in the rooms was looked up just now.
                written = ctx.events.write_all(changes, listener.base, subscription.user_id)
            time.sleep(0)
            for start in range(0, len(written), TOGETHER):
                if _takes_more(listener):
                    yield written[start : start + TOGETHER]
    except (ResyncRequired, Unavailable):
        listener.end(End.BROKEN)  # the client comes back, and is told then
    patience = 0.0  # who has just caught up may find that there is nothing more to hear
    while not listener.is_over:
        yield listener.take(patience)
        patience = HEARTBEAT


def authenticate_again() -> Caller:
    """Who makes this request that goes on. Raises SessionEnded or TokenExpired if it has outlived what let it in."""
    who = services().sessions.authenticate(caller().session.id, caller_id())
    if token_expires_at() <= context().clock():
        raise TokenExpired
    return who


def _takes_more(listener: Listener) -> bool:
    """Whether to go on with what was missed; that a client has gone shows when it is sent."""
    return listener.end_reason in {None, End.GONE}
