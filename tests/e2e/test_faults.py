"""Killed and stopping processes: an acknowledged message is stored once, and any other can be repeated.

Interrupted transactions run on both databases. Reloads and orphaned workers run on SQLite: the code
is the same.
"""

import os
import signal
import threading
from pathlib import Path

from e2e.crowd import BROKEN, check_database, check_numbers, check_whole, register, wait_until
from e2e.databases import on_sqlite_only
from scale import scaled
from servers import serving

WRITERS = 6
KEPT = ("id", "room", "seq", "user_username", "content", "timestamp", "client_id")


class Writers:
    """Users who write in one room without a pause; each message has its own client_id."""

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
        self._over.set()
        for thread in self._threads:
            thread.join()

    def check(self, server):
        """Fail unless the server has each acknowledged message once and deduplicates repetitions."""
        for person in self.people:
            person.server = server
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


def writers_at(server):
    people = register(server, *(f"writer{place}" for place in range(WRITERS)))
    return Writers(people, people[0].makes_room(*people[1:]))


def serve(folder, database):
    return serving(folder, "--workers", "2", rate_limits="off", **database)


class TestProcesses:
    def test_a_killed_worker_loses_no_acknowledged_change(self, tmp_path, database):
        with serve(tmp_path, database) as server:
            with writers_at(server) as writers:
                for _ in range(scaled(2, 20)):
                    writers.wait_for(20)
                    before = server.workers
                    os.kill(before[0], signal.SIGKILL)
                    wait_until(lambda before=before: set(server.workers) - set(before), "the worker's replacement")
                writers.wait_for(20)
            writers.check(server)
            assert writers.statuses == {201}
            server.stop()
        check_database(server.database)

    def test_a_killed_server_loses_no_acknowledged_change(self, tmp_path, database):
        with serve(tmp_path, database) as server:
            with writers_at(server) as writers:
                writers.wait_for(scaled(60, 1_000))
                os.killpg(server.process.pid, signal.SIGKILL)
                server.process.wait()
            assert writers.unacknowledged
        check_whole(server.database)
        with serve(tmp_path, database) as server:
            writers.check(server)
            assert server.stop() == 0
        check_database(server.database)

    @on_sqlite_only
    def test_orphaned_workers_end_and_a_new_server_continues(self, tmp_path, database):
        with serve(tmp_path, database) as server:
            workers = server.workers
            with writers_at(server) as writers:
                writers.wait_for(20)
                server.process.kill()
                server.process.wait()
                wait_until(lambda: not any(is_running(worker) for worker in workers), "the end of the workers")
        with serve(tmp_path, database) as server:
            writers.check(server)

    def test_a_stop_under_load_acknowledges_exactly_the_stored_messages(self, tmp_path, database):
        with serve(tmp_path, database) as server:
            with writers_at(server) as writers:
                writers.wait_for(scaled(50, 1_000))
                assert server.stop() == 0
            assert writers.statuses == {201}
            assert "Traceback" not in server.said
        with serve(tmp_path, database) as server:
            # Every stored message was acknowledged.
            acknowledged = {client_id for _, client_id, _ in writers.acknowledged}
            for person in writers.people:
                person.server = server
            assert {message["client_id"] for message in writers.people[0].history(writers.room)} == acknowledged
            writers.check(server)

    @on_sqlite_only
    def test_a_reload_under_load_causes_no_error(self, tmp_path, database):
        with serve(tmp_path, database) as server:
            with writers_at(server) as writers:
                writers.wait_for(scaled(20, 1_000))
                before = set(server.workers)
                server.process.send_signal(signal.SIGHUP)
                wait_until(lambda: not before & set(server.workers), "the end of the old workers")
                writers.wait_for(scaled(20, 1_000))
            assert writers.statuses == {201}
            writers.check(server)


def is_running(pid):
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"
