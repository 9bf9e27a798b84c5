"""Users of a running server, concurrent requests, and checks of its database."""

import http.client
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from servers import PATIENCE, Answer, Database, RunningServer

PASSWORD = "staple correct horse"
"""Not the example of the API's document, which schemathesis sends: it would erase the account that it uses."""
BROKEN = (OSError, http.client.HTTPException)
"""The errors that a request raises when the server goes away."""

Result = TypeVar("Result")
Json = dict[str, Any]


class Person:
    """A user; each call opens a new connection, so that any worker may get it."""

    def __init__(self, server: RunningServer, user: Json, tokens: Json) -> None:
        self.server = server
        self.id: int = user["id"]
        self.username: str = user["username"]
        self.token: str = tokens["access"]
        self.refresh: str = tokens["refresh"]

    def call(self, method: str, path: str, body: object = None, *, patience: float = PATIENCE) -> Answer:
        return call(self.server, method, path, body, self.token, patience=patience)

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status == 200, answer
        return answer.json

    def makes_room(self, *others: "Person") -> int:
        body = {"name": "Kitchen", "participants": [other.id for other in others]}
        answer = self.call("POST", "/api/chat/rooms/", body)
        assert answer.status == 201, answer
        return int(answer.json["id"])

    def says(self, room: int, content: str, client_id: str | None = None, *, patience: float = PATIENCE) -> Answer:
        body = {"room": room, "content": content, "client_id": client_id}
        return self.call("POST", "/api/chat/messages/", body, patience=patience)

    def history(self, room: int) -> list[Json]:
        """Return all messages of the room, oldest first."""
        path, pages = f"/api/chat/rooms/{room}/history/?limit=200&mark_read=false", []
        while True:
            pages.append(self.get(path)["messages"])
            if len(pages[-1]) < 200:
                return [message for page in reversed(pages) for message in page]
            path = f"/api/chat/rooms/{room}/history/?limit=200&mark_read=false&before={pages[-1][0]['id']}"


def call(
    server: RunningServer,
    method: str,
    path: str,
    body: object = None,
    token: str | None = None,
    *,
    patience: float = PATIENCE,
) -> Answer:
    """Make one request on a new connection. Raises one of `BROKEN` without a complete answer."""
    headers = {"Connection": "close"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if body is not None:
        headers["Content-Type"] = "application/json"
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=patience)) as connection:
        connection.request(method, path, None if body is None else json.dumps(body).encode(), headers)
        response = connection.getresponse()
        return Answer(response.status, dict(response.headers), response.read())


def register(server: RunningServer, *usernames: str) -> list[Person]:
    people = []
    for username in usernames:
        answer = call(server, "POST", "/api/auth/register/", {"username": username, "password": PASSWORD})
        assert answer.status == 201, answer
        people.append(Person(server, answer.json["user"], answer.json["tokens"]))
    return people


def at_once(actions: Iterable[Callable[..., Result]]) -> list[Result]:
    """Run all actions in threads that start together; return their results in order. Raises the first error."""
    chosen = list(actions)
    results: list[Any] = [None] * len(chosen)
    failures: list[BaseException] = []
    start = threading.Barrier(len(chosen))

    def run(place: int, action: Callable[[], Result]) -> None:
        start.wait()
        try:
            results[place] = action()
        except BaseException as error:  # noqa: BLE001 - raised again below, in the test's thread
            failures.append(error)

    threads = [threading.Thread(target=run, args=item) for item in enumerate(chosen)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results


@contextmanager
def meanwhile(action: Callable[[], object], *, times: int = 1, rest: float = 0.01) -> Iterator[None]:
    """Repeat the action in `times` threads, `rest` seconds apart, until the block ends. Raises its first error."""
    over = threading.Event()
    failures: list[BaseException] = []

    def repeat() -> None:
        try:
            while not over.wait(rest):
                action()
        except BaseException as error:  # noqa: BLE001 - raised again below, in the test's thread
            failures.append(error)

    threads = [threading.Thread(target=repeat) for _ in range(times)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


def wait_until(condition: Callable[..., object], what: str, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while True:
        asked = time.monotonic()
        if condition():
            return
        now = time.monotonic()
        assert now < deadline, f"{what} did not happen within {patience} s"
        time.sleep(min(max(0.01, 2 * (now - asked)), 0.1))  # those that ask a server would keep it busy


def rows(database: Database, statement: str) -> list[tuple[Any, ...]]:
    if isinstance(database, str):
        with psycopg.connect(database) as server:
            return server.execute(statement).fetchall()
    with closing(sqlite3.connect(database, timeout=PATIENCE)) as connection:
        return connection.execute(statement).fetchall()


def execute(database: Database, statement: str) -> None:
    """Change the database without the server."""
    if isinstance(database, str):
        with psycopg.connect(database) as server:
            server.execute(statement)
    else:
        with closing(sqlite3.connect(database, timeout=PATIENCE)) as connection, connection:
            connection.execute(statement)


def check_whole(database: Database) -> None:
    """Fail unless SQLite's integrity checks pass. PostgreSQL needs no such check."""
    if isinstance(database, Path):
        assert rows(database, "PRAGMA integrity_check") == [("ok",)]
        assert rows(database, "PRAGMA foreign_key_check") == []


def check_database(database: Database) -> None:
    """Fail unless the database is consistent and its counters are correct."""
    check_whole(database)
    tokens = "(SELECT session_id FROM refresh_token)"
    assert rows(database, f"SELECT user_id FROM session WHERE ended_at IS NULL AND id NOT IN {tokens}") == []
    _check_remains(database)
    living = "FROM room WHERE deleted_at IS NULL AND"
    people = "(SELECT count(*) FROM participant WHERE room_id = room.id)"
    assert rows(database, f"SELECT id, participants_count, {people} {living} participants_count != {people}") == []
    for what in ("max(seq)", "count(*)"):
        found = f"(SELECT coalesce({what}, 0) FROM message WHERE room_id = room.id)"
        assert rows(database, f"SELECT id, last_seq, {found} FROM room WHERE last_seq != {found}") == []
    beyond = "joined_seq > last_seq OR seen_seq > last_seq"
    assert rows(database, f"SELECT * FROM participant JOIN room ON room.id = room_id WHERE {beyond}") == []
    nobody = "NOT EXISTS (SELECT 1 FROM participant WHERE room_id = room.id"
    assert rows(database, f"SELECT id {living} {nobody})") == []
    assert rows(database, f"SELECT id {living} kind = 'group' AND {nobody} AND role = 'owner')") == []
    assert (
        rows(database, "SELECT room_id FROM participant WHERE role = 'owner' GROUP BY room_id HAVING count(*) > 1")
        == []
    )
    assert rows(database, "SELECT * FROM ban JOIN participant USING (room_id, user_id)") == []
    assert rows(database, "SELECT id FROM message WHERE is_deleted != (content = '')") == []
    order = "id" if isinstance(database, Path) else "xid, id"
    _check_log(rows(database, f"SELECT kind, room_id, user_id, message_id FROM change ORDER BY {order}"))
    messages = rows(database, "SELECT id FROM message ORDER BY id")
    assert (
        rows(database, "SELECT message_id FROM change WHERE kind = 'message.created' ORDER BY message_id") == messages
    )


def _check_remains(database: Database) -> None:
    """Fail if an erased account has anything left except its row, its messages and its direct chats."""
    gone = '(SELECT id FROM "user" WHERE deleted_at IS NOT NULL)'
    names = "username != 'deleted-user-' || id OR username_key != username OR first_name || last_name || email != ''"
    rest = "avatar_url != '' OR password_hash != '' OR is_active OR is_superuser OR last_seen_at IS NOT NULL"
    assert rows(database, f'SELECT id FROM "user" WHERE id IN {gone} AND ({names} OR {rest})') == []
    assert rows(database, f"SELECT part FROM user_name_part WHERE user_id IN {gone}") == []
    kept = "ended_at IS NULL OR user_agent || ip || network != '' OR id IN (SELECT session_id FROM refresh_token)"
    assert rows(database, f"SELECT id FROM session WHERE user_id IN {gone} AND ({kept})") == []
    assert rows(database, f"SELECT id FROM ban WHERE user_id IN {gone} OR banned_by IN {gone}") == []
    assert rows(database, f"SELECT id FROM message WHERE user_id IN {gone} AND first_digest IS NOT NULL") == []
    in_groups = f"JOIN room ON room.id = room_id WHERE user_id IN {gone} AND kind = 'group' AND deleted_at IS NULL"
    assert rows(database, f"SELECT room_id FROM participant {in_groups}") == []


def _check_log(changes: Iterable[tuple[Any, ...]]) -> None:
    """Fail unless each author was a member of an existing room at the time of the message."""
    inside: set[tuple[int, int]] = set()
    removed: set[int] = set()
    for kind, room, user, message in changes:
        assert room not in removed, (kind, room, user, message)
        if kind == "participant.joined":
            assert (room, user) not in inside, (room, user)
            inside.add((room, user))
        elif kind == "participant.left":
            inside.remove((room, user))
        elif kind == "message.created":
            assert (room, user) in inside, (room, user, message)
        elif kind == "room.deleted":
            removed.add(room)


def check_numbers(messages: Sequence[Json]) -> None:
    """Fail unless the messages are numbered 1, 2, 3, ... in this order."""
    assert [message["seq"] for message in messages] == list(range(1, len(messages) + 1))
    assert len({message["id"] for message in messages}) == len(messages)
