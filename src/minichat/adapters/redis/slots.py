"""Stream slots over all hosts: each acquired slot has a lease in Redis. Implements `StreamSlots`.

The leases of a user are a sorted set, ordered by expiry. Each worker renews its leases; those of a dead worker expire.
While Redis is down, each host counts its slots alone. When Redis answers again, the worker renews the leases of all its
slots, even if the user then exceeds the limit: an open stream keeps its slot.
"""

import secrets
import threading
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import cached_property

from redis import Redis

from minichat.adapters.redis.connection import RedisConnection, RedisUnavailable
from minichat.domain.ports import StreamSlots

LEASE_SECONDS = 15.0
"""Lifetime of a lease. The worker renews it three times during that time."""
RENEWALS_AT_ONCE = 200
# Both scripts use the clock of Redis, which is the same for all hosts. If it was set back, earlier leases lie too far
# ahead; the workers that live renew theirs.
_ACQUIRE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. now + ARGV[2], '+inf')
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
"""The id of a user and the number of a slot."""


class RedisStreamSlots:
    def __init__(
        self,
        connection: RedisConnection,
        fallback: StreamSlots,
        max_per_user: int,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        """`fallback` holds the slots of this host."""
        self._connection = connection
        self._fallback = fallback
        self._max_per_user = max_per_user
        self._lease_seconds = lease_seconds
        self._lock = threading.Lock()
        self._held: set[Slot] = set()
        self._renewer: threading.Thread | None = None

    def acquire(self, user_id: int) -> int | None:
        """Acquire a free slot of the user and return its number, or None if the user has no free slot."""
        number = self._fallback.acquire(user_id)
        if number is None:
            return None
        if not self._acquire_lease(user_id, number):
            self._fallback.release(user_id, number)
            return None
        with self._lock:
            self._held.add((user_id, number))
            if self._renewer is None:
                self._renewer = threading.Thread(target=self._renew_forever, name="minichat-redis-slots", daemon=True)
                self._renewer.start()
        return number

    def release(self, user_id: int, number: int) -> None:
        """Release a slot that this process acquired."""
        with self._lock:
            self._held.discard((user_id, number))
        self._end_leases([(user_id, number)])
        self._fallback.release(user_id, number)

    def _acquire_lease(self, user_id: int, number: int) -> bool:
        args: list[str | int] = [self._member(number), self._lease_ms, self._max_per_user]
        try:
            return self._connection.run(lambda redis: bool(redis.register_script(_ACQUIRE)([_key(user_id)], args)))
        except RedisUnavailable:
            return True

    def _renew_forever(self) -> None:
        while True:
            time.sleep(self._lease_seconds / 3)
            with self._lock:
                held = tuple(self._held)
            for start in range(0, len(held), RENEWALS_AT_ONCE):
                self._renew(held[start : start + RENEWALS_AT_ONCE])

    def _renew(self, slots: Sequence[Slot]) -> None:
        keys = [_key(user_id) for user_id, _ in slots]
        args: list[str | int] = [self._lease_ms, *(self._member(number) for _, number in slots)]
        with suppress(RedisUnavailable):  # the next round renews
            self._connection.run(lambda redis: redis.register_script(_RENEW)(keys, args))
        # A slot that was released during the renewal may have got its lease back.
        self._end_leases([slot for slot in slots if slot not in self._held])

    def _end_leases(self, slots: Collection[Slot]) -> None:
        def remove(redis: Redis) -> None:
            with redis.pipeline(transaction=False) as pipe:
                for user_id, number in slots:
                    pipe.zrem(_key(user_id), self._member(number))
                pipe.execute()

        if slots:
            with suppress(RedisUnavailable):  # the leases expire
                self._connection.run(remove)

    def _member(self, number: int) -> str:
        return f"{self._worker}:{number}"

    @cached_property
    def _worker(self) -> str:
        # Chosen at the first use: a name chosen before the fork would be the same in all workers.
        return secrets.token_hex(6)

    @property
    def _lease_ms(self) -> int:
        return int(self._lease_seconds * 1_000)


def _key(user_id: int) -> str:
    return f"minichat:streams:{user_id}"
