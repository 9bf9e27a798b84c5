"""Notices of who is typing, for the workers of all hosts: see `domain.ports.Notices`.

When the same user left the last one in the same room is kept in Redis, so that the pause counts over all hosts. What
the others leave is heard, and waits in a ring of this worker. While Redis is away, the workers of this host go on with
what they share besides; both are read all the time, as not all find out at the same moment.
"""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from itertools import islice

from minichat.adapters.redis.channel import Channel, Topic
from minichat.adapters.redis.connection import Connection, RedisAway
from minichat.domain.model import MAX_ID, TypingNotice
from minichat.domain.ports import NoticeBoard

log = logging.getLogger(__name__)

PLACES = 1_024
"""How many notices there is room for."""
_YEAR_10_000 = 253_402_300_800_000
"""The first time that can't be written, in milliseconds since the epoch."""
_LEAVE = """
local last = redis.call('GET', KEYS[1])
if last and math.abs(ARGV[1] - last) < tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
"""


class RedisNotices:
    def __init__(self, connection: Connection, channel: Channel, on_this_host: NoticeBoard) -> None:
        self._connection = connection
        self._channel = channel
        self._on_this_host = on_this_host
        self._place_there: int | None = None
        self._lock = threading.Lock()
        self._ring: deque[TypingNotice] = deque(maxlen=PLACES)
        self._count = 0
        channel.hear(Topic.TYPING, self._hear)

    def leave(self, notice: TypingNotice, pause: int) -> bool:
        keys = [f"minichat:typing:{notice.room_id}:{notice.user_id}"]
        text = self._channel.signed(f"{notice.room_id} {notice.user_id} {notice.at}")
        args: list[str | int] = [notice.at, pause, self._channel.named(Topic.TYPING), text]
        self._read_this_host()  # from before what this may leave there
        try:
            is_left = self._connection.ask(lambda redis: bool(redis.register_script(_LEAVE)(keys, args)))
        except RedisAway:
            return self._on_this_host.leave(notice, pause)
        if is_left:
            self._keep(notice)
            self._channel.note_sent(Topic.TYPING)
        return is_left

    def end(self) -> int:
        self._read_this_host()
        return self._count

    def after(self, position: int) -> tuple[Sequence[TypingNotice], int]:
        self._read_this_host()
        with self._lock:
            first = self._count - len(self._ring)
            return list(islice(self._ring, max(0, position - first), None)), self._count

    def _hear(self, text: bytes) -> None:
        try:
            notice = TypingNotice(*map(int, text.split()))
        except (TypeError, ValueError):
            notice = None
        if (
            notice is None
            or not 0 < notice.room_id <= MAX_ID
            or not 0 < notice.user_id <= MAX_ID
            or not 0 <= notice.at < _YEAR_10_000
        ):
            log.warning("what was said of typing is no notice")
            return
        self._keep(notice)

    def _read_this_host(self) -> None:
        """Take over what the workers of this host have left while Redis was away."""
        if self._place_there is None:
            self._place_there = self._on_this_host.end()
        left, self._place_there = self._on_this_host.after(self._place_there)
        for notice in left:
            self._keep(notice)

    def _keep(self, notice: TypingNotice) -> None:
        with self._lock:
            # When Redis has gone after it was told and before it could answer, the same notice is left here as well.
            if notice not in self._ring:
                self._ring.append(notice)
                self._count += 1
