"""Clients of a server that may go away at any moment: light, as they share the machine with it.

A client keeps one connection, makes one request at a time, and repeats a request until its answer.
"""

import json
import random
import re
import socket
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from faults.journal import Journal

HOST = "chat.example"
PASSWORD = "staple correct horse"
PAUSE = 0.1
"""The pause before a client retries, in seconds."""
PERSISTENCE = 120.0
"""How long a client retries, in seconds; every fault is shorter."""
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


class Answer(NamedTuple):
    status: int
    head: bytes
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Doors(Protocol):
    """The address of a server."""

    doors: Sequence[int]
    """The ports on this machine that clients may use now."""


class Unexpected(Exception):
    """A request got an answer that is never allowed for it."""


class Client:
    """One user, or none yet, with a connection that opens on demand."""

    def __init__(self, site: Doors, journal: Journal) -> None:
        self.site = site
        self.journal = journal
        self.user_id = 0
        self.username = ""
        self.access = self.refresh = ""
        self.attempts = 0
        """The number of attempts of the last `insist`."""
        self.waits = 0.0
        """How long it asks the server to wait, in seconds."""
        self._socket: socket.socket | None = None
        self._door = 0

    # Identity

    def register(self, username: str) -> "Client":
        """Make an account."""
        self.username = username
        self._enters("/api/auth/register/", 201)
        return self

    def log_in(self) -> None:
        self._enters("/api/auth/login/", 200)

    def _enters(self, path: str, status: int) -> None:
        form = {"username": self.username, "password": PASSWORD}
        found = self.insist("POST", path, form, until={status}).json
        self.user_id = found["user"]["id"]
        self._has(found["tokens"])

    def renew(self) -> None:
        """Get new tokens, with a log-in if the refresh fails."""
        refresh, self.access = self.refresh, ""
        answer = self.insist("POST", "/api/auth/token/refresh/", {"refresh": refresh}, until={200, 401})
        if answer.status == 200:
            self._has(answer.json)
        else:
            self.log_in()

    def _has(self, tokens: dict[str, str]) -> None:
        self.access, self.refresh = tokens["access"], tokens["refresh"]

    # Requests

    def insist(self, method: str, path: str, body: object = None, *, until: Collection[int]) -> Answer:
        """Repeat a request until one of these answers. Raises Unexpected for an answer that is never allowed."""
        deadline = time.monotonic() + PERSISTENCE
        self.attempts = 0
        while time.monotonic() < deadline and not self.journal.is_closed:
            self.attempts += 1
            try:
                answer = self.ask(method, path, body)
            except OSError:
                time.sleep(PAUSE * random.random())
                continue
            if answer.status in until:
                return answer
            self._bear(f"{method} {path}", answer)
        raise Unexpected(f"{method} {path} was not done within {PERSISTENCE:.0f} s")

    def _bear(self, what: str, answer: Answer) -> None:
        """Accept an answer that calls for a retry. Raises Unexpected for any other."""
        if answer.status == 401 and self.access and self.journal.tokens_may_expire:
            attempts = self.attempts
            self.renew()
            self.attempts = attempts
        elif answer.status in {429, 503}:
            if b"\r\nretry-after:" not in answer.head.lower():
                self.journal.problem(f"{what}: {answer.status} without Retry-After")
            time.sleep(PAUSE * (0.5 + random.random()))
        elif answer.status >= 500:
            self.journal.problem(f"{what}: {answer.status} {answer.body[:300]!r}")
            time.sleep(PAUSE)
        else:
            raise Unexpected(f"{what}: {answer.status} {answer.body[:300]!r}")

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Make a request once. Raises OSError without a complete answer: the request may have been done or not."""
        raw = b"" if body is None else json.dumps(body).encode()
        token = f"Authorization: Bearer {self.access}\r\n" if self.access else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\n{token}Content-Type: application/json\r\n"
        began = time.monotonic()
        try:
            connection = self._connection()
            connection.sendall(f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw)
            answer = self._received(connection)
        except OSError as error:
            self.close()
            self.journal.lost(f"{method} {path}", timed_out=isinstance(error, TimeoutError))
            raise
        self.journal.answered(answer.status, time.monotonic() - began - self.waits)
        return answer

    def _connection(self) -> socket.socket:
        doors = self.site.doors
        if self._socket is None or self._door not in doors:
            self.close()
            self._door = random.choice(doors)
            self._socket = socket.create_connection(("127.0.0.1", self._door), self.journal.patience)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _received(self, connection: socket.socket) -> Answer:
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += _some(connection)
        head, body = data[:end], data[end + 4 :]
        length = _LENGTH.search(head)
        missing = int(length[1]) if length else 0
        while len(body) < missing:
            body += _some(connection)
        if _CLOSES.search(head):
            self.close()
        return Answer(int(head[9:12]), head, body)

    def close(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(262_144)
    if not data:
        raise ConnectionError("the server has closed the connection")
    return data
