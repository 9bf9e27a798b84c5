"""Faults while processes live: a locked or unusable database, a stopped worker, a full disk.

The server refuses other requests within a bounded time, continues to serve the rest, and recovers afterwards.
"""

import os
import resource
import signal
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import Any

import pytest

from commands import run_minichat
from e2e.crowd import PASSWORD, call, check_database, check_numbers, meanwhile, register, wait_until
from e2e.locks import holder_of_the_turn, holder_of_the_write_lock, state_of
from servers import SECRET, serving, sqlite_file_of

SETTINGS: dict[str, Any] = {"secret_key": SECRET, "rate_limits": "off"}
BOUND = 6.5
"""The time limit for a refusal, in seconds: 5 by docs/operations.md, and a margin."""


def serve(folder):
    return serving(folder, "--workers", "2", **SETTINGS)


@contextmanager
def lock_on(database):
    """Hold the database's lock from another program, as a shell may."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=20)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")


@contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def timed(action):
    began = time.monotonic()
    answer = action()
    return time.monotonic() - began, answer


def is_told_to_come_back(answer):
    """Return whether the answer is the documented 503."""
    return (
        answer.status == 503
        and int(answer.headers["Retry-After"]) >= 1
        and answer.headers["Content-Type"] == "application/problem+json"
        and answer.json["code"] == "unavailable"
    )


@pytest.fixture(scope="class")
def server(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("faults")) as server:
        yield server


@pytest.fixture(scope="class")
def database(server):
    return server.database


@pytest.fixture(scope="class")
def ann(server):
    [ann] = register(server, "ann")
    return ann


@pytest.fixture(scope="class")
def room(ann):
    room = ann.makes_room()
    assert ann.says(room, "hello").status == 201
    return room


def write_until_it_works(person, room):
    """Send until a message is stored; return the answer."""
    deadline = time.monotonic() + BOUND
    while (answer := person.says(room, "again")).status != 201:
        assert answer.status == 503
        assert time.monotonic() < deadline
    return answer


STAGGERED = 8


class TestALockedDatabase:
    def test_a_locked_database_refuses_writes_with_503_and_serves_reads(self, server, database, ann, room):
        written = []

        def write():
            written.append(timed(lambda: ann.says(room, "in vain")))

        def refused():
            return [seconds for seconds, answer in written if answer.status != 201]

        # Staggered, so that some come while earlier ones still wait.
        with meanwhile(write), lock_on(database), ThreadPoolExecutor(STAGGERED) as others:
            for _ in range(STAGGERED):
                time.sleep(0.2)
                others.submit(write)
            for path in ("/api/auth/me/", "/api/chat/rooms/", f"/api/chat/rooms/{room}/history/", "/readyz"):
                seconds, answer = timed(lambda path=path: ann.call("GET", path))
                assert answer.status == 200
                assert seconds < 3, path
            wait_until(lambda: len(refused()) > STAGGERED, "the refusal of messages")
        assert all(answer.status == 201 or is_told_to_come_back(answer) for _, answer in written)
        assert max(refused()) < BOUND
        acknowledged = sum(answer.status == 201 for _, answer in written)
        assert write_until_it_works(ann, room).json["seq"] == 2 + acknowledged

    def test_a_write_waits_for_a_short_lock(self, server, database, ann, room):
        sent = []
        with meanwhile(lambda: sent.append(ann.says(room, "patience"))):
            wait_until(lambda: sent, "a first message")
            with lock_on(database):
                before = len(sent)
                time.sleep(0.5)
                assert len(sent) <= before + 1
            wait_until(lambda: len(sent) > before + 1, "a message after the lock")
        assert {answer.status for answer in sent} == {201}

    def test_a_read_does_not_wait_for_the_update_of_last_seen(self, server, database, room, ann):
        [bob] = register(server, "bob")
        with closing(sqlite3.connect(database, timeout=20)) as connection, connection:
            connection.execute("UPDATE user SET last_seen_at = last_seen_at - 3600000 WHERE id = ?", (bob.id,))
        with lock_on(database):
            seconds, answer = timed(lambda: bob.call("GET", "/api/auth/me/"))
        assert answer.status == 200
        assert seconds < 2
        assert bob.get("/api/auth/me/")["profile"]["is_online"]


class TestAStoppedWorker:
    """A worker stopped by the kernel serves none of its connections."""

    @pytest.fixture(autouse=True)
    def all_works_afterwards(self, server, database):
        yield
        wait_until(lambda: len(server.workers) == 2, "two workers")
        [person] = register(server, f"after{time.monotonic_ns()}")
        room = person.makes_room()
        assert [person.says(room, "well?").json["seq"] for _ in range(20)] == list(range(1, 21))
        check_database(database)

    def served(self, person, room, how_often=20):
        """Fail unless the other worker answers reads soon and a write in bounded time; return the write's answer."""
        for _ in range(how_often):
            seconds, answer = timed(lambda: person.call("GET", "/api/auth/me/"))
            assert answer.status == 200
            assert seconds < 2
        seconds, answer = timed(lambda: person.says(room, "still there?"))
        assert seconds < BOUND
        return answer

    def test_an_idle_stopped_worker_does_not_affect_the_other(self, server, database, ann, room):
        with stopped(server.workers[0]):
            assert self.served(ann, room).status == 201

    def test_a_stopped_worker_with_the_write_lock_causes_503_for_writers(self, server, database, ann, room):
        pending = threading.Thread(target=lambda: ann.says(room, "who waits for the lock has the turn"))
        with lock_on(database):
            pending.start()
            wait_until(lambda: holder_of_the_turn(database), "that a worker takes its turn")
            worker = holder_of_the_turn(database)
            assert worker is not None
            assert worker in server.workers
            os.kill(worker, signal.SIGSTOP)
        try:
            assert is_told_to_come_back(self.served(ann, room))
        finally:
            os.kill(worker, signal.SIGCONT)
            pending.join()

    def test_a_worker_stopped_in_a_transaction_causes_503_for_writers(self, server, database, ann, room):
        [bob] = register(server, "bob")
        other = bob.makes_room()
        worker = None
        with meanwhile(lambda: bob.says(other, "load"), times=3):
            deadline = time.monotonic() + 20
            while worker is None:
                assert time.monotonic() < deadline
                candidate = holder_of_the_write_lock(database)
                if candidate in server.workers:
                    os.kill(candidate, signal.SIGSTOP)
                    wait_until(lambda pid=candidate: state_of(pid) == "T", "the worker's stop")
                    if holder_of_the_write_lock(database) == candidate:
                        worker = candidate
                    else:
                        os.kill(candidate, signal.SIGCONT)
            try:
                assert is_told_to_come_back(self.served(ann, room))
            finally:
                os.kill(worker, signal.SIGCONT)


class TestADatabaseThatCannotBeUsed:
    def test_an_unusable_database_stops_the_start_in_one_sentence(self, tmp_path):
        (tmp_path / "folder.sqlite3").mkdir()
        (tmp_path / "text.sqlite3").write_text("This is not a database. " * 1_000)
        (tmp_path / "file").touch()
        for name in ("folder.sqlite3", "text.sqlite3", "file/chat.sqlite3", "/proc/nowhere/chat.sqlite3"):
            result = run_minichat(
                tmp_path, "serve", "--bind", "127.0.0.1:0", database_url=f"sqlite:///{tmp_path / name}", **SETTINGS
            )
            assert result.returncode == 1, name
            [sentence] = result.stderr.splitlines()
            assert sentence.startswith(f"The database {tmp_path / name} can't be used: ")

    def test_a_truncated_database_stops_the_start_in_one_sentence(self, tmp_path):
        assert run_minichat(tmp_path, "db", "upgrade", **SETTINGS).returncode == 0
        database = sqlite_file_of(tmp_path)
        os.truncate(database, database.stat().st_size // 2)
        result = run_minichat(tmp_path, "serve", "--bind", "127.0.0.1:0", **SETTINGS)
        assert result.returncode == 1
        assert "Traceback" not in result.stderr
        assert len(result.stderr.splitlines()) == 1


class TestADatabaseThatIsAway:
    def test_workers_that_start_meanwhile_refuse_with_503_and_serve_when_it_is_back(self, tmp_path):
        with serve(tmp_path) as server:
            [ann] = register(server, "ann")
            room = ann.makes_room()
            assert ann.says(room, "before").status == 201
            database = sqlite_file_of(tmp_path)
            away = database.rename(database.with_name("away"))
            former = set(server.workers)
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: len(server.workers) == 2 and former.isdisjoint(server.workers), "the reload")
            assert is_told_to_come_back(ann.says(room, "meanwhile"))
            assert is_told_to_come_back(ann.call("GET", "/api/chat/rooms/"))
            assert not database.exists()
            away.rename(database)
            assert ann.says(room, "after").status == 201
            assert [message["content"] for message in ann.history(room)] == ["before", "after"]
            server.stop()
        check_database(database)


class TestAFullDisk:
    """RLIMIT_FSIZE stands in for a full disk."""

    def test_a_full_disk_refuses_writes_with_503_until_there_is_space(self, tmp_path):
        with serve(tmp_path) as server:
            [ann] = register(server, "ann")
            room = ann.makes_room()
            database = sqlite_file_of(tmp_path)
            for pid in server.workers:
                limit_files_of(pid, database.stat().st_size + 2**20)
            sent = []
            # A smaller write may still find space where a larger one did not.
            for content in ("crab " * 800, "prawn"):
                while (answer := ann.says(room, content)).status == 201:
                    sent += [answer.json["id"]]
                    assert len(sent) < 5_000
                assert is_told_to_come_back(answer)
            log_in = partial(call, server, "POST", "/api/auth/login/", {"username": "ann", "password": PASSWORD})
            answers = [log_in()]
            while answers[-1].status == 200:
                answers += [log_in()]
                assert len(answers) < 20
            assert is_told_to_come_back(answers[-1])
            assert is_told_to_come_back(ann.says(room, "prawn"))
            assert ann.call("GET", "/readyz").status == 200
            assert [message["id"] for message in ann.history(room)] == sent

            for pid in server.workers:
                limit_files_of(pid, resource.RLIM_INFINITY)
            sent += [ann.says(room, "there is room again").json["id"] for _ in range(10)]
            history = ann.history(room)
            check_numbers(history)
            assert [message["id"] for message in history] == sent
            assert found_by(ann, "crab") + found_by(ann, "prawn") + found_by(ann, "again") == sent
            assert "Traceback" not in server.said
            server.stop()
        check_database(database)


def found_by(person, word):
    """Return the ids of all messages that a search finds, oldest first."""
    found, before = [], 2**53 - 1
    while page := person.get(f"/api/chat/search/?q={word}&limit=200&before={before}"):
        found += [message["id"] for message in page]
        before = found[-1]
    return found[::-1]


def limit_files_of(pid, size):
    """Limit the size of the process's files; SQLite reports that as a full disk."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
