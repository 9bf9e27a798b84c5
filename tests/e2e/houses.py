"""A server that a test can stop, kill, reload and restart, and its users, who follow it to each new port."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from e2e.crowd import Person, register, wait_until
from servers import PATIENCE, RunningServer, serving

# Each start has another port, which must not appear in earlier events.
SETTINGS: dict[str, Any] = {"rate_limits": "off", "public_url": "http://chat.example"}


class House:
    """Two workers in one folder."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self._folder = folder
        self._settings = {**SETTINGS, **settings}
        self._serving = ExitStack()
        self.people: list[Person] = []
        self.start()

    def start(self) -> None:
        self.server: RunningServer = self._serving.enter_context(
            serving(self._folder, "--workers", "2", **self._settings)
        )
        for person in self.people:
            person.server = self.server

    def end(self) -> None:
        self._serving.close()

    def lets_in(self, *names: str) -> list[Person]:
        people = register(self.server, *names)
        self.people += people
        return people

    # Faults

    def loses_a_worker(self) -> None:
        before = self.server.workers
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: set(self.server.workers) - set(before), "the worker's replacement")

    def loses_all_workers(self) -> None:
        for pid in self.server.workers:
            os.kill(pid, signal.SIGKILL)

    def is_killed(self) -> None:
        os.killpg(self.server.process.pid, signal.SIGKILL)
        self.server.process.wait(PATIENCE)

    def is_killed_and_started(self) -> None:
        self.is_killed()
        self.start()

    def gets_new_workers(self) -> None:
        before = set(self.server.workers)
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: not before & set(self.server.workers), "the end of the old workers")


@contextmanager
def house(folder: Path, settings: Mapping[str, str]) -> Iterator[House]:
    house = House(folder, settings)
    try:
        yield house
    finally:
        house.end()
