"""Group commit: concurrent writers share one commit, and so one sync of the disk.

The sync takes longer than the rest of a request. The first writer of a thread leads the group: it admits the writers
that are ready, waits for its turn, begins the transaction, and commits the writes of all members. Each member writes in
a separate savepoint, so the failure of one does not affect the others. Every member waits for the commit. So no request
succeeds before its write is on the disk, and no request fails by a conflict with a write that is rolled back later.

The writers of one thread are greenlets. Where each request has its own thread, a group has one member. This module
knows no SQL: `sqlite` runs the transaction.
"""

import threading
import time

MAX_MEMBERS = 64
"""Maximum number of writers that share one commit."""


class Group:
    def __init__(self) -> None:
        self._members = 1
        self._at_work = 0
        self._is_open = True
        self._begun = threading.Event()
        self._ended = threading.Event()
        self.one_at_a_time = threading.Lock()
        """A member holds it while it writes, because savepoints nest and must not overlap when a writer yields."""
        self.is_writing = False
        """Whether the open transaction is this group's."""
        self.is_committed = False
        """Whether the writes of all members are on the disk. If it is False at the end of the group, no write is."""

    def gather(self) -> None:
        """Let the ready writers join. The leader calls this before it waits for its turn to write."""
        time.sleep(0)

    def admit(self) -> bool:
        """Admit a follower; return False if it is too late."""
        if not self._is_open or self._members >= MAX_MEMBERS:
            return False
        self._members += 1
        self._at_work += 1
        return True

    def begin(self) -> None:
        """Let the followers write."""
        self.is_writing = True
        self._begun.set()

    def wait_to_begin(self) -> None:
        """Wait, as a follower, until the transaction begins or the group ends without one."""
        self._begun.wait()

    def leave_work(self) -> None:
        """Record, as a follower, that its writes are done or rolled back."""
        self._at_work -= 1

    def close(self) -> None:
        """Wait until all followers are done, then admit no more."""
        while self._at_work:
            time.sleep(0)
        self._is_open = False

    def end(self) -> None:
        """Release the followers; `is_committed` holds the outcome."""
        self._is_open = self.is_writing = False
        self._begun.set()
        self._ended.set()

    def wait_for_end(self) -> None:
        """Wait, as a follower, until the group has ended."""
        self._ended.wait()
