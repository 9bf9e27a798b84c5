"""Read thousands of event streams cheaply: one epoll loop in a process of its own, a part of `storm.py`.

A reader connects, resumes after a cursor, and has caught up with the last missed message. A stream that the server ends
is opened again at once, as the most impatient client would. The loop only searches the received bytes for the numbers
of messages, and reports the CPU time that it used for that.
"""

import errno
import multiprocessing
import os
import re
import resource
import select
import socket
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

HERE = "127.0.0.1"
CONNECTING = 4_000
"""Maximum number of connections without an answer. More would overflow the kernel's queue, which costs a second."""
RECEIVED = 2**20
_SEQS = re.compile(rb'event: message\.created\ndata: [^\n]*?"seq":(\d+)')
_STATUS = re.compile(rb"HTTP/1\.1 (\d+) ")
_END = b"\r\n0\r\n\r\n"
"""The end of a chunked response."""
_PAUSE = re.compile(rb"\r\nRetry-After: (\d+)\r\n", re.IGNORECASE)


class Storm(NamedTuple):
    """What a wave of readers found."""

    seconds: Sequence[float]
    """When each reader had caught up, since the beginning of the wave."""
    ended_after: float
    """When the first stream ended, since the beginning of the wave."""
    statuses: Counter[int]
    wrong: int
    """Streams with a message that was missing, repeated or out of order."""
    cpu_seconds: float
    """What the reading cost."""


class Reader:
    """One reader, and its stream while it is open."""

    __slots__ = ("awaited", "head", "rest", "socket", "token")

    def __init__(self, token: str) -> None:
        self.token = token
        self.socket: socket.socket | None = None
        self.awaited = 0
        self.head = self.rest = b""


class Readers:
    """All readers of this process."""

    def __init__(self, port: int, tokens: Sequence[str], pipe: Any) -> None:
        self._port = port
        self._pipe = pipe
        self._epoll = select.epoll()
        self._epoll.register(pipe.fileno(), select.EPOLLIN)
        self._readers = [Reader(token) for token in tokens]
        self._by_descriptor: dict[int, Reader] = {}
        self._buffer = memoryview(bytearray(RECEIVED))
        self._closed: list[Reader] = []
        self._paused: list[tuple[float, Reader]] = []
        self._without_head = 0

    def serve(self) -> None:
        """Do what the other end of the pipe asks for, until it sends None; read meanwhile."""
        while True:
            self._read_available(1.0)
            if self._pipe.poll():
                order = self._pipe.recv()
                if order is None:
                    return
                self._pipe.send(self._wave(*order))

    def _wave(self, cursor: str, first: int, last: int, must_cut: bool) -> Storm:
        """Let every stream resume after the cursor, and wait until all have the messages `first` to `last`.

        `must_cut` closes the open streams; otherwise wait until the server ends them.
        """
        self._cursor, self._first, self._last = cursor, first, last
        self._began = time.monotonic()
        self._caught_up: list[float] = []
        self._ended_after, self._statuses, self._wrong = 0.0, Counter[int](), 0
        spent = time.process_time()
        self._closed.clear()
        for reader in self._readers:
            if reader.socket is None or must_cut:
                self._close(reader)
            else:
                reader.awaited = last + 1  # what still arrives belongs to the time before
        while len(self._caught_up) < len(self._readers):
            self._reopen()
            self._read_available(0.02)
        seconds = time.process_time() - spent
        return Storm(self._caught_up, self._ended_after, self._statuses, self._wrong, seconds)

    def _reopen(self) -> None:
        now = time.monotonic()
        self._closed += [reader for at, reader in self._paused if at <= now]
        self._paused = [(at, reader) for at, reader in self._paused if at > now]
        while self._closed and self._without_head < CONNECTING:
            self._open(self._closed.pop())

    def _open(self, reader: Reader) -> None:
        reader.socket = opened = socket.socket()
        opened.setblocking(False)
        if opened.connect_ex((HERE, self._port)) not in {0, errno.EINPROGRESS}:
            self._close(reader)
            return
        self._without_head += 1
        reader.head = reader.rest = b""
        reader.awaited = self._first
        self._by_descriptor[opened.fileno()] = reader
        self._epoll.register(opened.fileno(), select.EPOLLOUT)

    def _close(self, reader: Reader, pause: float = 0.0) -> None:
        if reader.socket is not None:
            self._by_descriptor.pop(reader.socket.fileno(), None)
            reader.socket.close()
            reader.socket = None
        if pause:
            self._paused.append((time.monotonic() + pause, reader))
        else:
            self._closed.append(reader)

    def _read_available(self, timeout: float) -> None:
        for descriptor, events in self._epoll.poll(timeout):
            reader = self._by_descriptor.get(descriptor)
            if reader is not None and events & select.EPOLLOUT:
                self._ask(reader)
            elif reader is not None:
                self._read(reader)

    def _ask(self, reader: Reader) -> None:
        assert reader.socket is not None
        self._epoll.modify(reader.socket.fileno(), select.EPOLLIN)
        request = (
            f"GET /api/chat/events/?after={self._cursor} HTTP/1.1\r\nHost: {HERE}\r\n"
            f"Authorization: Bearer {reader.token}\r\n\r\n"
        )
        try:
            reader.socket.sendall(request.encode())
        except OSError:
            self._ended(reader)

    def _read(self, reader: Reader) -> None:
        assert reader.socket is not None
        try:
            count = reader.socket.recv_into(self._buffer)
        except OSError:
            count = 0
        if not count:
            self._ended(reader)
            return
        data = reader.rest + bytes(self._buffer[:count])
        if not reader.head:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                reader.rest = head
                return
            reader.head = head
            self._without_head -= 1
            self._note_status(reader, head)
            if reader.socket is None:
                return
        complete = data.rfind(b"\n\n") + 2 if b"\n\n" in data else 0
        reader.rest = data[complete:]
        if reader.awaited <= self._last:
            self._note_seqs(reader, _SEQS.findall(data, 0, complete))
        if data.endswith(_END):
            self._ended(reader)

    def _note_status(self, reader: Reader, head: bytes) -> None:
        status = _STATUS.match(head)
        assert status, head
        self._statuses[int(status[1])] += 1
        if status[1] != b"200":
            pause = _PAUSE.search(head)
            assert status[1] == b"503", head
            assert pause, head
            self._close(reader, int(pause[1]))
        elif self._last < self._first:
            self._caught_up.append(time.monotonic() - self._began)

    def _note_seqs(self, reader: Reader, seqs: Sequence[bytes]) -> None:
        seqs = seqs[: self._last + 1 - reader.awaited]  # the sender's stream goes on with messages of the other room
        expected = [b"%d" % seq for seq in range(reader.awaited, reader.awaited + len(seqs))]
        if seqs != expected:
            self._wrong += 1
        reader.awaited += len(seqs)
        if seqs and reader.awaited > self._last:
            self._caught_up.append(time.monotonic() - self._began)

    def _ended(self, reader: Reader) -> None:
        if not self._ended_after:
            self._ended_after = time.monotonic() - self._began
        if not reader.head:
            self._without_head -= 1
            self._statuses[0] += 1  # cut off before an answer
        elif self._first <= reader.awaited <= self._last:
            self._statuses[-1] += 1  # cut off while it caught up
        self._close(reader)


def read_in_process(port: int, tokens: Sequence[str]) -> tuple[multiprocessing.Process, Any]:
    """Start the readers in a process of their own; return it, and the pipe for its orders."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_run, args=(port, tokens, there), daemon=True)
    process.start()
    there.close()
    return process, here


def _run(port: int, tokens: Sequence[str], pipe: Any) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # As in `readers`: clients are on other machines, and must not interrupt a server after each write.
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    Readers(port, tokens, pipe).serve()
