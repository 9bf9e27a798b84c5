"""What is told to who listens and never stored: who is typing, and who comes and goes."""

from collections.abc import Collection, Iterable
from typing import Any, Protocol

import orjson

from minichat.api.events import Event
from minichat.api.times import optional_rfc3339, rfc3339
from minichat.domain.model import SECOND, Timestamp
from minichat.domain.ports import Clock
from minichat.domain.presence import Presence
from minichat.domain.retries import retry_on_conflict

PRESENCE_PAUSE = 10 * SECOND
"""How often it is looked who is online: a change is told that late at most."""
HURRIED_PAUSE = 2 * SECOND
"""How often it is looked at most, though somebody has come."""


class Audience(Protocol):
    """Those who listen here."""

    def user_ids(self) -> Collection[int]:
        """The users who listen."""

    def tell(self, room_ids: Iterable[int], event: Event, *, but: int) -> None:
        """Send an event to all listeners who are in one of the rooms, once each, but not to the user `but`."""


class Whispers:
    def __init__(self, presence: Presence, clock: Clock) -> None:
        self._presence = presence
        self._clock = clock
        self._position: int | None = None
        self._online: Collection[int] | None = None
        self._looked_at = -PRESENCE_PAUSE
        self._is_hurried = False

    def hurry(self) -> None:
        """Look soon who is online: somebody has come."""
        self._is_hurried = True

    def tell(self, audience: Audience) -> None:
        """Tell what there is to tell; to be called again and again."""
        self._tell_typing(audience)
        now = self._clock()
        pause = HURRIED_PAUSE if self._is_hurried else PRESENCE_PAUSE
        if abs(now - self._looked_at) >= pause:  # a clock that is set back must not silence it
            self._looked_at, self._is_hurried = now, False
            retry_on_conflict(lambda: self._presence.keep_online(audience.user_ids()))
            self._tell_presence(audience)

    def rest(self) -> None:
        """Forget where one was, because nobody listens any more."""
        self._position = self._online = None
        self._looked_at = -PRESENCE_PAUSE

    def _tell_typing(self, audience: Audience) -> None:
        if self._position is None:
            self._position = self._presence.notices_end()
        notices, self._position = self._presence.notices_after(self._position)
        for notice in notices:
            data = {"room": notice.room_id, "user": notice.user_id}
            audience.tell([notice.room_id], _event("typing", notice.at, data), but=notice.user_id)

    def _tell_presence(self, audience: Audience) -> None:
        before, self._online = self._online, set(self._presence.online())
        for user_id in set() if before is None else self._online.symmetric_difference(before):
            user, room_ids = self._presence.with_rooms(user_id)
            if user is not None:
                now = self._clock()
                data = {
                    "user": user_id,
                    "is_online": user.is_online(now),
                    "last_seen": optional_rfc3339(user.last_seen_at),
                }
                audience.tell(room_ids, _event("presence", now, data), but=user_id)


def _event(kind: str, at: Timestamp, data: dict[str, Any]) -> Event:
    return Event(kind, None, orjson.dumps({"type": kind, "time": rfc3339(at), "data": data}))
