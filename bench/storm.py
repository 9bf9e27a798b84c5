"""The part `storm` of `live.py`: thousands of streams come back at once, and each has missed a hundred messages.

For each cause it prints the time until everybody has caught up, the delays and statuses of messages that others send
meanwhile, the delay of their events at a stream that stays open, the memory of all processes before, at its peak and a
minute later, and the streams of each worker. First all streams open without a missed message: the difference is the
cost of the missed messages.
"""

import http.client
import json
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from readers import Readers
from storm_readers import HERE, Storm, read_in_process

READERS = 5_000
MISSED = 100
SENDERS = 8
SENDS_A_SECOND = 20
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
TEXT = "Shall we meet at the station at half past seven? The others know already."
CAUSES = ("cut", "hup", "kill")
_WATCH_SECONDS = 0.05


class Prepared(NamedTuple):
    """The content of the database of a storm."""

    tokens: Sequence[str]
    """Of each reader. All are in one room, and the first is in another room as well."""
    missed_after: str
    """The cursor before the missed messages."""
    end: str
    """The cursor after them."""
    other_room: int


def prepare(readers: int, answer: Any) -> None:
    """Fill the database of the current folder and send what is `Prepared`. Without a log-in: Argon2 is slow."""
    from minichat.api.context import context_of
    from minichat.app import create_app
    from minichat.domain.model import Device

    app = create_app()
    chat = context_of(app)
    services = chat.services
    users = [services.directory.get(None, number) for number in range(1, readers + 1)]
    other_room = services.rooms.create(users[0].id, "Other").view.room
    with services.sessions.transaction(account=users[0].id):
        grants = [services.sessions.open(user, Device()) for user in users]
    with app.app_context():
        tokens = [chat.tokens.pair(grant)["access"] for grant in grants]
    missed_after = chat.cursors.encode(services.change_log.end())
    for _ in range(MISSED):
        services.messaging.send(users[0], 1, TEXT)
    end = chat.cursors.encode(services.change_log.end())
    answer.send(Prepared(tokens, missed_after, end, other_room.id))


class Family:
    """The processes of a server."""

    def __init__(self, arbiter: int) -> None:
        self._arbiter = arbiter

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self._arbiter}/task/{self._arbiter}/children")
        return [int(pid) for pid in children.read_text().split()]

    def memory(self) -> float:
        """Return the resident memory of all processes, in MiB."""
        pages = 0
        for pid in (self._arbiter, *self.workers()):
            try:
                pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except OSError:
                continue
        return pages * PAGE / 2**20

    def cpu(self) -> float:
        """Return the CPU seconds of the living workers and of the dead ones."""
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.workers()]
        ended = Path(f"/proc/{self._arbiter}/stat").read_text().rpartition(")")[2].split()
        ticks = sum(int(one[11]) + int(one[12]) for one in fields) + sum(map(int, ended[11:15]))
        return ticks / TICK

    def streams(self) -> list[int]:
        """Return the number of sockets of each worker."""
        return [sum(_is_socket(link) for link in Path(f"/proc/{pid}/fd").iterdir()) for pid in self.workers()]


def _is_socket(link: Path) -> bool:
    try:
        return str(link.readlink()).startswith("socket:")
    except OSError:
        return False


class Sender:
    """Sends messages to a room at a steady rate, and records how long each took and its status."""

    def __init__(self, port: int, token: str, room: int) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._room = room
        self.sent: list[tuple[float, float, int]] = []
        """When each was due, how many milliseconds it took, and its status; 0 if the connection broke."""
        self._stops = threading.Event()
        self._began = time.monotonic()
        self._threads = [threading.Thread(target=self._send_every, args=(first,)) for first in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stops.set()
        for thread in self._threads:
            thread.join()

    def _send_every(self, number: int) -> None:
        connection = http.client.HTTPConnection(HERE, self._port, timeout=30)
        while not self._stops.is_set():
            due = self._began + number / SENDS_A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                status = self._send(connection)
            except (OSError, http.client.HTTPException):
                status = 0
                connection.close()
            self.sent.append((due, (time.monotonic() - due) * 1e3, status))
            number += SENDERS

    def _send(self, connection: http.client.HTTPConnection) -> int:
        body = json.dumps({"room": self._room, "content": f"{time.monotonic_ns()} {TEXT}"})
        connection.request("POST", "/api/chat/messages/", body, self._headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status == 503:
            assert answer.getheader("Retry-After"), "a 503 without Retry-After"
        return answer.status


def _send_in_process(port: int, token: str, room: int, pipe: Any) -> None:
    sender = Sender(port, token, room)
    pipe.recv()
    sender.stop()
    pipe.send(sender.sent)


@contextmanager
def sending(port: int, token: str, room: int) -> Iterator[Callable[[], list[tuple[float, float, int]]]]:
    """Send in another process; yield the function that ends this and returns `Sender.sent`."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_send_in_process, args=(port, token, room, there), daemon=True)
    process.start()

    def result() -> list[tuple[float, float, int]]:
        here.send(None)
        sent: list[tuple[float, float, int]] = here.recv()
        process.join()
        return sent

    yield result


class Storms:
    """The storms of one server, one after the other."""

    def __init__(self, port: int, arbiter: int, prepared: Prepared) -> None:
        self._port = port
        self._arbiter = arbiter
        self._family = Family(arbiter)
        self._prepared = prepared
        self._process, self._pipe = read_in_process(port, prepared.tokens)

    def open(self) -> None:
        """Open all streams, and cut and open them again: what an opening costs without a missed message."""
        for name in ("first opening", "nothing missed"):
            before = self._family.cpu()
            found = self._wave(self._prepared.end, 1, 0, must_cut=True)
            cpu = (self._family.cpu() - before) / len(found.seconds)
            print(
                f"storm, {name}: {max(found.seconds):.2f} s, {cpu * 1e6:.0f} µs of CPU for each stream, "
                f"streams of the workers {self._family.streams()}",
                flush=True,
            )
            time.sleep(3)

    def run(self, cause: str, rest: float) -> None:
        """Cause a storm and print what it did; look at the memory `rest` seconds later."""
        quiet, before = self._family.memory(), self._family.cpu()
        peak = [quiet]
        has_ended = threading.Event()
        watching = threading.Thread(target=self._watch, args=(peak, has_ended))
        with sending(self._port, self._prepared.tokens[0], self._prepared.other_room) as result:
            current = self._watch_current(cause)
            time.sleep(1)
            began = time.monotonic()
            watching.start()
            self._cause(cause)
            found = self._wave(self._prepared.missed_after, 1, MISSED, must_cut=cause == "cut")
            over = time.monotonic()
            cpu = self._family.cpu() - before
            sent = [one for one in result() if began <= one[0] <= over]
        if current is not None:
            delays = sorted(current.heard(2**30, 0.5).delays[SENDS_A_SECOND:])
            current.close()
            p50, p99 = (delays[int(len(delays) * part)] for part in (0.5, 0.99))
            print(f"storm, {cause}: current events arrive after p50 {p50:.0f} ms, p99 {p99:.0f} ms", flush=True)
        streams = self._family.streams()
        time.sleep(rest)
        has_ended.set()
        watching.join()
        self._print(cause, found, sent, cpu, began)
        now = self._family.memory()
        print(
            f"  memory {quiet:.0f} MiB, at most {peak[0]:.0f} ({peak[0] / quiet:.2f}), after {rest:.0f} s {now:.0f} "
            f"({now / quiet:.2f}); streams of the workers {streams}",
            flush=True,
        )

    def close(self) -> None:
        self._pipe.send(None)
        self._process.join()

    def _watch_current(self, cause: str) -> Readers | None:
        """Open one more stream of the sender, which no cut of the others concerns."""
        if cause != "cut":
            return None
        token = self._prepared.tokens[0]
        request = f"GET /api/chat/events/ HTTP/1.1\r\nHost: {HERE}\r\nAuthorization: Bearer {token}\r\n\r\n"
        return Readers(self._port, [request.encode()])

    def _cause(self, cause: str) -> None:
        if cause == "hup":
            os.kill(self._arbiter, signal.SIGHUP)
        elif cause == "kill":
            for pid in self._family.workers():
                os.kill(pid, signal.SIGKILL)

    def _wave(self, cursor: str, first: int, last: int, *, must_cut: bool) -> Storm:
        self._pipe.send((cursor, first, last, must_cut))
        found: Storm = self._pipe.recv()
        return found

    def _watch(self, peak: list[float], has_ended: threading.Event) -> None:
        while not has_ended.wait(_WATCH_SECONDS):
            peak[0] = max(peak[0], self._family.memory())

    def _print(
        self, cause: str, found: Storm, sent: Sequence[tuple[float, float, int]], cpu: float, began: float
    ) -> None:
        seconds, count = sorted(found.seconds), len(found.seconds)
        delays = sorted(milliseconds for due, milliseconds, _ in sent if due >= began + seconds[0])
        p50, p99 = (delays[int(len(delays) * part)] for part in (0.5, 0.99))
        away = [milliseconds for due, milliseconds, _ in sent if due < began + seconds[0]]
        print(
            f"storm, {cause}: {count} streams caught up after {seconds[-1]:.2f} s (half after {seconds[count // 2]:.2f}"
            f", the first ended after {found.ended_after:.2f}), {found.wrong} wrong, statuses {dict(found.statuses)}\n"
            f"  CPU of the server {cpu:.1f} s, {cpu / count * 1e6:.0f} µs for each stream; "
            f"of the readers {found.cpu_seconds:.1f} s\n"
            f"  {len(sent)} sends p50 {p50:.0f} ms, p99 {p99:.0f} ms, most {delays[-1]:.0f} ms, "
            f"statuses {dict(Counter(status for *_, status in sent))}; "
            f"before the first reader had caught up {len(away)} more, most {max(away, default=0):.0f} ms",
            flush=True,
        )
