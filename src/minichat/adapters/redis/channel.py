"""What the workers of all hosts call out to one another. It may get lost: then things are late.

Each worker has one connection to hear with. What it calls out itself is said by a thread in the background, a moment
later and the same thing once however often it was meant, so nobody ever waits for Redis to say it.
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

from minichat.adapters.redis.connection import FAILURES, LONGEST_PAUSE, Connection, RedisAway, jittered
from minichat.domain.ports import HintMonitor

log = logging.getLogger(__name__)

PAUSE = 0.01
"""How long a worker that has called out is silent at least, in seconds."""
BEAT = 1.0
"""After how long a silence Redis is asked whether it is there; after another, it is not. In seconds."""
BROKEN_PAUSE = 0.1
"""How long to wait before listening anew, in seconds; twice as long each time that it fails at once."""


class Topic(StrEnum):
    """What can be called out."""

    CHANGES = "changes"
    """There is something new in the change log."""
    PRESENCE = "presence"
    """Somebody has come."""
    TYPING = "typing"
    """Somebody is typing: said with the notice, by who keeps the pauses."""


class Channel:
    def __init__(self, connection: Connection, monitor: HintMonitor) -> None:
        self._connection = connection
        self._monitor = monitor
        self._lock = threading.Lock()
        self._heard: dict[Topic, Callable[[bytes], object]] = {}
        self._untold: set[Topic] = set()
        self._woken = threading.Event()
        self._threads: dict[Callable[[], None], threading.Thread] = {}
        self._is_subscribed = False
        self._wake: Callable[[], object] = lambda: None

    def hear(self, topic: Topic, heard: Callable[[bytes], object]) -> None:
        """Call `heard` with what another worker says on that topic; to be told before it begins."""
        self._heard[topic] = heard

    def start(self, wake: Callable[[], object]) -> None:
        """Begin to listen: call `wake` when there is something new in the log, or `is_connected` has changed."""
        self._wake = wake
        self._heard[Topic.CHANGES] = lambda _: wake()
        self._connection.watch(lambda _: wake())
        self._start(self._listen)

    @property
    def is_connected(self) -> bool:
        """Whether what other workers call out arrives here, as far as is known."""
        return self._is_subscribed and not self._connection.is_away

    def tell(self, topic: Topic) -> None:
        """Call it out, soon and in the background."""
        with self._lock:
            self._untold.add(topic)
        if not self._woken.is_set():
            self._start(self._speak)
            self._woken.set()

    def named(self, topic: Topic) -> str:
        """What Redis calls the topic: one of a database by itself, as keys are."""
        return f"minichat:{self._connection.database}:{topic}"

    def signed(self, text: str) -> str:
        """What is published, so that the worker that says it does not take it for another's."""
        return f"{self._sender} {text}"

    def note_sent(self, topic: Topic) -> None:
        """Count what somebody else published as `signed`."""
        self._monitor.sent(topic)

    @cached_property
    def _sender(self) -> str:
        # Made at the first use: before a fork, it would be the name of all workers.
        return secrets.token_hex(6)

    def _start(self, run: Callable[[], None]) -> None:
        with self._lock:
            if run in self._threads:
                return
            name = f"minichat-redis-{run.__name__.strip('_')}"
            self._threads[run] = thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()

    def _speak(self) -> None:
        while True:
            self._woken.wait()
            self._woken.clear()
            with self._lock:
                topics, self._untold = self._untold, set()
            with suppress(RedisAway):  # they look by themselves, later
                self._connection.ask(partial(self._publish, topics))
            time.sleep(PAUSE)

    def _publish(self, topics: Collection[Topic], redis: Redis) -> None:
        for topic in topics:  # mostly one
            redis.publish(self.named(topic), self.signed(""))
            self._monitor.sent(topic)

    def _listen(self) -> None:
        pause = BROKEN_PAUSE
        while True:
            self._connection.wait_until_there()
            try:
                with closing(self._connection.subscription()) as subscription:
                    self._hear(subscription)
            except FAILURES as error:
                if self._connection.answers():  # if not, that is told
                    log.warning("what other workers call out is not heard: %s", error)
            pause = BROKEN_PAUSE if self._is_subscribed else min(2 * pause, LONGEST_PAUSE)
            self._is_subscribed = False
            self._wake()
            time.sleep(jittered(pause))

    def _hear(self, subscription: PubSub) -> None:
        """Hand on what is heard, for as long as Redis is there. Raises one of FAILURES."""
        topics = {self.named(topic).encode(): topic for topic in self._heard}
        subscription.subscribe(*topics)
        is_asked = False
        while not self._connection.is_away:
            message: dict[str, Any] | None = subscription.get_message(timeout=BEAT)
            if message is not None:
                is_asked = False
                self._take(message, topics)
            elif is_asked:
                raise ConnectionLost("it is silent")
            else:
                subscription.ping()
                is_asked = True

    def _take(self, message: dict[str, Any], topics: dict[bytes, Topic]) -> None:
        if message["type"] == "subscribe" and not self._is_subscribed:
            self._is_subscribed = True
            log.info("what other workers call out is heard")
        elif message["type"] == "message":
            topic = topics[message["channel"]]
            sender, _, text = message["data"].partition(b" ")
            if sender.decode(errors="replace") != self._sender:
                self._monitor.received(topic)
                self._heard[topic](text)
