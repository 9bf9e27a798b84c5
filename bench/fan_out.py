"""Measure the fan-out of messages to many readers, beside nchan and an ideal server, in one run.

    python bench/fan_out.py [--seconds 10] [--only 1000x2,1000x20,4000x2] [--sockets] [--fairness]

It starts `minichat serve` with two workers on a new SQLite file, nginx with nchan if Debian's libnginx-mod-nchan is
installed, and a process of plain Python that only writes a ready event to all its sockets; all on loopback only. For
each scenario (streams of one room x messages a second) it prints the time from just before a message is sent to its
arrival at each reader, and the server's CPU time for each delivery. `readers.py` reads in a process of its own; the
figures of the ideal server show what that reading costs. Servers and readers share the machine.

`--sockets` reads WebSockets instead of event streams. `--fairness` measures instead how a busy room, a storm of
receipts and a slow reader delay other requests and the events of another room.
"""

import argparse
import itertools
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from peers import children_of, cpu_seconds, free_port, has_nchan, ideal, nchan, wait_for
from readers import HERE, Readers

SCENARIOS = "1000x2,1000x20,4000x2"
PEOPLE = 250
"""Users of the busy room, who share its streams. The server allows 20 streams each."""
BUSY, QUIET = 1, 2
"""The ids of the busy room and of another room of the same people."""
FILLING = "Shall we meet at the station at half past seven?"
GRACE = 10.0
"""Maximum wait for missing deliveries, in seconds."""
SOCKET = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}==\r\n".format(
    "A" * 22
)


class Client:
    """One persistent connection. `http.client` would send the head and the body in two parts."""

    def __init__(self, port: int, token: str = "") -> None:
        self._socket = socket.create_connection((HERE, port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = f"Host: {HERE}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"

    def call(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Return the body of a successful answer."""
        head = f"{method} {path} HTTP/1.1\r\n{self._head}Content-Length: {len(body)}\r\n\r\n"
        self._socket.sendall(head.encode() + body)
        answer = b""
        while True:
            data = self._socket.recv(65_536)
            assert data, answer
            answer += data
            head_of_answer, is_complete, rest = answer.partition(b"\r\n\r\n")
            if is_complete:
                length = int(head_of_answer.lower().partition(b"content-length:")[2].split()[0])
                if len(rest) == length:
                    assert head_of_answer.split()[1][:1] == b"2", answer
                    return rest


class Peer(NamedTuple):
    """A server under test."""

    name: str
    port: int
    pids: Sequence[int]
    requests: Callable[[int], Sequence[bytes]]
    """Takes a number of streams, and returns the requests that open them."""
    send: Callable[[str], object]
    """Sends a message with this content to all streams."""


class Figures(NamedTuple):
    p50: float
    p99: float
    cpu: float
    """Of the server, in µs for each delivery."""
    reading: float
    """CPU time of the readers, in µs for each delivery."""
    missing: int


class Chat:
    """A running minichat with its people."""

    def __init__(self, port: int, pids: Sequence[int], tokens: Sequence[str]) -> None:
        self.port, self.pids, self.tokens = port, pids, tokens
        self.owner = Client(port, tokens[0])

    def say(self, content: str, room: int = BUSY) -> None:
        body = json.dumps({"room": room, "content": content}).encode()
        self.owner.call("POST", "/api/chat/messages/", body)

    def streams(self, count: int) -> Sequence[bytes]:
        return self._requests("/api/chat/events/", "", count)

    def sockets(self, count: int) -> Sequence[bytes]:
        return self._requests("/ws/chat/", SOCKET, count)

    def room_sockets(self, room: int, count: int) -> Sequence[bytes]:
        return self._requests(f"/ws/chat/{room}/", SOCKET, count)

    def _requests(self, path: str, more: str, count: int) -> Sequence[bytes]:
        tokens = (self.tokens[number % PEOPLE] for number in range(count))
        return [
            f"GET {path} HTTP/1.1\r\nHost: {HERE}\r\n{more}Authorization: Bearer {token}\r\n\r\n".encode()
            for token in tokens
        ]

    def event(self) -> str:
        """Return an event as it arrives, with a mark instead of the content."""
        with socket.create_connection((HERE, self.port), timeout=10) as stream:
            stream.sendall(self.streams(1)[0])
            time.sleep(0.5)
            self.say("the mark")
            data = b""
            while b"the mark" not in data or not data.endswith(b"\n\n\r\n"):
                data += stream.recv(65_536)
        return data.rpartition(b"data: ")[2].partition(b"\n\n")[0].decode()


@contextmanager
def minichat(folder: Path, workers: int = 2) -> Iterator[Chat]:
    """Serve a chat with PEOPLE in two rooms."""
    port = free_port()
    os.environ |= {
        "MINICHAT_DATABASE_URL": f"sqlite:///{folder}/chat.sqlite3",
        "MINICHAT_RATE_LIMITS": "off",
        "MINICHAT_LOG_LEVEL": "warning",
    }
    program = str(Path(sys.executable).with_name("minichat"))
    sizes = ["--users", f"{PEOPLE}", "--members", f"{PEOPLE}", "--rooms", "2", "--messages", "1"]
    subprocess.run([program, "demo", *sizes], cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    tokens = subprocess.run(  # noqa: S603
        [sys.executable, __file__, "--tokens"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.split()
    command = [program, "serve", "--bind", f"{HERE}:{port}", "--workers", f"{workers}"]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        wait_for(port)
        Client(port, tokens[0]).call("GET", "/api/auth/me/")
        yield Chat(port, [server.pid, *children_of(server.pid)], tokens)
    finally:
        server.terminate()
        server.wait()


def print_tokens() -> None:
    """Open a session of each user, and print the access tokens. Logging in would cost Argon2 each time."""
    from minichat.api.context import context_of
    from minichat.app import create_app
    from minichat.config import Settings
    from minichat.domain.sessions import Device

    app = create_app(Settings.load())
    known = context_of(app)
    sessions = known.services.sessions
    with app.app_context():
        for user_id in range(1, PEOPLE + 1):
            user = known.services.change_log.user(user_id)
            with sessions.transaction(account=user_id):
                grant = sessions.open(user, Device())
            print(known.tokens.pair(grant)["access"])


def measure(peer: Peer, streams: int, rate: float, seconds: float) -> Figures:
    """Send for some seconds, and read everything."""
    readers = Readers(peer.port, peer.requests(streams))
    try:
        time.sleep(1)  # until the streams have caught up
        peer.send(f"{time.monotonic_ns()} {FILLING}")
        readers.heard(streams, GRACE)
        count = max(1, int(seconds * rate))
        began, cpu = time.monotonic(), cpu_seconds(peer.pids)
        for number in range(count):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            peer.send(f"{time.monotonic_ns()} {FILLING}")
        heard = readers.heard(count * streams, GRACE)
        cpu = cpu_seconds(peer.pids) - cpu
    finally:
        readers.close()
    deliveries = len(heard.delays)
    return Figures(
        percentile(heard.delays, 0.5),
        percentile(heard.delays, 0.99),
        cpu * 1e6 / deliveries,
        heard.cpu_seconds * 1e6 / deliveries,
        count * streams - deliveries,
    )


def percentile(delays: array, part: float) -> float:
    return sorted(delays)[int(len(delays) * part)]


def poster(port: int, path: str, event: str) -> Callable[[str], object]:
    """Return a function that posts the event with a content."""
    client = Client(port)
    return lambda content: client.call("POST", path, event.replace("the mark", content).encode())


def same(request: str) -> Callable[[int], Sequence[bytes]]:
    return lambda count: [request.encode()] * count


def compare(given: argparse.Namespace) -> None:
    """Print the table of all servers and scenarios."""
    with tempfile.TemporaryDirectory() as place, ExitStack() as running:
        folder = Path(place)
        chat = running.enter_context(minichat(folder))
        event = chat.event()
        requests = chat.sockets if given.sockets else chat.streams
        peers = [Peer("minichat", chat.port, chat.pids, requests, chat.say)]
        get = f"HTTP/1.1\r\nHost: {HERE}\r\nAccept: text/event-stream\r\n"
        if has_nchan():
            port, pids = running.enter_context(nchan(folder))
            opening = f"GET /socket {get}{SOCKET}\r\n" if given.sockets else f"GET /events {get}\r\n"
            peers.append(Peer("nchan", port, pids, same(opening), poster(port, "/send", event)))
        print(f"an event has {len(event)} bytes; p50 and p99 in ms, CPU time in µs a delivery", flush=True)
        print(f"{'':12} {'':9} {'p50':>7} {'p99':>7} {'server':>7} {'readers':>8} {'missing':>8}")
        for scenario in given.only.split(","):
            streams, rate = (int(number) for number in scenario.split("x"))
            found = {peer.name: measure(peer, streams, rate, given.seconds) for peer in peers}
            if not given.sockets:
                with ideal() as (port, pids):  # a new one for each scenario, because it never notices a closed stream
                    peer = Peer("ideal", port, pids, same(f"GET / {get}\r\n"), poster(port, "/", event))
                    found["ideal"] = measure(peer, streams, rate, given.seconds)
            for name, one in found.items():
                print(
                    f"{scenario:12} {name:9} {one.p50:7.1f} {one.p99:7.1f} {one.cpu:7.1f} {one.reading:8.1f} "
                    f"{one.missing:8}"
                )
            if "nchan" in found:
                p50, p99 = (found["minichat"][at] / found["nchan"][at] for at in (0, 1))
                print(f"{scenario:12} minichat : nchan, p50 {p50:.2f} (goal 1.5), p99 {p99:.2f} (goal 1.8)", flush=True)


class Beside:
    """Threads that work beside the measurement: until the end, or for a number of times."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._is_over = threading.Event()

    def repeat(self, rate: float, work: Callable[[], object]) -> None:
        """Do the work that often a second."""

        def run() -> None:
            due = time.monotonic()
            while not self._is_over.is_set():
                work()
                due = max(due + 1 / rate, time.monotonic() - 1)
                self._is_over.wait(max(0.0, due - time.monotonic()))

        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()

    def end(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()


def fairness(given: argparse.Namespace) -> None:
    """Print how long requests and the events of a quiet room take beside each load."""
    with tempfile.TemporaryDirectory() as place, minichat(Path(place)) as chat:
        busy = Readers(chat.port, chat.room_sockets(BUSY, 1_000))
        quiet = Readers(chat.port, chat.room_sockets(QUIET, 20))
        slow = [socket.create_connection((HERE, chat.port)) for _ in range(20)]
        print(f"{'':34} {'me p50':>8} {'me p99':>8} {'event p50':>10} {'event p99':>10} {'most':>7}   (ms)")
        loads: dict[str, Callable[[Beside], None]] = {
            "nothing else": lambda _: None,
            "20 messages a second": lambda beside: beside.repeat(20, talk(chat)),
            "100 receipts a second": lambda beside: read_marks(chat, beside),
            "20 readers that read nothing": lambda beside: beside.repeat(20, talk(chat)),
        }
        for title, load in loads.items():
            if "nothing" in title and title[0] == "2":
                for stream, request in zip(slow, chat.room_sockets(QUIET, 20), strict=True):
                    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
                    stream.sendall(request)
            beside = Beside()
            load(beside)
            print_fairness(title, chat, quiet, given.seconds)
            beside.end()
            time.sleep(1)
        busy.close()
        quiet.close()


def talk(chat: Chat) -> Callable[[], bytes]:
    """Return a function that sends a message to the busy room, and returns the answer."""
    client = Client(chat.port, chat.tokens[1])
    body = json.dumps({"room": BUSY, "content": FILLING}).encode()
    return lambda: client.call("POST", "/api/chat/messages/", body)


def read_marks(chat: Chat, beside: Beside) -> None:
    """Let a hundred people read the newest of two messages a second, one after another."""
    newest = [1]
    say = talk(chat)

    def speak() -> None:
        newest[0] = json.loads(say())["seq"]

    beside.repeat(2, speak)
    for number in range(10):
        clients = itertools.cycle([Client(chat.port, token) for token in chat.tokens[10 + number : 110 : 10]])

        def read(clients: Iterator[Client] = clients) -> None:
            body = json.dumps({"seq": newest[0]}).encode()
            next(clients).call("POST", f"/api/chat/rooms/{BUSY}/read/", body)

        beside.repeat(10, read)


def print_fairness(title: str, chat: Chat, quiet: Readers, seconds: float) -> None:
    clients = [Client(chat.port, token) for token in chat.tokens[:6]]
    times = array("d")
    beside = Beside()

    def ask(client: Client) -> None:
        began = time.monotonic()
        client.call("GET", "/api/auth/me/")
        times.append((time.monotonic() - began) * 1e3)

    for client in clients:
        beside.repeat(20, lambda client=client: ask(client))
    quiet.heard(1, 0)  # forgets what came before
    count = int(seconds * 5)
    for _ in range(count):
        chat.say(f"{time.monotonic_ns()} {FILLING}", QUIET)
        time.sleep(0.2)
    heard = quiet.heard(count * 20, GRACE)
    beside.end()
    values = (*(percentile(times, part) for part in (0.5, 0.99)), *(percentile(heard.delays, p) for p in (0.5, 0.99)))
    print("{:34} {:8.1f} {:8.1f} {:10.1f} {:10.1f} {:7.1f}".format(title, *values, max(heard.delays)), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--only", default=SCENARIOS, metavar="STREAMSxRATE,…")
    parser.add_argument("--sockets", action="store_true")
    parser.add_argument("--fairness", action="store_true")
    parser.add_argument("--tokens", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.tokens:
        print_tokens()
        return
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that it ends the servers that it has started
    (fairness if given.fairness else compare)(given)


if __name__ == "__main__":
    main()
