"""A Redis for tests of what several workers do together, each with a connection of its own."""

from collections import Counter

from minichat.adapters.redis import RedisAdapters
from servers import RunningRedis


class Counts:
    """What a worker has counted for its metrics."""

    def __init__(self) -> None:
        self.was_up: list[bool] = []
        self.told: Counter[str] = Counter()
        self.heard: Counter[str] = Counter()

    def is_up(self, is_up: bool) -> None:
        self.was_up.append(is_up)

    def sent(self, topic: str) -> None:
        self.told[topic] += 1

    def received(self, topic: str) -> None:
        self.heard[topic] += 1


class Redises:
    """A Redis, empty at first, and one that is never there."""

    def __init__(self, server: RunningRedis) -> None:
        self.server = server

    def adapters(self, counts: Counts | None = None, *, database: int = 0) -> RedisAdapters:
        """Those of another worker."""
        return RedisAdapters(f"{self.server.url}?db={database}", counts or Counts())

    def away(self) -> RedisAdapters:
        """Those of a worker that has not found Redis."""
        adapters = RedisAdapters(f"{self.server.url}-is-not-here", Counts())
        assert not adapters.connection.answers()
        return adapters
