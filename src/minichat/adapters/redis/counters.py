"""Counters for rate limits that are exact over all workers and hosts."""

from redis import Redis

from minichat.adapters.redis.connection import Connection, RedisAway
from minichat.domain.ports import RequestCounter


class RedisRequestCounter:
    """Counters in Redis; while it is away, each process counts by itself."""

    def __init__(self, connection: Connection, alone: RequestCounter) -> None:
        self._connection = connection
        self._alone = alone

    def add(self, key: str, seconds: int) -> int:
        """Add one to a counter, which is forgotten `seconds` after its last; return how much it is."""

        def count(redis: Redis) -> int:
            with redis.pipeline(transaction=False) as pipe:
                pipe.incr(name)
                pipe.expire(name, seconds)
                return int(pipe.execute()[0])

        name = f"minichat:limits:{key}"
        try:
            return self._connection.ask(count)
        except RedisAway:
            return self._alone.add(key, seconds)
