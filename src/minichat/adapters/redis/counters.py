"""Request counts in Redis: rate limits that are exact over all workers and hosts."""

from redis import Redis

from minichat.adapters.redis.connection import RedisConnection, RedisUnavailable
from minichat.domain.ports import RequestCounter


class RedisRequestCounter:
    """Counts in Redis. While Redis is down, each process counts alone, with its fallback."""

    def __init__(self, connection: RedisConnection, fallback: RequestCounter) -> None:
        self._connection = connection
        self._fallback = fallback

    def add(self, key: str, seconds: int) -> int:
        """Add one to the count of a key and return the new count. The count expires `seconds` after the last call."""

        def increment(redis: Redis) -> int:
            with redis.pipeline(transaction=False) as pipe:
                pipe.incr(name)
                pipe.expire(name, seconds)
                return int(pipe.execute()[0])

        name = f"minichat:limits:{key}"
        try:
            return self._connection.run(increment)
        except RedisUnavailable:
            return self._fallback.add(key, seconds)
