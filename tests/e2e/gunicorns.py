"""A gunicorn of the operator's own: `gunicorn 'minichat.app:create_app()'` with any worker class, and its clients.

Each client is a thread that records what it received and when it ended, so that a test can stop the server and look at
all of them afterwards.
"""

import json
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import websocket

from e2e.crowd import PASSWORD, wait_until
from servers import BIN, PATIENCE, SECRET, child, environment, free_port

JSON_LOG = ("--logger-class", "minichat.logs.GunicornLogs")
SLOW = 40.0
"""Longer than gunicorn's graceful timeout, in seconds."""
Json = dict[str, Any]


class Gunicorn:
    """A started gunicorn."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, port: int, trust: ssl.SSLContext | None) -> None:
        self.process = process
        self.port = port
        self.trust = trust
        self._folder = folder
        self.http = httpx.Client(
            base_url=f"{'https' if trust else 'http'}://localhost:{port}",
            verify=trust or False,
            timeout=httpx.Timeout(PATIENCE, read=SLOW),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    @property
    def lines(self) -> list[str]:
        """The log."""
        return (self._folder / "server.log").read_text().splitlines()

    @property
    def left_files(self) -> list[str]:
        """The files in the temporary folder and in the home of the server's user."""
        return [str(path) for part in ("tmp", "home") for path in (self._folder / part).rglob("*")]

    @property
    def workers(self) -> list[int]:
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in found.split()]

    def holds_connection(self, client: tuple[str, int]) -> bool:
        """Return whether the server still has its end of the connection from this address and port open."""
        host, port = client
        ends = [f":{self.port:04X}", f"{socket.inet_aton(host)[::-1].hex().upper()}:{port:04X}"]
        connections = (line.split()[1:3] for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
        return any([local[8:], remote] == ends for local, remote in connections)

    @property
    def requests_in_progress(self) -> int:
        """The requests that a server with one worker has not begun to answer, without this one."""
        found = re.search(r"^minichat_http_requests_in_progress (\d+)", self.http.get("/metrics").text, re.MULTILINE)
        assert found
        return int(found[1]) - 1

    def wait_until_it_answers(self) -> None:
        def answers() -> bool:
            assert self.process.poll() is None, self.lines
            with suppress(httpx.TransportError):
                return self.http.get("/healthz").status_code == 200
            return False

        wait_until(answers, "the first answer")

    def connection(self) -> socket.socket:
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        return self.trust.wrap_socket(raw, server_hostname="localhost") if self.trust else raw

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(by)
        return self.process.wait(SLOW)


class Person:
    """A user of a server."""

    def __init__(self, server: Gunicorn, name: str) -> None:
        self.server = server
        body = {"username": name, "password": PASSWORD, "email": f"{name}@example.org"}
        answer = server.http.post("/api/auth/register/", json=body).json()
        self.id: int = answer["user"]["id"]
        self.headers = {"Authorization": f"Bearer {answer['tokens']['access']}"}
        self.room = 0

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.server.http.get(path, params=query, headers=self.headers)

    def post(self, path: str, body: Json) -> Json:
        answer = self.server.http.post(path, json=body, headers=self.headers)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def cursor(self) -> str:
        return str(self.get("/api/chat/sync/").json()["cursor"])

    def makes_room(self, guests: Sequence["Person"] = ()) -> None:
        self.room = self.post("/api/chat/rooms/", {"name": "Tea", "participants": [guest.id for guest in guests]})["id"]
        for guest in guests:
            guest.room = self.room

    def says(self, text: str) -> None:
        self.post("/api/chat/messages/", {"room": self.room, "content": text})

    def history(self) -> list[str]:
        messages = self.get(f"/api/chat/rooms/{self.room}/history/").json()["messages"]
        return [message["content"] for message in messages]

    def opens_socket(self, **options: Any) -> websocket.WebSocket:
        trust = self.server.trust
        return websocket.create_connection(
            f"{'wss' if trust else 'ws'}://localhost:{self.server.port}/ws/chat/{self.room}/",
            timeout=PATIENCE,
            header=self.headers,
            suppress_origin=True,
            sslopt={"context": trust} if trust else None,
            **options,
        )


class Client:
    """A client in a thread of its own. `ended_at` is when its connection ended, by `time.monotonic`."""

    def __init__(self, run: Callable[["Client"], None], *, opens: bool = True) -> None:
        """Wait until `run` has set `opened`, if it `opens` a stream."""
        self.opened = threading.Event()
        self.received: list[Json] = []
        self.error: BaseException | None = None
        self.ended_at = float("inf")
        self._thread = threading.Thread(target=self._run, args=(run,), daemon=True)
        self._thread.start()
        if opens:
            assert self.opened.wait(PATIENCE)
            assert self.error is None, self.error

    def _run(self, run: Callable[["Client"], None]) -> None:
        try:
            run(self)
        except Exception as error:  # noqa: BLE001 - the tests look at it
            self.error = error
        finally:
            self.ended_at = time.monotonic()
            self.opened.set()

    @property
    def texts(self) -> list[str]:
        return [event["data"]["content"] for event in list(self.received) if event["type"] == "message.created"]

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.texts, f"the message {text!r}")

    def join(self) -> None:
        self._thread.join(SLOW)
        assert not self._thread.is_alive()


def stream(person: Person, after: str | None = None) -> Client:
    """Open an event stream."""

    def run(client: Client) -> None:
        query = {"after": after} if after else {}
        http = person.server.http
        with http.stream("GET", "/api/chat/events/", params=query, headers=person.headers) as response:
            assert response.status_code == 200, response.read()
            client.opened.set()
            for line in response.iter_lines():
                if line.startswith("data: "):
                    client.received.append(json.loads(line.removeprefix("data: ")))

    return Client(run)


def follower(person: Person, after: str, stop: threading.Event) -> Client:
    """Read event streams, and resume whenever one ends, until the test stops it."""

    def run(client: Client) -> None:
        client.opened.set()
        cursor = after
        while not stop.is_set():
            part = stream(person, cursor)
            part.join()
            client.received += part.received
            cursor = next((event["id"] for event in reversed(part.received) if "id" in event), cursor)
            assert isinstance(part.error, httpx.TransportError | None)

    return Client(run)


def poller(person: Person, after: str, stop: threading.Event) -> Client:
    """Poll for events, without waiting, until the test stops it."""

    def run(client: Client) -> None:
        client.opened.set()
        cursor = after
        while not stop.is_set():
            answer = person.get("/api/chat/sync/", after=cursor, timeout=0).json()
            client.received += answer["events"]
            cursor = answer["cursor"]
            time.sleep(0.05)  # the pace of the client

    return Client(run)


def web_socket(person: Person) -> Client:
    """Open a WebSocket in the person's room."""

    def run(client: Client) -> None:
        connection = person.opens_socket()
        client.opened.set()
        while True:
            opcode, data = connection.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                client.received.append({"type": "close", "code": int.from_bytes(data[:2], "big")})
                connection.send_close()
                connection.shutdown()
                return
            client.received.append(json.loads(data))

    return Client(run)


def long_poll(person: Person, after: str) -> Client:
    """Wait for an event for up to 30 s."""

    def run(client: Client) -> None:
        answer = person.get("/api/chat/sync/", after=after, timeout=30)
        client.received += [{"type": "answer", "status": answer.status_code}, *answer.json()["events"]]

    return Client(run, opens=False)


class HalfRequest:
    """A message whose body is not complete yet, in the hands of a worker."""

    def __init__(self, person: Person, text: str) -> None:
        body = json.dumps({"room": person.room, "content": text}).encode()
        fields = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": len(body)}
        fields |= {"Expect": "100-continue", "Connection": "close", **person.headers}
        head = ["POST /api/chat/messages/ HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        self._rest = body[5:]
        self._connection = person.server.connection()
        self._connection.sendall("\r\n".join(head).encode())
        assert self._connection.recv(100).startswith(b"HTTP/1.1 100 ")
        self._connection.sendall(body[:5])

    def finish(self) -> int:
        """Send the rest, and return the status of the answer, or 0 if the server has closed the connection."""
        with self._connection, suppress(OSError):
            self._connection.sendall(self._rest)
            answer = self._connection.recv(100)
            return int(answer.split()[1]) if answer else 0
        return 0


def opens_and_leaves(person: Person) -> tuple[str, int]:
    """Open an event stream, and close the connection as browsers and curl do: with a good-bye in TLS.

    Return the address and port of its client.
    """
    connection = person.server.connection()
    client: tuple[str, int] = connection.getsockname()
    fields = "".join(f"{name}: {value}\r\n" for name, value in person.headers.items())
    connection.sendall(f"GET /api/chat/events/ HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n".encode())
    assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
    if isinstance(connection, ssl.SSLSocket):
        connection.settimeout(0)
        with suppress(OSError):  # nobody waits for the server's good-bye
            connection.unwrap()
    connection.close()
    return client


def _certificate(folder: Path) -> list[str]:
    """Make a certificate for `localhost`, and return gunicorn's options for it."""
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"]
    subprocess.run(["openssl", "req", *kind, *names, *files], check=True, capture_output=True)
    return ["--certfile", f"{folder}/cert.pem", "--keyfile", f"{folder}/key.pem"]


@contextmanager
def own_gunicorn(
    folder: Path, *options: str, tls: bool = False, variables: Mapping[str, str] | None = None, **settings: str
) -> Iterator[Gunicorn]:
    """Run gunicorn with these options until the block ends. It answers when the block begins."""
    for part in ("tmp", "home"):
        (folder / part).mkdir()
    options = (*options, *_certificate(folder)) if tls else options
    trust = ssl.create_default_context(cafile=folder / "cert.pem") if tls else None
    settings = {"database_url": f"sqlite:///{folder}/chat.sqlite3", "secret_key": SECRET, **settings}
    places = {"TMPDIR": str(folder / "tmp"), "HOME": str(folder / "home")}
    env = {**environment(rate_limits="off", **settings), **places, **(variables or {})}
    port = free_port()
    command = ["minichat.app:create_app()", "--no-control-socket", "--bind", f"127.0.0.1:{port}", *options]
    with (
        (folder / "server.log").open("wb") as log,
        child([BIN / "gunicorn", *command], folder, env=env, stdout=log, stderr=log) as process,
    ):
        server = Gunicorn(process, folder, port, trust)
        with server.http:
            server.wait_until_it_answers()
            yield server
