"""The users of a site during a run, and their progress."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from e2e.crowd import wait_until
from faults.clients import Client
from faults.deployment import Site
from faults.journal import Journal
from faults.readers import THE_END, PageReader, PollReader, Reader, SocketReader, StreamReader
from faults.writers import MESSAGES, Actor, Racers, Writer

ROOMS = 4
PATIENCE = 120.0
"""The longest wait for an event that must come soon, in seconds. The actual time is judged separately."""


class Crowd(NamedTuple):
    """Number of active users."""

    writers: int = 12
    racers: int = 6


SMALL_CROWD = Crowd(writers=5, racers=3)
"""For a short run: the fewest that meet every fault. Each costs the machine as much as a server's worker does."""


class Recovery(NamedTuple):
    """The seconds after a fault until every writer got an acknowledgement and every reader an event."""

    acknowledged: float
    received: float


class Load:
    """Writers, racers and readers of a few rooms, at work from `start` to `finish`."""

    def __init__(self, site: Site, journal: Journal, crowd: Crowd) -> None:
        self.site = site
        self.journal = journal
        self.owner = self._person("owner")
        writers = [self._person(f"writer{number}") for number in range(crowd.writers)]
        listening = [self._person(f"reader{number}") for number in range(7)]
        racers = [self._person(f"racer{number}") for number in range(crowd.racers)]
        ids = [one.user_id for one in (*writers, *listening)]
        self.rooms = [self._room(f"Room {number}", ids) for number in range(ROOMS)]
        self.first = {room: self._says(room, "Hello.", "first") for room in self.rooms}
        for room in self.rooms:
            self._makes_moderator(writers[0], room)
        self.writers = [Writer(one, self.rooms, seed, pins=seed == 0) for seed, one in enumerate(writers)]
        self.readers: list[Reader] = [
            StreamReader(listening[0], self.rooms, "a stream"),
            StreamReader(listening[1], self.rooms, "a stream that breaks off", breath=400),
            SocketReader(listening[2], self.rooms[:1], "a socket of one room"),
            SocketReader(listening[3], self.rooms, "a socket of all rooms"),
            PollReader(listening[4], self.rooms, "a long poll"),
            PageReader(listening[5], self.rooms[:1], "pages of history", self.first[self.rooms[0]]),
            PageReader(listening[6], self.rooms, "pages of all messages", max(self.first.values())),
        ]
        self.racers = Racers(site, journal, racers)

    def _person(self, username: str) -> Client:
        return Client(self.site, self.journal).register(username)

    def _room(self, name: str, ids: list[int]) -> int:
        body = {"name": name, "participants": ids, "is_private": True}
        return int(self.owner.insist("POST", "/api/chat/rooms/", body, until={201}).json["id"])

    def _makes_moderator(self, one: Client, room: int) -> None:
        path = f"/api/chat/rooms/{room}/participants/{one.user_id}/"
        self.owner.insist("PATCH", path, {"role": "moderator"}, until={200})

    def _says(self, room: int, content: str, client_id: str) -> int:
        body = {"room": room, "content": content, "client_id": client_id}
        return int(self.owner.insist("POST", MESSAGES, body, until={200, 201}).json["id"])

    @property
    def actors(self) -> list[Actor]:
        return [*self.readers, *self.writers, self.racers]

    def finish(self) -> None:
        """Stop the writers, send the last messages, and wait until every reader has received them."""
        for actor in (*self.writers, self.racers):
            actor.end()
        for actor in (*self.writers, self.racers):
            actor.wait(PATIENCE)
        for room in self.rooms:
            self._says(room, THE_END, "last")
        for reader in self.readers:
            reader.wait(PATIENCE)

    def close(self) -> None:
        """Stop all users at once."""
        self.journal.is_closed = True
        for actor in self.actors:
            actor.end()
        for actor in self.actors:
            actor.wait(PATIENCE)
            actor.leave()
        self.owner.close()

    # Progress

    @property
    def acknowledged(self) -> int:
        return len(self.journal.sends)

    def wait_for_sends(self, count: int) -> None:
        """Wait for that many more acknowledgements."""
        goal = self.acknowledged + count
        self.wait_until(lambda: self.acknowledged >= goal, f"the acknowledgement of {count} messages")

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for the condition, or for a problem, which ends the run."""
        wait_until(lambda: self.journal.problems or condition(), what, PATIENCE)

    def wait_for_refusals(self, count: int) -> None:
        """Wait until clients got that many more refusals."""
        goal = self.journal.refused + count
        self.wait_until(lambda: self.journal.refused >= goal, "the refusal of requests")

    def recovered_after(self, ended: float) -> Recovery:
        """Wait until each writer got an acknowledgement and each reader an event since `ended`."""
        writers = [writer.acknowledged_at for writer in self.writers]
        readers = [reader.heard_at for reader in self.readers]
        self.wait_until(
            lambda: all(times and times[-1] > ended for times in (*writers, *readers)), "that everybody is served again"
        )
        return Recovery(_firsts_after(ended, writers), _firsts_after(ended, readers))


def _firsts_after(ended: float, served: Iterable[Sequence[float]]) -> float:
    """Return the seconds from `ended` until the slowest of those was served again."""
    firsts = [times[bisect_right(times, ended)] for times in served if times and times[-1] > ended]
    return max(firsts, default=ended) - ended


@contextmanager
def load_on(site: Site, journal: Journal, crowd: Crowd) -> Iterator[Load]:
    """People at work until the block ends."""
    load = Load(site, journal, crowd)
    try:
        for actor in load.actors:
            actor.start()
        yield load
    finally:
        load.close()
