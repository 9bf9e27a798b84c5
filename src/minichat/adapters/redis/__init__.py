"""What Redis does for all workers and hosts together. It is never the truth: while it is away, everything works, later.

    connection    asks Redis, and knows when it is away
    counters      rate limits that are exact over all
    channel       a word to all workers: look at the log, look who came, somebody is typing
    notices       who is typing, told over all hosts
    slots         how many streams a user has, over all hosts

This stands apart from the rest because the client takes 6 MB of each worker, which is for those who have a Redis.
"""

from collections.abc import Callable

from minichat.adapters.redis.channel import Channel, Topic
from minichat.adapters.redis.connection import PATIENCE, Connection
from minichat.adapters.redis.counters import RedisRequestCounter
from minichat.adapters.redis.notices import RedisNotices
from minichat.adapters.redis.slots import RedisStreamSlots
from minichat.domain.ports import HintMonitor, NoticeBoard, RequestCounter, StreamSlots

__all__ = ["PATIENCE", "RedisAdapters"]


class RedisAdapters:
    """Everything that a worker has of one Redis; each falls back on what this worker or this host has by itself."""

    def __init__(self, url: str, monitor: HintMonitor) -> None:
        self.connection = Connection(url)
        self.connection.watch(monitor.is_up)
        self.channel = Channel(self.connection, monitor)

    def counter(self, alone: RequestCounter) -> RedisRequestCounter:
        return RedisRequestCounter(self.connection, alone)

    def notices(self, on_this_host: NoticeBoard) -> RedisNotices:
        return RedisNotices(self.connection, self.channel, on_this_host)

    def slots(self, on_this_host: StreamSlots, most: int) -> RedisStreamSlots:
        return RedisStreamSlots(self.connection, on_this_host, most)

    def spread_changes(self, wake: Callable[[], object]) -> Callable[[], None]:
        """What to call after a commit: `wake` here, and a word to the other workers."""

        def committed() -> None:
            wake()
            self.channel.tell(Topic.CHANGES)

        return committed

    def spread_presence(self, hurry: Callable[[], object]) -> Callable[[], None]:
        """What to call when somebody has come: it calls `hurry` here, and in each worker that is told."""
        self.channel.hear(Topic.PRESENCE, lambda _: hurry())

        def came_online() -> None:
            hurry()
            self.channel.tell(Topic.PRESENCE)

        return came_online
