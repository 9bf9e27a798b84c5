"""What Redis does for all workers and hosts together: exact counters for rate limits. It is never needed.

This stands apart from the rest because the client takes 6 MB of each worker, which is for those who have a Redis.
"""

import logging
from time import monotonic

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError
from redis.retry import Retry

from minichat.adapters.counters import MemoryCounters

log = logging.getLogger(__name__)

PATIENCE = 0.3
"""How long one request waits for Redis, in seconds, before all go on without it."""
PAUSE = 3.0
"""How long nobody asks a Redis that did not answer, in seconds; then one request asks for all."""


class RedisCounters:
    """Counters in Redis; while it is away, each process counts by itself."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            # A connection that Redis has closed is made again at once; silence is not waited for twice.
            retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionLost,)),
        )
        self._alone = MemoryCounters()
        self._is_away = False
        self._ask_again_at = 0.0

    def add(self, key: str, seconds: int) -> int:
        """Add one to a counter, which is forgotten `seconds` after its last; return how much it is."""
        if self._is_away:
            if monotonic() < self._ask_again_at:
                return self._alone.add(key, seconds)
            self._ask_again_at = monotonic() + PAUSE  # the others go on alone while this one asks
        name = f"minichat:limits:{key}"
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                pipe.incr(name)
                pipe.expire(name, seconds)
                count, _ = pipe.execute()
        except (RedisError, OSError) as error:
            self._went(error)
            return self._alone.add(key, seconds)
        if self._is_away:
            self._is_away = False
            log.info("Redis answers again: rate limits count over all workers")
        return int(count)

    def answers(self) -> bool:
        """Whether Redis answers now, asked with little patience."""
        try:
            return bool(self._redis.ping())
        except (RedisError, OSError):
            return False

    def _went(self, error: Exception) -> None:
        # Of all requests that wait for a Redis that hangs, the first to give up tells.
        if not self._is_away:
            log.warning("Redis does not answer, rate limits count in each worker alone: %s", error)
        self._is_away = True
        self._ask_again_at = monotonic() + PAUSE
