"""Numbered slots for each user, over all hosts: a lease in Redis beside each slot that is taken on its host.

The leases of a user are a sorted set, by when they end. Each worker renews its own for as long as it lives, and those
of one that dies end by themselves. While Redis is away, the slots of each host count alone; what was taken meanwhile is
told to Redis when it is back, even if it is more than a user may have: who has a slot keeps it.
"""

import secrets
import threading
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import cached_property

from redis import Redis

from minichat.adapters.redis.connection import Connection, RedisAway
from minichat.domain.ports import StreamSlots

LEASE = 15.0
"""How long a lease lasts, in seconds; it is renewed three times in that time."""
TOGETHER = 200
"""How many leases are renewed at once."""
# By the clock of Redis, which is the same for all.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""
_RENEW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for index, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + ARGV[1], ARGV[index + 1])
  redis.call('PEXPIRE', key, ARGV[1])
end
return #KEYS
"""

Slot = tuple[int, int]
"""A user and the number of a slot."""


class RedisStreamSlots:
    def __init__(self, connection: Connection, on_this_host: StreamSlots, most: int, lease: float = LEASE) -> None:
        """Each user has `most` slots; `lease` is in seconds."""
        self._connection = connection
        self._on_this_host = on_this_host
        self._most = most
        self._lease = lease
        self._lock = threading.Lock()
        self._mine: set[Slot] = set()
        self._keeper: threading.Thread | None = None

    def acquire(self, user_id: int) -> int | None:
        """The number of a slot that was free and is now taken, or None."""
        number = self._on_this_host.acquire(user_id)
        if number is None:
            return None
        if not self._may_take(user_id, number):
            self._on_this_host.release(user_id, number)
            return None
        with self._lock:
            self._mine.add((user_id, number))
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="minichat-redis-slots", daemon=True)
                self._keeper.start()
        return number

    def release(self, user_id: int, number: int) -> None:
        """Free a slot that was taken here."""
        with self._lock:
            self._mine.discard((user_id, number))
        self._end([(user_id, number)])
        self._on_this_host.release(user_id, number)

    def _may_take(self, user_id: int, number: int) -> bool:
        args: list[str | int] = [self._member(number), self._milliseconds, self._most]
        try:
            return self._connection.ask(lambda redis: bool(redis.register_script(_TAKE)([_key(user_id)], args)))
        except RedisAway:
            return True

    def _keep(self) -> None:
        while True:
            time.sleep(self._lease / 3)
            with self._lock:
                mine = tuple(self._mine)
            for start in range(0, len(mine), TOGETHER):
                self._renew(mine[start : start + TOGETHER])

    def _renew(self, slots: Sequence[Slot]) -> None:
        keys = [_key(user_id) for user_id, _ in slots]
        args: list[str | int] = [self._milliseconds, *(self._member(number) for _, number in slots)]
        with suppress(RedisAway):  # it is told the next time
            self._connection.ask(lambda redis: redis.register_script(_RENEW)(keys, args))
        # One that was given back while this was under way may have been renewed after it had ended.
        self._end([slot for slot in slots if slot not in self._mine])

    def _end(self, slots: Collection[Slot]) -> None:
        def end(redis: Redis) -> None:
            with redis.pipeline(transaction=False) as pipe:
                for user_id, number in slots:
                    pipe.zrem(_key(user_id), self._member(number))
                pipe.execute()

        if slots:
            with suppress(RedisAway):  # they end by themselves
                self._connection.ask(end)

    def _member(self, number: int) -> str:
        return f"{self._worker}:{number}"

    @cached_property
    def _worker(self) -> str:
        # Made at the first use: before a fork, it would be the name of all workers.
        return secrets.token_hex(6)

    @property
    def _milliseconds(self) -> int:
        return int(self._lease * 1_000)


def _key(user_id: int) -> str:
    return f"minichat:streams:{user_id}"
