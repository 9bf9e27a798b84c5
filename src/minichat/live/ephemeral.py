"""Ephemeral events: typing and presence. They go to the current listeners and are never stored.

This module decides when to check for them. It knows neither the form of an event nor the source of the notices.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from time import monotonic
from typing import Generic, Protocol

from minichat.domain.model import SECOND, TypingNotice, is_within
from minichat.domain.ports import Clock
from minichat.domain.presence import Presence
from minichat.domain.retries import retry_on_conflict
from minichat.live.events import EventT, EventT_contra, EventWriter

PRESENCE_INTERVAL = 10 * SECOND
"""Interval between two checks of presence, in milliseconds. Few events of presence are later."""
MIN_PRESENCE_INTERVAL = 2 * SECOND
"""The interval after a call of `check_presence_soon`."""

KEPT_AT_ONCE = 500
"""After the presence of so many users is renewed, other work of the process comes first. It takes about 8 ms."""

PUBLISHING_SECONDS = 0.005
"""How long changes of presence are published before the changes of the log. One takes 15 ms with 2,500 listeners."""


class Audience(Protocol[EventT_contra]):
    """The listeners of this worker."""

    def user_ids(self) -> Collection[int]:
        """Return the users who have a listener."""

    def publish(self, room_ids: Iterable[int], event: EventT_contra, *, except_user_id: int) -> None:
        """Send an event once to each listener in any of the rooms, except to the listeners of one user."""

    def publish_typing(self, notice: TypingNotice, event: EventT_contra) -> None:
        """Send the event of a typing notice to each listener that receives it."""


class EphemeralEvents(Generic[EventT]):
    """Publishes the ephemeral events of all workers to the listeners of this one."""

    def __init__(self, presence: Presence, writer: EventWriter[EventT], clock: Clock) -> None:
        self._presence = presence
        self._writer = writer
        self._clock = clock
        self._position: int | None = None
        self._online: set[int] | None = None
        self._changed: set[int] = set()
        """The users whose presence has changed and is not published yet."""
        self._checked_at = -PRESENCE_INTERVAL
        self._must_hurry = False

    def check_presence_soon(self) -> None:
        """Shorten the interval to the next check of presence: a user has come online."""
        self._must_hurry = True

    def publish_typing(self, audience: Audience[EventT], end: int) -> None:
        """Publish the typing notices since the last call, up to the position `end`.

        The hub calls this in every round. It holds its lock, so that no listener is attached meanwhile.
        """
        position = self._typing_position()
        if end <= position:
            return
        notices, newest = self._presence.notices_after(position)
        self._position = end
        for notice in notices[: max(0, len(notices) - (newest - end))]:
            audience.publish_typing(notice, self._writer.typing(notice))

    def publish_presence(self, audience: Audience[EventT]) -> bool:
        """Publish some changes of presence, and look for new ones if that is due. Return whether any are left.

        The hub calls this in every round.
        """
        now = self._clock()
        interval = MIN_PRESENCE_INTERVAL if self._must_hurry else PRESENCE_INTERVAL
        if not is_within(interval, self._checked_at, now):
            self._checked_at, self._must_hurry = now, False
            self._keep_online(list(audience.user_ids()))
            before, self._online = self._online, set(self._presence.online())
            # The presence of a user who has gone and come back since the last event has not changed.
            self._changed ^= set() if before is None else self._online ^ before
        self._publish_changes(audience)
        return bool(self._changed)

    def typing_end(self) -> int:
        """Return the position after the newest typing notice."""
        return self._presence.notices_end()

    def begin(self, position: int) -> None:
        """Discard the state of earlier calls. The first listener receives the typing notices after the position."""
        self._position, self._online = position, None
        self._changed.clear()
        self._checked_at = -PRESENCE_INTERVAL

    def published_after(self, position: int) -> Iterator[tuple[TypingNotice, EventT]]:
        """Yield the typing notices after the position that are published already, with their events."""
        notices, end = self._presence.notices_after(position)
        unpublished = end - self._typing_position()
        for notice in notices[: max(0, len(notices) - unpublished)]:
            yield notice, self._writer.typing(notice)

    def _typing_position(self) -> int:
        """Return the position after the last published typing notice; before the first call, after the newest one."""
        if self._position is None:
            self._position = self._presence.notices_end()
        return self._position

    def _keep_online(self, user_ids: Sequence[int]) -> None:
        """Renew the presence of these users."""
        for start in range(0, len(user_ids), KEPT_AT_ONCE):
            retry_on_conflict(partial(self._presence.keep_online, user_ids[start : start + KEPT_AT_ONCE]))
            time.sleep(0)

    def _publish_changes(self, audience: Audience[EventT]) -> None:
        began = monotonic()
        for user_id in tuple(self._changed):
            user, room_ids = self._presence.with_rooms(user_id)
            if user is not None:
                audience.publish(room_ids, self._writer.presence(user), except_user_id=user_id)
            self._changed.discard(user_id)
            if monotonic() - began >= PUBLISHING_SECONDS:
                return
