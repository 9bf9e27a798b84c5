"""The state that all workers and hosts share through Redis. It may be lost: without Redis everything works, later.

    connection    commands, and whether Redis answers
    counters      rate limits that are exact over all workers
    hints         hints between workers: a new change, a user online, typing
    notices       typing, over all hosts
    slots         the streams of each user, over all hosts

The Redis client takes 6 MB of a worker's memory, so only a worker with Redis imports this package.
"""

from collections.abc import Callable

from minichat.adapters.redis.connection import TIMEOUT_SECONDS, RedisConnection
from minichat.adapters.redis.counters import RedisRequestCounter
from minichat.adapters.redis.hints import HintChannel, Topic
from minichat.adapters.redis.notices import RedisNoticeBoard
from minichat.adapters.redis.slots import RedisStreamSlots
from minichat.domain.ports import HintMonitor, NoticeBoard, RequestCounter, StreamSlots

__all__ = ["TIMEOUT_SECONDS", "RedisAdapters"]


class RedisAdapters:
    """A worker's adapters on one Redis. While it is down, each uses its fallback in this worker or on this host."""

    def __init__(self, url: str, monitor: HintMonitor) -> None:
        self.connection = RedisConnection(url)
        self.connection.on_change(monitor.is_up)
        self.hints = HintChannel(self.connection, monitor)

    def counter(self, fallback: RequestCounter) -> RedisRequestCounter:
        return RedisRequestCounter(self.connection, fallback)

    def notice_board(self, fallback: NoticeBoard) -> RedisNoticeBoard:
        return RedisNoticeBoard(self.connection, self.hints, fallback)

    def slots(self, fallback: StreamSlots, max_per_user: int) -> RedisStreamSlots:
        return RedisStreamSlots(self.connection, fallback, max_per_user)

    def hinting_changes(self, wake: Callable[[], object]) -> Callable[[], None]:
        """Return a function to call after each commit. It calls `wake` and sends a hint to the other workers."""

        def on_commit() -> None:
            wake()
            self.hints.publish(Topic.CHANGES)

        return on_commit

    def hinting_presence(self, check_presence: Callable[[], object]) -> Callable[[], None]:
        """Return a function to call when a user comes online. It calls `check_presence` here and in every worker."""
        self.hints.subscribe(Topic.PRESENCE, lambda _: check_presence())

        def on_user_online() -> None:
            check_presence()
            self.hints.publish(Topic.PRESENCE)

        return on_user_online
