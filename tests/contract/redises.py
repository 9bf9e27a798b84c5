"""A Redis server, and the adapters of several workers on it."""

from collections import Counter

from minichat.adapters.redis import RedisAdapters
from servers import RunningRedis


class RecordingMonitor:
    """A `HintMonitor` that records the calls of a worker."""

    def __init__(self) -> None:
        self.was_up: list[bool] = []
        self.sent_hints: Counter[str] = Counter()
        self.received_hints: Counter[str] = Counter()

    def is_up(self, is_up: bool) -> None:
        self.was_up.append(is_up)

    def sent(self, topic: str) -> None:
        self.sent_hints[topic] += 1

    def received(self, topic: str) -> None:
        self.received_hints[topic] += 1


class Redises:
    """A Redis that is empty at first, and another that is always down."""

    def __init__(self, server: RunningRedis) -> None:
        self.server = server

    def adapters(self, monitor: RecordingMonitor | None = None, *, database: int = 0) -> RedisAdapters:
        """Return the adapters of another worker."""
        return RedisAdapters(f"{self.server.url}?db={database}", monitor or RecordingMonitor())

    def away(self) -> RedisAdapters:
        """Return the adapters of a worker whose Redis is down."""
        adapters = RedisAdapters(f"{self.server.url}-is-not-here", RecordingMonitor())
        assert not adapters.connection.answers()
        return adapters
