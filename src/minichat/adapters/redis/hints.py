"""Hints between the workers of all hosts, by Redis's publish and subscribe. A lost hint makes an event late.

Each worker has one connection to receive hints. A background thread sends the worker's own hints, at most one per topic
at a time, so no request waits for Redis. This module does not interpret hints; its subscribers do.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from enum import StrEnum
from functools import cached_property, partial
from typing import Any

from redis import Redis
from redis.client import PubSub
from redis.exceptions import ConnectionError as ConnectionLost

from minichat.adapters.redis.connection import (
    FAILURES,
    MAX_BACKOFF_SECONDS,
    RedisConnection,
    RedisUnavailable,
    with_jitter,
)
from minichat.domain.ports import HintMonitor

log = logging.getLogger(__name__)

MIN_INTERVAL_SECONDS = 0.01
"""Minimum interval between two rounds of hints of one worker."""
SUBSCRIBING_SECONDS = 0.5
"""Maximum time that `HintChannel.start` waits for the subscription."""
PING_AFTER_SECONDS = 1.0
"""Silence after which the channel pings Redis. After the same time without an answer, the connection counts as lost."""
FIRST_RETRY_SECONDS = 0.1
"""Back-off before the channel subscribes again. It doubles with each attempt that fails to subscribe."""


class Topic(StrEnum):
    CHANGES = "changes"
    """The change log has grown."""
    PRESENCE = "presence"
    """A user has come online."""
    TYPING = "typing"
    """A user is typing. `RedisNoticeBoard` sends this hint, with the notice in it."""


class HintChannel:
    """Sends hints to all other workers, and calls subscribers with theirs."""

    def __init__(self, connection: RedisConnection, monitor: HintMonitor) -> None:
        self._connection = connection
        self._monitor = monitor
        self._lock = threading.Lock()
        self._subscribers: dict[Topic, Callable[[bytes], object]] = {}
        self._unsent: set[Topic] = set()
        self._has_unsent = threading.Event()
        self._threads: dict[Callable[[], None], threading.Thread] = {}
        self._is_subscribed = False
        self._has_subscribed = threading.Event()
        self._wake: Callable[[], object] = lambda: None

    def subscribe(self, topic: Topic, subscriber: Callable[[bytes], object]) -> None:
        """Call `subscriber` with the text of each hint from another worker. Call this before `start`."""
        self._subscribers[topic] = subscriber

    def start(self, wake: Callable[[], object]) -> None:
        """Start to receive. Call `wake` after each hint of a change and each change of `is_connected`."""
        self._wake = wake
        self._subscribers[Topic.CHANGES] = lambda _: wake()
        self._connection.on_change(lambda _: wake())
        self._start_thread(self._receive_forever)
        if self._connection.is_up:  # hints from before the subscription are lost
            self._has_subscribed.wait(SUBSCRIBING_SECONDS)

    @property
    def is_connected(self) -> bool:
        """Whether this worker currently receives hints of other workers, as far as it can know."""
        return self._is_subscribed and self._connection.is_up

    def publish(self, topic: Topic) -> None:
        """Send a hint soon, in the background. Several calls may become one hint."""
        with self._lock:
            self._unsent.add(topic)
        if not self._has_unsent.is_set():
            self._start_thread(self._send_forever)
            self._has_unsent.set()

    def redis_channel(self, topic: Topic) -> str:
        """Return the topic's channel in Redis. All databases share the channels, so the name contains the database."""
        return f"minichat:{self._connection.database}:{topic}"

    def signed(self, text: str) -> str:
        """Return the text of a hint with this worker's name, by which the worker recognises its own hints."""
        return f"{self._sender} {text}"

    def count_sent(self, topic: Topic) -> None:
        """Count a `signed` hint that an adapter published itself."""
        self._monitor.sent(topic)

    @cached_property
    def _sender(self) -> str:
        # Chosen at the first use: a name chosen before the fork would be the same in all workers.
        return secrets.token_hex(6)

    def _start_thread(self, run: Callable[[], None]) -> None:
        with self._lock:
            if run in self._threads:
                return
            name = f"minichat-redis-{run.__name__.strip('_')}"
            self._threads[run] = thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()

    def _send_forever(self) -> None:
        while True:
            self._has_unsent.wait()
            self._has_unsent.clear()
            with self._lock:
                topics, self._unsent = self._unsent, set()
            with suppress(RedisUnavailable):  # the other workers poll
                self._connection.run(partial(self._send, topics))
            time.sleep(MIN_INTERVAL_SECONDS)

    def _send(self, topics: Collection[Topic], redis: Redis) -> None:
        for topic in topics:  # mostly one
            redis.publish(self.redis_channel(topic), self.signed(""))
            self._monitor.sent(topic)

    def _receive_forever(self) -> None:
        pause_seconds = FIRST_RETRY_SECONDS
        while True:
            self._connection.wait_until_up()
            try:
                with closing(self._connection.open_pubsub()) as pubsub:
                    self._receive(pubsub)
            except FAILURES as error:
                if self._connection.answers():  # otherwise the connection logs the failure
                    log.warning("Hints from other workers do not arrive: %s", error)
            pause_seconds = FIRST_RETRY_SECONDS if self._is_subscribed else min(2 * pause_seconds, MAX_BACKOFF_SECONDS)
            self._is_subscribed = False
            self._wake()
            time.sleep(with_jitter(pause_seconds))

    def _receive(self, pubsub: PubSub) -> None:
        """Pass hints to their subscribers while Redis is up. Raises one of FAILURES."""
        topics = {self.redis_channel(topic).encode(): topic for topic in self._subscribers}
        pubsub.subscribe(*topics)
        has_pinged = False
        while self._connection.is_up:
            message: dict[str, Any] | None = pubsub.get_message(timeout=PING_AFTER_SECONDS)
            if message is not None:
                has_pinged = False
                self._dispatch(message, topics)
            elif has_pinged:
                raise ConnectionLost("no answer to a ping")
            else:
                pubsub.ping()
                has_pinged = True

    def _dispatch(self, message: dict[str, Any], topics: dict[bytes, Topic]) -> None:
        if message["type"] == "subscribe" and not self._is_subscribed:
            self._is_subscribed = True
            self._has_subscribed.set()
            log.info("Hints from other workers arrive")
        elif message["type"] == "message":
            topic = topics[message["channel"]]
            sender, _, text = message["data"].partition(b" ")
            if sender.decode(errors="replace") != self._sender:
                self._monitor.received(topic)
                self._subscribers[topic](text)
