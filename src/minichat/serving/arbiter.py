"""The arbiter: the process that starts, replaces and stops the workers.

This module refines gunicorn's arbiter. It knows nothing that a worker serves.
"""

import os
import signal
import time
from collections.abc import Set as AbstractSet
from typing import Any

from gunicorn import arbiter as gunicorn_arbiter
from gunicorn.errors import HaltServer

STOP_SECONDS = 10
"""Maximum time for a worker to stop. Then the arbiter kills it."""
PAUSE_SECONDS = STOP_SECONDS
"""The arbiter looks after its workers about once a second. After a longer gap, it gives them as long to report."""


class Arbiter(gunicorn_arbiter.Arbiter):
    """gunicorn's arbiter, changed to lose no signal to a starting worker and to replace workers without a gap."""

    WORKER_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT})
    _looked_at = 0.0
    _spares_until = 0.0
    _belongs_to_terminal = False
    _outdated_age = 0
    """Workers up to this age have the settings from before the latest reload."""
    _stopping: AbstractSet[int] = frozenset()
    """The process ids of surplus workers, which finish their requests."""
    _must_stop = False
    """Whether the server ends, because of a signal or of a worker that failed to start."""

    def init_signals(self) -> None:
        """Install the handlers of signals. Under nohup, which ignores SIGHUP, the server survives its terminal."""
        self._belongs_to_terminal = signal.getsignal(signal.SIGHUP) != signal.SIG_IGN and _has_terminal()
        super().init_signals()

    def signal(self, sig: int, frame: Any) -> None:
        """Queue the signal. If it stops the server, `manage_workers` no longer waits for a worker that starts."""
        self._must_stop = self._must_stop or sig in self.WORKER_SIGNALS
        super().signal(sig, frame)

    def reap_workers(self) -> None:
        """Forget workers that have ended. Raises HaltServer if one failed to start, unless the server stops anyway."""
        try:
            super().reap_workers()
        except HaltServer:
            if not self._must_stop:
                self._must_stop = True
                raise

    def handle_hup(self) -> None:
        """Reload, or stop if the terminal of the server was closed: its end sends the same signal."""
        self._end_with_terminal()
        super().handle_hup()
        self._end_with_terminal()  # a shell passes the signal on before its terminal is closed

    def reload(self) -> None:
        """Read the settings again. `manage_workers` replaces the workers.

        gunicorn would start all new workers before it ends the old ones, which takes memory for twice as many.
        """
        self.app.reload()
        self.setup(self.app)
        self._outdated_age = self.worker_age

    def _end_with_terminal(self) -> None:
        if self._belongs_to_terminal and not _has_terminal():
            self.handle_term()

    def murder_workers(self) -> None:
        """Kill silent workers, but not right after a pause of the whole server, which silenced all of them.

        A container or a virtual machine can be paused, and a job stopped. The heartbeats' clock goes on meanwhile.
        """
        now = time.monotonic()
        if now - self._looked_at > PAUSE_SECONDS:
            self._spares_until = now + PAUSE_SECONDS
        self._looked_at = now
        if now >= self._spares_until:
            super().murder_workers()

    def spawn_worker(self) -> Any:
        """Fork a worker. Block signals until the worker has installed its handlers.

        A worker inherits the handlers of the arbiter, which would ignore a signal to stop. The arbiter would then kill
        the worker after `STOP_SECONDS`.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, self.WORKER_SIGNALS)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, self.WORKER_SIGNALS)

    def manage_workers(self) -> None:
        """Keep the number of workers. Replace outdated ones one after the other, each when its successor serves."""
        if self._lacks_worker():
            self.spawn_worker()
        until = time.monotonic() + STOP_SECONDS
        while len(self.WORKERS) > self.num_workers and not self._newest_serve() and time.monotonic() < until:
            if self._must_stop:
                return
            time.sleep(0.05)
            self.reap_workers()
        super().manage_workers()
        self._stopping = (self._stopping & self.WORKERS.keys()) | (self.WORKERS.keys() - self._newest())

    def _lacks_worker(self) -> bool:
        """Return whether to start a worker although enough exist: one is outdated, or stops and has no successor."""
        is_outdated = any(worker.age <= self._outdated_age for worker in self.WORKERS.values())
        serving = self.WORKERS.keys() - self._stopping
        return len(serving) < self.num_workers <= len(self.WORKERS) or (
            is_outdated and len(self.WORKERS) == self.num_workers
        )

    def _newest_serve(self) -> bool:
        # A worker's heartbeat file holds the time of day until the first heartbeat, and a monotonic time afterwards.
        return all(self.WORKERS[pid].tmp.last_update() <= time.monotonic() for pid in self._newest())

    def _newest(self) -> set[int]:
        """Return the process ids of the newest workers, as many as shall serve."""
        return set(sorted(self.WORKERS, key=lambda pid: self.WORKERS[pid].age)[-self.num_workers :])


def _has_terminal() -> bool:
    """Return whether this process has a controlling terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
