"""Killed and stopping processes: an acknowledged message is stored once, and any other can be repeated.

Interrupted transactions run on both databases. Reloads and orphaned workers run on SQLite: the code
is the same.
"""

import signal
import threading
from pathlib import Path

import pytest

from e2e.crowd import BROKEN, check_database, check_numbers, check_whole, wait_until
from e2e.databases import on_sqlite_only
from e2e.houses import house
from scale import scaled

WRITERS = 6
PACE_SECONDS = scaled(0.08, 0.0)
KEPT = ("id", "room", "seq", "user_username", "content", "timestamp", "client_id")


class Writers:
    """Users who write in one room at a steady pace; each message has its own client_id."""

    def __init__(self, people, room):
        self.room = room
        self.people = people
        self.acknowledged = []
        """(the writer's place, the client_id, the message) of each 201."""
        self.unacknowledged = []
        """(the writer's place, the client_id) of each send that broke or was refused."""
        self.statuses = set()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(place,)) for place in range(len(people))]

    def _write(self, place):
        number = 0
        while not self._over.is_set():
            client_id = f"{place}-{number}"
            number += 1
            try:
                answer = self.send_again(place, client_id)
            except BROKEN:
                self.unacknowledged.append((place, client_id))
                self._over.wait(0.2)  # each is repeated afterwards, so there must not be thousands
                continue
            self.statuses.add(answer.status)
            if answer.status == 201:
                self.acknowledged.append((place, client_id, answer.json))
            else:
                self.unacknowledged.append((place, client_id))
            self._over.wait(PACE_SECONDS)

    def send_again(self, place, client_id):
        return self.people[place].says(self.room, f"message {client_id}", client_id)

    def wait_for(self, more):
        """Wait for that many more acknowledgements."""
        goal = len(self.acknowledged) + more
        wait_until(lambda: len(self.acknowledged) >= goal, f"the acknowledgement of {more} messages")

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def check(self):
        """Fail unless the server has each acknowledged message once and deduplicates repetitions."""
        history = self.people[0].history(self.room)
        check_numbers(history)
        stored = {message["client_id"]: message for message in history}
        assert len(stored) == len(history)
        for _, client_id, message in self.acknowledged:
            assert {name: stored[client_id][name] for name in KEPT} == {name: message[name] for name in KEPT}
        for place, client_id in self.unacknowledged:
            first, again = self.send_again(place, client_id), self.send_again(place, client_id)
            assert (first.status, again.status) == (200 if client_id in stored else 201, 200)
            assert first.json["id"] == again.json["id"]
            assert client_id not in stored or first.json["id"] == stored[client_id]["id"]
        history = self.people[0].history(self.room)
        check_numbers(history)
        assert sorted(message["client_id"] for message in history) == sorted(
            [client_id for _, client_id, _ in self.acknowledged] + [client_id for _, client_id in self.unacknowledged]
        )


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory, new_database):
    with house(tmp_path_factory.mktemp("faults"), new_database()) as home:
        yield home


@pytest.fixture
def home(shared_home):
    """The server of these tests, running: the test before may have ended it. Then its database is checked."""
    if shared_home.server.process.poll() is not None:
        shared_home.start()
    yield shared_home
    check_database(shared_home.server.database)


@pytest.fixture
def writers(home, request):
    """Users who begin to write at once, in a room of their own."""
    mark = f"{abs(hash(request.node.nodeid)):x}"[:8]
    people = home.lets_in(*(f"writer-{mark}-{place}" for place in range(WRITERS)))
    with Writers(people, people[0].makes_room(*people[1:])) as writers:
        yield writers


class TestProcesses:
    def test_a_killed_worker_loses_no_acknowledged_change(self, home, writers):
        for _ in range(scaled(2, 20)):
            writers.wait_for(20)
            home.loses_a_worker()
        writers.wait_for(20)
        writers.end()
        writers.check()
        assert writers.statuses == {201}

    @on_sqlite_only
    def test_a_reload_under_load_causes_no_error(self, home, writers):
        writers.wait_for(scaled(20, 1_000))
        home.gets_new_workers()
        writers.wait_for(scaled(20, 1_000))
        writers.end()
        assert writers.statuses == {201}
        writers.check()

    def test_a_killed_server_loses_no_acknowledged_change(self, home, writers):
        writers.wait_for(scaled(60, 1_000))
        home.is_killed()
        wait_until(lambda: writers.unacknowledged, "a send without an answer")
        writers.end()
        check_whole(home.server.database)
        home.start()
        writers.check()

    def test_a_stop_under_load_acknowledges_exactly_the_stored_messages(self, home, writers):
        writers.wait_for(scaled(50, 1_000))
        assert home.server.stop() == 0
        writers.end()
        assert writers.statuses == {201}
        assert "Traceback" not in home.server.said
        home.start()
        # Every stored message was acknowledged.
        acknowledged = {client_id for _, client_id, _ in writers.acknowledged}
        assert {message["client_id"] for message in writers.people[0].history(writers.room)} == acknowledged
        writers.check()

    @on_sqlite_only
    def test_orphaned_workers_end_and_a_new_server_continues(self, home, writers):
        workers = home.server.workers
        writers.wait_for(20)
        home.server.process.send_signal(signal.SIGKILL)
        home.server.process.wait()
        wait_until(lambda: not any(is_running(worker) for worker in workers), "the end of the workers")
        writers.end()
        home.start()
        writers.check()


def is_running(pid):
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"
