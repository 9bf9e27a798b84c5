"""The clients' records of a run: acknowledged sends, counted answers and problems."""

import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

PATIENCE = 10.0
"""How long a client waits for an answer, in seconds. A slower answer is a failure of the server."""


@dataclass(slots=True)
class Sent:
    """An acknowledged message; times are nanoseconds of the machine's monotonic clock."""

    room: int
    client_id: str
    author: str
    content: str | None
    """The last acknowledged content; None after the deletion."""
    invoked: int
    acknowledged: int
    id: int
    seq: int
    attempts: int
    """The number of sends until the acknowledgement."""


class Reaction(NamedTuple):
    message: int
    user: int
    emoji: str


@dataclass
class Journal:
    """The record that all clients of a run share. Its methods are thread-safe."""

    patience: float = PATIENCE
    tokens_may_expire: bool = False
    """Whether 401 is allowed: only if a fault moves a clock past the end of an access token."""
    sends: list[Sent] = field(default_factory=list)
    changes: Counter[tuple[str, int]] = field(default_factory=Counter)
    """The number of acknowledged changes, by event type and message id."""
    reactions: dict[Reaction, bool] = field(default_factory=dict)
    """Whether each reaction is there, as last acknowledged to its user."""
    pins: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The acknowledged pins of each room in the order of pinning, also of messages deleted since."""
    blocks: dict[tuple[int, int], bool] = field(default_factory=dict)
    """Whether the first user blocks the second, as last acknowledged."""
    statuses: Counter[int] = field(default_factory=Counter)
    broken: int = 0
    """The number of requests whose connection broke or failed."""
    hung: int = 0
    """The number of requests without an answer within the patience."""
    slowest: float = 0.0
    """The longest time to an answer, in seconds."""
    problems: list[str] = field(default_factory=list)
    is_closed: bool = False
    """Whether the run is over, so that clients stop retrying."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self, status: int, seconds: float) -> None:
        with self._lock:
            self.statuses[status] += 1
            self.slowest = max(self.slowest, seconds)

    def changed(self, kind: str, message: int) -> None:
        """Count an acknowledged change of a message."""
        with self._lock:
            self.changes[kind, message] += 1

    def lost(self, what: str, *, timed_out: bool) -> None:
        """Count a request without a complete answer."""
        with self._lock:
            self.broken += not timed_out
            self.hung += timed_out
        if timed_out:
            self.problem(f"{what}: no answer within {self.patience:.0f} s")

    def problem(self, sentence: str) -> None:
        """Record a problem."""
        with self._lock:
            self.problems.append(sentence)

    @property
    def refused(self) -> int:
        """The number of answers with 503 or 429."""
        return self.statuses[503]

    @property
    def server_errors(self) -> int:
        """The number of 5xx answers other than 503."""
        return sum(count for status, count in self.statuses.items() if status >= 500 and status != 503)

    @property
    def retried(self) -> int:
        """The number of messages that needed more than one send."""
        return sum(sent.attempts > 1 for sent in self.sends)
