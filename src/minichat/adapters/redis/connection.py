"""A worker's connection with Redis, and whether Redis is away.

Who asks waits little. The first to get no answer says so, and from then on all go on without Redis at once, while one
thread looks for it: no request waits for a Redis that is known to be away.
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

PATIENCE = 0.3
"""How long Redis may take to answer, in seconds."""
FIRST_PAUSE = 0.5
"""How long to wait before looking for a Redis that is away, in seconds; twice as long each time."""
LONGEST_PAUSE = 3.0
FAILURES = (RedisError, OSError)
"""What is raised by a Redis that does not answer, or that refuses what is asked."""

Answer = TypeVar("Answer")
_chance = SystemRandom()  # which threads that nobody waits for can draw from without changing what others draw


def jittered(pause: float) -> float:
    """Between half of the pause and all of it, so that not all workers come at the same moment."""
    return pause * _chance.uniform(0.5, 1)


class RedisAway(Exception):
    """Redis did not answer, or did not a moment ago."""


class Connection:
    def __init__(self, url: str) -> None:
        """Connect at the first use."""
        self._redis = Redis.from_url(
            url,
            protocol=2,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            # A connection that Redis has closed is made again at once; silence is not waited for twice.
            retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionLost,)),
        )
        self._lock = threading.Lock()
        self._is_there = threading.Event()
        self._is_there.set()
        self._watchers: list[Callable[[bool], object]] = []
        self.database = int(self._redis.connection_pool.connection_kwargs.get("db") or 0)
        """The number of the database that the URL names. Keys are of one; what is published is not."""

    @property
    def is_away(self) -> bool:
        """Whether Redis did not answer the last time."""
        return not self._is_there.is_set()

    def watch(self, watcher: Callable[[bool], object]) -> None:
        """Call `watcher` with whether Redis is there, each time when it has gone or come back."""
        self._watchers.append(watcher)

    def ask(self, question: Callable[[Redis], Answer]) -> Answer:
        """What `question` returns, called with the client. Raises RedisAway, at once where that is known."""
        if self.is_away:
            raise RedisAway
        try:
            return question(self._redis)
        except FAILURES as error:
            self._lost(error)
            raise RedisAway from error

    def answers(self) -> bool:
        """Whether Redis answers now."""
        try:
            return bool(self.ask(lambda redis: redis.ping()))
        except RedisAway:
            return False

    def subscription(self) -> PubSub:
        """A connection of its own, to hear what is published."""
        subscription: PubSub = self._redis.pubsub()  # type: ignore[no-untyped-call]
        return subscription

    def wait_until_there(self) -> None:
        """Wait as long as Redis is away."""
        self._is_there.wait()

    def _lost(self, error: Exception) -> None:
        """Know from now on that Redis is away, and look for it."""
        with self._lock:
            if self.is_away:
                return  # of all who wait for a Redis that hangs, the first to give up tells
            self._is_there.clear()
        log.warning("Redis does not answer; this worker goes on without it: %s", error)
        self._tell(is_there=False)
        threading.Thread(target=self._look_for_it, name="minichat-redis", daemon=True).start()

    def _look_for_it(self) -> None:
        pause = FIRST_PAUSE
        while True:
            time.sleep(jittered(pause))
            pause = min(2 * pause, LONGEST_PAUSE)
            try:
                # One that answers and refuses to write is of no use.
                self._redis.set("minichat:probe", "", ex=60)
            except FAILURES:
                continue
            break
        self._is_there.set()
        log.info("Redis answers again")
        self._tell(is_there=True)

    def _tell(self, *, is_there: bool) -> None:
        for watcher in self._watchers:
            watcher(is_there)
