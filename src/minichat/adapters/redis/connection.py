"""A worker's connection with Redis, and whether Redis is up.

The first command without an answer marks Redis as down. From then on every command fails at once, so no request waits,
while one thread probes Redis until it answers.
"""

import logging
import threading
import time
from collections.abc import Callable
from random import SystemRandom
from typing import TypeVar

from redis import Redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 0.3
"""Maximum time for a connection to Redis and for an answer."""
FIRST_BACKOFF_SECONDS = 0.5
"""Back-off before the first probe of a Redis that is down. It doubles with each failure."""
MAX_BACKOFF_SECONDS = 3.0
FAILURES = (RedisError, OSError)
"""The client's errors if Redis does not answer, or rejects a command."""

Result = TypeVar("Result")
_random = SystemRandom()  # background threads must not draw from a generator that other code has seeded


def with_jitter(seconds: float) -> float:
    """Return a random part of the pause, at least half of it, so that workers do not reconnect at the same moment."""
    return seconds * _random.uniform(0.5, 1)


class RedisUnavailable(Exception):
    """Redis did not answer, or is known to be down."""


class RedisConnection:
    def __init__(self, url: str) -> None:
        """Connect at the first use."""
        self._redis = Redis.from_url(
            url,
            protocol=2,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            # Reconnect at once if Redis has closed the connection. A timeout is not retried.
            retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionLost,)),
        )
        self._lock = threading.Lock()
        self._up = threading.Event()
        self._up.set()
        self._observers: list[Callable[[bool], object]] = []
        self.database = int(self._redis.connection_pool.connection_kwargs.get("db") or 0)
        """The number of the database in the URL. Keys belong to one database, channels to all."""

    @property
    def is_up(self) -> bool:
        """Whether Redis answered the last command."""
        return self._up.is_set()

    def on_change(self, observer: Callable[[bool], object]) -> None:
        """Call `observer` with `is_up` each time it changes."""
        self._observers.append(observer)

    def run(self, command: Callable[[Redis], Result]) -> Result:
        """Return the result of `command(client)`. Raises RedisUnavailable, at once if Redis is marked as down."""
        if not self.is_up:
            raise RedisUnavailable
        try:
            return command(self._redis)
        except FAILURES as error:
            self._mark_down(error)
            raise RedisUnavailable from error

    def answers(self) -> bool:
        """Return whether Redis answers now."""
        try:
            return bool(self.run(lambda redis: redis.ping()))
        except RedisUnavailable:
            return False

    def open_pubsub(self) -> PubSub:
        """Return a separate connection that can subscribe to channels."""
        pubsub: PubSub = self._redis.pubsub()  # type: ignore[no-untyped-call]
        return pubsub

    def wait_until_up(self) -> None:
        self._up.wait()

    def _mark_down(self, error: Exception) -> None:
        """Mark Redis as down, and start to probe it."""
        with self._lock:
            if not self.is_up:
                return  # another command has failed before
            self._up.clear()
        log.warning("Redis does not answer; this worker continues without it: %s", error)
        self._notify(is_up=False)
        threading.Thread(target=self._wait_for_redis, name="minichat-redis", daemon=True).start()

    def _wait_for_redis(self) -> None:
        pause_seconds = FIRST_BACKOFF_SECONDS
        while True:
            time.sleep(with_jitter(pause_seconds))
            pause_seconds = min(2 * pause_seconds, MAX_BACKOFF_SECONDS)
            try:
                # Probe with a write: a Redis that answers but rejects writes is useless.
                self._redis.set("minichat:probe", "", ex=60)
            except FAILURES:
                continue
            break
        self._up.set()
        log.info("Redis answers again")
        self._notify(is_up=True)

    def _notify(self, *, is_up: bool) -> None:
        for observer in self._observers:
            observer(is_up)
