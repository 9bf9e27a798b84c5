"""The notice board of all hosts, for typing notices. Implements `NoticeBoard`.

Redis stores the time of each user's last notice in each room, so the pause between two notices counts over all hosts.
The notices themselves arrive as hints, and wait in a ring of this worker. While Redis is down, the workers of this host
use their common fallback. A worker always reads both, because workers notice an outage at different times.
"""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from itertools import islice

from minichat.adapters.redis.connection import RedisConnection, RedisUnavailable
from minichat.adapters.redis.hints import HintChannel, Topic
from minichat.domain.model import MAX_ID, TypingNotice
from minichat.domain.ports import NoticeBoard

log = logging.getLogger(__name__)

CAPACITY = 1_024
"""Number of notices in the ring."""
_YEAR_10_000 = 253_402_300_800_000
"""The first time that RFC 3339 can't express, in milliseconds since the Unix epoch."""
_POST = """
local last = redis.call('GET', KEYS[1])
if last and math.abs(ARGV[1] - last) < tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
"""


class RedisNoticeBoard:
    def __init__(self, connection: RedisConnection, hints: HintChannel, fallback: NoticeBoard) -> None:
        """`fallback` is the notice board that the workers of this host share."""
        self._connection = connection
        self._hints = hints
        self._fallback = fallback
        self._fallback_position: int | None = None
        self._lock = threading.Lock()
        self._ring: deque[TypingNotice] = deque(maxlen=CAPACITY)
        self._count = 0
        hints.subscribe(Topic.TYPING, self._receive)

    def post(self, notice: TypingNotice, pause: int) -> bool:
        keys = [f"minichat:typing:{notice.room_id}:{notice.user_id}"]
        text = self._hints.signed(f"{notice.room_id} {notice.user_id} {notice.at}")
        args: list[str | int] = [notice.at, pause, self._hints.redis_channel(Topic.TYPING), text]
        self._read_fallback()  # first, so that its position is before a notice that this call posts there
        try:
            is_posted = self._connection.run(lambda redis: bool(redis.register_script(_POST)(keys, args)))
        except RedisUnavailable:
            return self._fallback.post(notice, pause)
        if is_posted:
            self._append(notice)
            self._hints.count_sent(Topic.TYPING)
        return is_posted

    def end(self) -> int:
        self._read_fallback()
        return self._count

    def after(self, position: int) -> tuple[Sequence[TypingNotice], int]:
        self._read_fallback()
        with self._lock:
            first = self._count - len(self._ring)
            return list(islice(self._ring, max(0, position - first), None)), self._count

    def _receive(self, text: bytes) -> None:
        notice = _parse(text)
        if notice is None:
            log.warning("A malformed typing hint was ignored")
            return
        self._append(notice)

    def _read_fallback(self) -> None:
        """Append the notices that workers of this host posted to the fallback while Redis was down."""
        if self._fallback_position is None:
            self._fallback_position = self._fallback.end()
        notices, self._fallback_position = self._fallback.after(self._fallback_position)
        for notice in notices:
            self._append(notice)

    def _append(self, notice: TypingNotice) -> None:
        with self._lock:
            # If Redis fails after it published a notice and before it answers, the fallback has the same notice.
            if notice not in self._ring:
                self._ring.append(notice)
                self._count += 1


def _parse(text: bytes) -> TypingNotice | None:
    """Return the notice in a hint, or None if the hint is malformed."""
    try:
        notice = TypingNotice(*map(int, text.split()))
    except (TypeError, ValueError):
        return None
    has_valid_ids = 0 < notice.room_id <= MAX_ID and 0 < notice.user_id <= MAX_ID
    return notice if has_valid_ids and 0 <= notice.at < _YEAR_10_000 else None
