"""Erasure and export of accounts on a real server: over two workers, under load and through kills.

Both are long transactions, so the tests run on both databases.
"""

import fcntl
import http.client
import os
import re
import signal
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from commands import run_minichat
from e2e.crowd import (
    BROKEN,
    PASSWORD,
    at_once,
    call,
    check_database,
    execute,
    meanwhile,
    register,
    rows,
    wait_until,
)
from minichat.domain.participation import LEAVE_BATCH
from scale import scaled
from servers import PATIENCE, database_of, serving

ENOUGH = 12
"""So many new connections that they reach both workers, except once in two thousand times."""
ROOMS = scaled(800, 5_000)
MESSAGES = scaled(25_000, 200_000)
DEMO = {"username": "user1", "password": "demo-password-1"}


def erase(server, token, password=PASSWORD):
    return call(server, "DELETE", "/api/auth/me/", {"password": password}, token)


def answers_of_all_workers(server, method, path, body=None, token=None):
    """Return the statuses and codes of many equal requests."""
    answers = [call(server, method, path, body, token) for _ in range(ENOUGH)]
    return {(answer.status, answer.json.get("code")) for answer in answers}


def log_in_to_demo(server):
    answer = call(server, "POST", "/api/auth/login/", DEMO)
    assert answer.status == 200, answer
    return answer.json["tokens"]["access"]


@pytest.fixture(scope="module")
def full_server(tmp_path_factory, new_database):
    """One worker, and a user with many messages."""
    folder = tmp_path_factory.mktemp("export")
    size = ("--users", "1", "--rooms", "1", "--members", "1", "--messages", f"{MESSAGES}")
    settings = new_database()
    assert run_minichat(folder, "demo", *size, **settings).returncode == 0
    with serving(folder, "--workers", "1", rate_limits="off", **settings) as server:
        yield server


class TestErasing:
    def test_an_erased_account_is_refused_at_once_on_every_worker(self, server, ann, bob):
        room = ann.makes_room(bob)
        assert ann.says(room, "hello").status == 201
        assert answers_of_all_workers(server, "GET", "/api/auth/me/", token=ann.token) == {(200, None)}
        assert erase(server, ann.token).status == 204
        refresh = {"refresh": ann.refresh}
        out = {(401, "session_ended")}
        assert answers_of_all_workers(server, "GET", "/api/auth/me/", token=ann.token) == out
        assert answers_of_all_workers(server, "POST", "/api/auth/token/refresh/", refresh) == out
        assert answers_of_all_workers(server, "GET", "/api/auth/me/export/", token=ann.token) == out
        login = {"username": ann.username, "password": PASSWORD}
        assert call(server, "POST", "/api/auth/login/", login).json["code"] == "invalid_credentials"
        [message] = bob.history(room)
        assert (message["content"], message["user_username"]) == ("hello", f"deleted-user-{ann.id}")
        assert "Traceback" not in server.said
        check_database(server.database)

    def test_an_erasure_during_other_requests_causes_no_error(self, server):
        """Three erasures at once, while the person chats, joins and logs in, and others open chats with them."""
        others = register(server, "other-one", "other-two")
        before, erased_ids = erased_accounts(server), []
        public = [others[0].makes_room() for _ in range(3)]
        statuses = set()

        def tries(action):
            def act():
                statuses.add(action().status)

            return act

        for number in range(scaled(2, 5)):
            name = f"leaving{number}"
            (ann,) = register(server, name)
            erased_ids.append(ann.id)
            own, direct = ann.makes_room(*others), {"user_id": ann.id}
            for room in public:
                ann.call("POST", f"/api/chat/rooms/{room}/join/")
            login = {"username": name, "password": PASSWORD}
            with (
                meanwhile(tries(lambda ann=ann, own=own: ann.says(own, "still here")), rest=0.01),
                meanwhile(tries(lambda ann=ann: ann.call("POST", f"/api/chat/rooms/{public[0]}/join/")), rest=0.01),
                meanwhile(tries(lambda ann=ann: ann.call("POST", f"/api/chat/rooms/{public[0]}/leave/")), rest=0.01),
                meanwhile(tries(lambda ann=ann: ann.call("POST", "/api/chat/rooms/", {"name": "Late"})), rest=0.01),
                meanwhile(tries(lambda login=login: call(server, "POST", "/api/auth/login/", login)), rest=0.01),
                meanwhile(
                    tries(lambda direct=direct: others[0].call("POST", "/api/chat/create-direct-chat/", direct)),
                    rest=0.01,
                ),
            ):
                wait_until(lambda own=own: len(others[0].history(own)) > 3, "some messages")
                erased = at_once([lambda ann=ann: erase(server, ann.token)] * 3)
            assert sorted(answer.status for answer in erased) == [204, 401, 401]
            refreshed = call(server, "POST", "/api/auth/token/refresh/", {"refresh": ann.refresh})
            assert refreshed.json["code"] == "session_ended"
        assert statuses <= {200, 201, 401, 403, 404}, statuses  # 403 if the person has just left the room
        assert "Traceback" not in server.said
        check_database(server.database)
        assert erased_accounts(server) == before | set(erased_ids)

    @pytest.fixture
    def crowded(self, tmp_path, database):
        """A folder with a user who owns many rooms, so that leaving them takes a while."""
        size = ("--users", "2", "--rooms", f"{ROOMS}", "--members", "2", "--messages", "1")
        assert run_minichat(tmp_path, "demo", *size, **database).returncode == 0
        return tmp_path

    def test_a_killed_erasure_leaves_all_or_nothing(self, crowded, database):
        kept = database_of(crowded, **database)

        def state():
            """Return whether the account exists, its number of rooms, and the number of rooms with an owner."""
            [(is_there,)] = rows(kept, 'SELECT deleted_at IS NULL FROM "user" WHERE id = 1')
            [(joined,)] = rows(kept, "SELECT count(*) FROM participant WHERE user_id = 1")
            [(owned,)] = rows(kept, "SELECT count(DISTINCT room_id) FROM participant WHERE role = 'owner'")
            return bool(is_there), joined, owned

        after = (False, 0, ROOMS)
        states = []
        for looks in (1, 5, 15):
            with serving(crowded, **database) as server:
                token = log_in_to_demo(server)
                with erasing(server, token) as is_over:
                    wait_until(lambda is_over=is_over, was=Written(kept, looks): was() or is_over(), "the writing")
                    os.killpg(server.process.pid, signal.SIGKILL)
                    server.process.wait()
            wait_until(lambda: not is_in_use(kept), "the end of what it did")
            states.append(state())
            if states[-1] == after:
                break
        # The erasure leaves a hundred rooms at a time before it removes the account; each room keeps an owner.
        assert states[0][0]
        assert all(
            found == after or (is_there and joined % LEAVE_BATCH == 0 and owned == ROOMS)
            for found in states
            for is_there, joined, owned in [found]
        ), states
        if states[-1] != after:
            with serving(crowded, **database) as server:
                assert erase(server, log_in_to_demo(server), DEMO["password"]).status == 204
            assert state() == after


def erased_accounts(server):
    return {user_id for (user_id,) in rows(server.database, 'SELECT id FROM "user" WHERE deleted_at IS NOT NULL')}


@contextmanager
def erasing(server, token):
    """Request an erasure in a thread; yield a function that returns whether it is over."""

    def ask():
        with suppress(*BROKEN):
            erase(server, token, DEMO["password"])

    thread = threading.Thread(target=ask)
    thread.start()
    yield lambda: not thread.is_alive()
    thread.join()


class Written:
    """Detects whether the database was being written in `looks` successive checks."""

    def __init__(self, database, looks):
        self._database = database
        self._left = self._looks = looks

    def __call__(self):
        self._left = self._left - 1 if is_written(self._database) else self._looks
        return self._left == 0


def is_written(database):
    """Return whether a transaction is writing: on SQLite it holds the lock for writers."""
    if isinstance(database, str):
        return is_in_use(database, "AND backend_xid IS NOT NULL")
    with database.with_name(database.name + "-turns").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def is_in_use(database, how=""):
    """Return whether a PostgreSQL still has connections, which end a moment after a kill."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    return isinstance(database, str) and rows(database, f"SELECT 1 {others} {how}") != []


class TestTheExport:
    def test_an_export_of_many_messages_takes_little_memory_and_delays_no_request(self, full_server):
        token = log_in_to_demo(full_server)
        [worker] = full_server.workers
        at_rest = own_mib(worker)
        waits, sizes = [], []

        def look():
            began = time.monotonic()
            assert call(full_server, "GET", "/api/auth/me/", token=token).status == 200
            waits.append(time.monotonic() - began)
            sizes.append(own_mib(worker))

        began = time.monotonic()
        with meanwhile(look):
            document = read(full_server, token)
        seconds = time.monotonic() - began
        assert document.count(b'"client_id":') == MESSAGES
        assert document.startswith(b'{"format":"minichat-export/1"')
        assert document.endswith(b"]}")
        assert max(sizes) < at_rest + 6, (at_rest, max(sizes))  # less than the document
        assert len(waits) > 2
        assert max(waits) < seconds / 2, "otherwise, a request waits for the export"

    def test_an_export_that_fails_halfway_breaks_the_connection(self, full_server):
        """With a well-formed end, a client would mistake the partial export for a complete one."""
        token = log_in_to_demo(full_server)

        def fail():
            execute(full_server.database, "ALTER TABLE message RENAME TO elsewhere")

        def recover():
            execute(full_server.database, "ALTER TABLE elsewhere RENAME TO message")

        try:
            with pytest.raises(http.client.IncompleteRead):
                read(full_server, token, after_a_piece=fail)
        finally:
            recover()
        assert read(full_server, token).endswith(b"]}")


def read(server, token, *, after_a_piece=lambda: None):
    """Export, call `after_a_piece` after the first piece, and return the document."""
    headers = {"Authorization": f"Bearer {token}"}
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as connection:
        connection.request("GET", "/api/auth/me/export/", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200
        found = [answer.read(65_536)]
        after_a_piece()
        while piece := answer.read(65_536):
            found.append(piece)
    return b"".join(found)


def own_mib(pid):
    """Return the process's anonymous memory, in MiB: without the mapped pages of the database's file."""
    found = re.search(r"^RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1024
