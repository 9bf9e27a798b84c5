"""Group commit: writers that come at the same time share one commit, and so one wait for the disk.

Syncing a commit takes the disk longer than all else takes a request. The first writer of a thread leads: it lets
whoever is ready come along, waits for the turn, begins, and commits what all of them have written. Each writes in a
savepoint of its own, so the failure of one leaves the others alone, and each waits for the commit: nobody is told of
success before it is on the disk, and nobody of a clash with what then was not.

Writers of one thread are greenlets. Where each request has a thread, every group has one member.
"""

import threading
import time

MAX_MEMBERS = 64
"""How many writers share a commit at most."""


class Group:
    def __init__(self) -> None:
        self._members = 1
        self._at_work = 0
        self._is_open = True
        self._begun = threading.Event()
        self._ended = threading.Event()
        self.one_at_a_time = threading.Lock()
        """Held while a member writes: savepoints nest, so they must not overlap should a writer ever yield."""
        self.is_writing = False
        """Whether the transaction that is open now is this group's."""
        self.is_committed = False
        """Whether what the members wrote is on the disk; if not when the group has ended, nothing is."""

    def gather(self) -> None:
        """Let those come along who are ready now. To be called before the leader takes its turn."""
        time.sleep(0)

    def admit(self) -> bool:
        """Take in a follower, unless it is too late."""
        if not self._is_open or self._members >= MAX_MEMBERS:
            return False
        self._members += 1
        self._at_work += 1
        return True

    def begin(self) -> None:
        """Tell the followers that they may write."""
        self.is_writing = True
        self._begun.set()

    def wait_to_begin(self) -> None:
        """Wait, as a follower, until one may write or the group has ended without."""
        self._begun.wait()

    def leave_work(self) -> None:
        """Say, as a follower, that one has written all or given up."""
        self._at_work -= 1

    def close(self) -> None:
        """Wait until all followers have written; nobody comes along after."""
        while self._at_work:
            time.sleep(0)
        self._is_open = False

    def end(self) -> None:
        """Let the followers go; `is_committed` tells how it ended."""
        self._is_open = self.is_writing = False
        self._begun.set()
        self._ended.set()

    def wait_for_end(self) -> None:
        """Wait, as a follower, until the group has ended."""
        self._ended.wait()
