"""What the clients of a run have seen: every send that was acknowledged, every answer counted, whatever was wrong."""

import threading
from collections import Counter
from dataclasses import dataclass, field

PATIENCE = 10.0
"""For how many seconds a client waits for an answer. One that takes longer is a fault of the server's."""


@dataclass(slots=True)
class Sent:
    """A message of which the server has said that it is stored; times are nanoseconds of this machine's one clock."""

    room: int
    client_id: str
    author: str
    content: str | None
    """What was last acknowledged that it says; None once it is deleted."""
    invoked: int
    acknowledged: int
    id: int
    seq: int
    attempts: int
    """How often it was sent until it was acknowledged."""


@dataclass
class Journal:
    """One for all clients of a run; each of its methods may be called by any thread."""

    patience: float = PATIENCE
    tokens_may_expire: bool = False
    """Whether 401 is an answer to expect: only where a clock jumps past the end of an access token."""
    sends: list[Sent] = field(default_factory=list)
    changes: Counter[tuple[str, int]] = field(default_factory=Counter)
    """How often each change of a message was acknowledged: by the event's type and the message's id."""
    statuses: Counter[int] = field(default_factory=Counter)
    broken: int = 0
    """Requests whose connection broke, or could not be made."""
    hung: int = 0
    """Requests that got no answer within the patience."""
    slowest: float = 0.0
    """The longest that an answer took, in seconds."""
    problems: list[str] = field(default_factory=list)
    is_closed: bool = False
    """Whether nobody goes on: what is not done by now never will be."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self, status: int, seconds: float) -> None:
        with self._lock:
            self.statuses[status] += 1
            self.slowest = max(self.slowest, seconds)

    def lost(self, what: str, *, timed_out: bool) -> None:
        """Note that no whole answer came."""
        with self._lock:
            self.broken += not timed_out
            self.hung += timed_out
        if timed_out:
            self.problem(f"{what}: no answer within {self.patience:.0f} s")

    def problem(self, sentence: str) -> None:
        """Note what must not be."""
        with self._lock:
            self.problems.append(sentence)

    @property
    def refused(self) -> int:
        """How often a client was told to come back."""
        return self.statuses[503]

    @property
    def server_errors(self) -> int:
        """How many answers say that the server did not know what to do: 5xx, but not 503."""
        return sum(count for status, count in self.statuses.items() if status >= 500 and status != 503)

    @property
    def retried(self) -> int:
        """How many messages had to be sent more than once."""
        return sum(sent.attempts > 1 for sent in self.sends)
