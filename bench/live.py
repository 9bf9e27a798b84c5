"""Measure live updates: the cost of an open stream, the delay to many readers, and a steady flow of messages.

    python bench/live.py [idle] [room] [flow] [storm] [--messages 50] [--seconds 60]

It starts `minichat serve` with two workers on a new SQLite file, on loopback only. It prints each figure with its goal:

* idle: the time to open 5,000 event streams (250 users with 20 each), and the workers' resident memory per stream;
* room: the delay from the sender to the 1,000 live readers of its room (p50, p99, maximum);
* flow: 100 messages a second to 200 readers, for `--seconds`: lost, repeated and misordered messages, and the delay;
* storm: 5,000 streams of as many users, each with 100 missed messages, come back at once to a server of their own: see
  `storm.py`. It takes `--causes cut,hup,kill`, `--readers 5000`, and `--rest 60`, the seconds after each storm.

Without names it runs all four. All readers are in one process, which only finds the numbers in the events; the sender
is another process. Both use the same machine, so the times include clients and server.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import re
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from storm import CAUSES, READERS, Storms, prepare

PASSWORD = "correct horse battery"
HERE = "127.0.0.1"
PEOPLE = 250
STREAMS_EACH = 20
READERS_OF_ROOM = 1_000
READERS_OF_FLOW = 200
RATE = 100
SENDERS = 10
OPENING = 64
"""Number of streams opened at once."""
MOST_OF_ROOM = 200
"""Participants of a new room; the others are added later."""
GRACE = 10.0
"""Maximum wait for missing messages, in seconds."""
# A message is "<monotonic clock in ns> <filler>", so that a reader can compute its delay.
_TOLD = re.compile(rb'event: message\.created\ndata: [^\n]*?"seq":(\d+),[^\n]*?"content":"(\d+) [^\n]*\n\n')
FILLING = "Shall we meet at the station at half past seven?"


class Client:
    """One persistent connection."""

    def __init__(self, port: int, token: str = "") -> None:
        self._connection = http.client.HTTPConnection(HERE, port, timeout=30)
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})

    def post(self, path: str, body: object) -> dict[str, Any]:
        self._connection.request("POST", path, json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        said = answer.read()
        assert answer.status in {200, 201}, (answer.status, said)
        return json.loads(said)


class Stream:
    """An open event stream, and its received messages."""

    __slots__ = ("_missing", "_rest", "head", "last_seq", "received", "socket", "tangled", "twice")

    def __init__(self, port: int, token: str) -> None:
        self.socket = socket.create_connection((HERE, port))
        self.socket.sendall(
            f"GET /api/chat/events/ HTTP/1.1\r\nHost: {HERE}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        self.socket.setblocking(False)
        self.head = self._rest = b""
        self.forget()

    def forget(self) -> None:
        """Reset the counts."""
        self.received = self.last_seq = self.twice = self.tangled = 0
        self._missing: set[int] = set()

    def is_open(self) -> bool:
        """Read the available part of the answer's head; return whether it is complete."""
        self.head += self.socket.recv(65_536)
        assert not self.head or self.head.startswith(b"HTTP/1.1 200 "), self.head
        return b"\r\n\r\n" in self.head

    def take(self, times: array) -> int:
        """Read the available messages, append their delays to `times`, and return their number."""
        data = self.socket.recv(262_144)
        now = time.monotonic_ns()
        assert data, "a stream was cut off"
        data = self._rest + data
        end = count = 0
        for found in _TOLD.finditer(data):
            count, end = count + 1, found.end()
            self._note(int(found[1]))
            times.append((now - int(found[2])) / 1e6)
        self._rest = data[end:][-65_536:]
        self.received += count
        return count

    def _note(self, seq: int) -> None:
        if seq > self.last_seq:
            self._missing.update(range(self.last_seq + 1 if self.last_seq else seq, seq))
            self.last_seq = seq
        elif seq in self._missing:
            self._missing.remove(seq)
            self.tangled += 1
        else:
            self.twice += 1


class Crowd:
    """All readers, in one loop."""

    def __init__(self, port: int, tokens: Sequence[str]) -> None:
        """Open one stream per token."""
        self.streams: list[Stream] = []
        self._selector = selectors.DefaultSelector()
        waiting, remaining = 0, iter(tokens)
        while waiting or len(self.streams) < len(tokens):
            for token in islice(remaining, OPENING - waiting):
                stream = Stream(port, token)
                self._selector.register(stream.socket, selectors.EVENT_READ, stream)
                self.streams.append(stream)
                waiting += 1
            for key, _ in self._selector.select():
                if b"\r\n\r\n" not in key.data.head:
                    waiting -= key.data.is_open()

    def hear(self, times: array, enough: Callable[[int], bool]) -> int:
        """Read until that many messages arrive or the time is over; return their number."""
        heard = 0
        while not enough(heard):
            for key, _ in self._selector.select(0.05):
                heard += key.data.take(times)
        return heard

    def rest(self, seconds: float) -> None:
        """Read and discard events for that long."""
        over = time.monotonic() + seconds
        self.hear(array("d"), lambda _: time.monotonic() > over)
        for stream in self.streams:
            stream.forget()

    def close(self) -> None:
        for stream in self.streams:
            stream.socket.close()
        self._selector.close()


@contextmanager
def listening(port: int, tokens: Sequence[str]) -> Iterator[Crowd]:
    crowd = Crowd(port, tokens)
    try:
        yield crowd
    finally:
        crowd.close()


def send(port: int, room: int, tokens: Sequence[str], rate: float, count: int, said: Any) -> None:
    """Send `count` messages at a rate, over one connection per token; return the number and the time."""
    began = time.monotonic() + 0.2
    numbers = iter(range(count))
    done: list[float] = []

    def talk(token: str) -> None:
        client = Client(port, token)
        for number in numbers:  # shared: each number goes to one thread
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            content = f"{time.monotonic_ns()} {FILLING}"
            client.post("/api/chat/messages/", {"room": room, "content": content})
            done.append(time.monotonic())

    threads = [threading.Thread(target=talk, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said.send((len(done), max(done) - began))


def heard_of(crowd: Crowd, sending: tuple[Any, ...], count: int) -> tuple[array, int, float]:
    """Let another process send, and read everything; return the delays, the number sent, and the time."""
    here, there = multiprocessing.Pipe(duplex=False)
    sender = multiprocessing.Process(target=send, args=(*sending, count, there))
    times = array("d")
    sender.start()
    ended: list[float] = []

    def enough(heard: int) -> bool:
        if not ended and not sender.is_alive():
            ended.append(time.monotonic())
        if heard < count * len(crowd.streams):
            return bool(ended) and time.monotonic() > ended[0] + GRACE
        return True

    crowd.hear(times, enough)
    sender.join()
    assert sender.exitcode == 0, "the sender failed"
    # Later messages would exceed the expected number.
    late = time.monotonic() + 0.5
    crowd.hear(times, lambda _: time.monotonic() > late)
    return times, *here.recv()


def percentiles(times: array, p50: int | None, p99: int) -> str:
    ordered = sorted(times)
    half, most = (ordered[int(len(ordered) * part)] for part in (0.5, 0.99))
    goal = f" (goal < {p50})" if p50 else ""
    return f"p50 {half:.0f} ms{goal}, p99 {most:.0f} ms (goal < {p99}), most {ordered[-1]:.0f} ms"


def resident_kib(pids: Sequence[int]) -> int:
    """Return the resident memory of the processes."""
    status = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return sum(int(line.split()[1]) for text in status for line in text.splitlines() if line.startswith("VmRSS:"))


class Bench:
    def __init__(self, port: int, arbiter: int) -> None:
        self._port = port
        self._arbiter = arbiter
        made = [
            Client(port).post("/api/auth/register/", {"username": f"person{number}", "password": PASSWORD})
            for number in range(PEOPLE)
        ]
        self._tokens = [one["tokens"]["access"] for one in made]
        ids = [one["user"]["id"] for one in made]
        owner = Client(port, self._tokens[0])
        body = {"name": "Station", "participants": ids[1:MOST_OF_ROOM]}
        self._room = owner.post("/api/chat/rooms/", body)["id"]
        for user_id in ids[MOST_OF_ROOM:]:
            owner.post(f"/api/chat/rooms/{self._room}/participants/", {"user_id": user_id})

    def _listening(self, count: int) -> Any:
        return listening(self._port, [self._tokens[number % PEOPLE] for number in range(count)])

    def idle(self) -> None:
        workers = Path(f"/proc/{self._arbiter}/task/{self._arbiter}/children").read_text().split()
        with self._listening(PEOPLE):  # the first streams also pay for one-time set-up, such as the hub
            time.sleep(1)
        before, began = resident_kib([int(pid) for pid in workers]), time.monotonic()
        with self._listening(PEOPLE * STREAMS_EACH) as crowd:
            seconds, count = time.monotonic() - began, len(crowd.streams)
            crowd.rest(2)
            held = resident_kib([int(pid) for pid in workers]) - before
        print(
            f"idle: {held / count:.1f} KiB each of {count} streams (goal <= 20), opened in {seconds:.1f} s", flush=True
        )

    def room(self, messages: int) -> None:
        with self._listening(READERS_OF_ROOM) as crowd:
            crowd.rest(1)
            # Slow enough for each message to arrive everywhere before the next.
            times, sent, _ = heard_of(crowd, (self._port, self._room, self._tokens[:1], 3), messages)
            missing = sent * READERS_OF_ROOM - len(times)
        print(
            f"room: {percentiles(times, 60, 150)}; {sent} messages to {READERS_OF_ROOM} readers, {missing} missing",
            flush=True,
        )

    def flow(self, seconds: float) -> None:
        with self._listening(READERS_OF_FLOW) as crowd:
            crowd.rest(1)
            count = int(seconds * RATE)
            sending = self._port, self._room, self._tokens[:SENDERS], RATE
            times, sent, took = heard_of(crowd, sending, count)
            twice, tangled = (sum(getattr(one, name) for one in crowd.streams) for name in ("twice", "tangled"))
            lost = sum(sent - (one.received - one.twice) for one in crowd.streams)
        print(f"flow: {lost} lost, {twice} twice, {tangled} out of order (goal 0), {percentiles(times, None, 300)}")
        print(f"      {sent} messages in {took:.1f} s to {READERS_OF_FLOW} readers, {len(times)} arrivals", flush=True)


@contextmanager
def serving(folder: str) -> Iterator[tuple[int, int]]:
    """Start a server; yield its port and its process."""
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        port = probe.getsockname()[1]
    command = [Path(sys.executable).with_name("minichat"), "serve", "--bind", f"{HERE}:{port}", "--workers", "2"]
    environment = {**os.environ, "MINICHAT_RATE_LIMITS": "off", "MINICHAT_LOG_LEVEL": "warning"}
    server = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        while True:
            try:
                socket.create_connection((HERE, port)).close()
                break
            except OSError:
                assert server.poll() is None, "the server does not start"
                time.sleep(0.05)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait()


def measure_storms(readers: int, causes: Sequence[str], rest: float) -> None:
    """Run the part `storm`, each cause after the other."""
    with tempfile.TemporaryDirectory() as folder:
        minichat = Path(sys.executable).with_name("minichat")
        subprocess.run(  # noqa: S603
            [minichat, "demo", "--users", str(readers), "--rooms", "1", "--members", str(readers), "--messages", "0"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        here, there = multiprocessing.Pipe(duplex=False)
        filling = multiprocessing.Process(target=prepare_in, args=(folder, readers, there), daemon=True)
        filling.start()
        there.close()
        prepared = here.recv()
        filling.join()
        with serving(folder) as (port, pid):
            storms = Storms(port, pid, prepared)
            storms.open()
            for cause in causes:
                storms.run(cause, rest)
            storms.close()


def prepare_in(folder: str, readers: int, answer: Any) -> None:
    os.chdir(folder)
    prepare(readers, answer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help="idle, room, flow, storm; all by default")
    parser.add_argument("--messages", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--causes", default=",".join(CAUSES), help="of storms: cut, hup, kill; all by default")
    parser.add_argument("--readers", type=int, default=READERS, help="in a storm")
    parser.add_argument("--rest", type=float, default=60, help="seconds after a storm")
    given = parser.parse_args()
    parts = given.parts or ["idle", "room", "flow", "storm"]
    if not set(parts) <= {"idle", "room", "flow", "storm"}:
        parser.error("a part is idle, room, flow or storm")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if "storm" in parts:
        measure_storms(given.readers, given.causes.split(","), given.rest)
    if parts == ["storm"]:
        return
    with tempfile.TemporaryDirectory() as folder, serving(folder) as (port, pid):
        bench = Bench(port, pid)
        if "idle" in parts:
            bench.idle()
        if "room" in parts:
            bench.room(given.messages)
        if "flow" in parts:
            bench.flow(given.seconds)


if __name__ == "__main__":
    main()
