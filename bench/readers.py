"""Readers of event streams: one epoll loop in a process of its own, used by `fan_out.py`.

A reader that wakes a greenlet or a thread for each delivery adds 20 to 60 ms of its own. This loop only reads and finds
the time in each message, and reports the CPU time of its reading. It reads server-sent events and WebSocket frames of
any server: it searches the bytes for the content of messages, which is "<monotonic clock in ns> <filler>".
"""

import multiprocessing
import os
import re
import select
import socket
import time
from array import array
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

HERE = "127.0.0.1"
OPENING = 64
"""Number of streams that are opened at once."""
FORKING: Any = multiprocessing.get_context("fork")
_SENT_AT = re.compile(rb'"content":"(\d+) ')
_LONGEST = 48
"""The length of a match, which may arrive in two parts."""


class Heard(NamedTuple):
    """The deliveries to all streams since the last question."""

    delays: array
    """In ms, from just before the message was sent."""
    cpu_seconds: float
    """The CPU time of the reading."""


class Readers:
    """The streams of one server, in a process of their own."""

    def __init__(self, port: int, requests: Sequence[bytes]) -> None:
        """Open a stream with each request. Return when all have their response."""
        self._here, there = FORKING.Pipe()
        self._process = FORKING.Process(target=_read, args=(there, port, requests), daemon=True)
        self._process.start()
        there.close()
        assert self._here.recv() == len(requests)

    def heard(self, count: int, seconds: float) -> Heard:
        """Return the deliveries since the last call, as soon as there are `count`, or after some time."""
        self._here.send((count, seconds))
        return Heard(*self._here.recv())

    def close(self) -> None:
        self._process.terminate()
        self._process.join()


def _read(pipe: Connection, port: int, requests: Sequence[bytes]) -> None:
    # Clients are on other machines: they must not interrupt a server after each event that it writes.
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    streams = _opened(port, requests)
    epoll = select.epoll()
    for descriptor in streams:
        epoll.register(descriptor, select.EPOLLIN)
    epoll.register(pipe.fileno(), select.EPOLLIN)
    pipe.send(len(streams))
    rests = dict.fromkeys(streams, b"")
    delays, began = array("d"), time.process_time()
    wanted, until = 0, 0.0
    find = _SENT_AT.finditer
    buffer = memoryview(bytearray(262_144))  # `recv` would allocate and free as much for each delivery
    while True:
        for descriptor, _ in epoll.poll(0.05 if wanted else -1):
            stream = streams.get(descriptor)
            if stream is None:
                wanted, seconds = pipe.recv()
                until = time.monotonic() + seconds
                continue
            size = stream.recv_into(buffer)
            now = time.monotonic_ns()
            assert size, "a stream was cut off"
            data = rests[descriptor] + buffer[:size]
            end = 0
            for match in find(data):
                end = match.end()
                delays.append((now - int(match[1])) / 1e6)
            rests[descriptor] = data[max(end, len(data) - _LONGEST) :]
        if wanted and (len(delays) >= wanted or time.monotonic() > until):
            pipe.send((delays, time.process_time() - began))
            delays, began, wanted = array("d"), time.process_time(), 0


def _opened(port: int, requests: Sequence[bytes]) -> dict[int, socket.socket]:
    """Return the open streams by their descriptors, non-blocking."""
    streams: dict[int, socket.socket] = {}
    for start in range(0, len(requests), OPENING):
        opening = []
        for request in requests[start : start + OPENING]:
            stream = socket.create_connection((HERE, port), timeout=60)
            stream.sendall(request)
            opening.append(stream)
        for stream in opening:
            head = b""
            while b"\r\n\r\n" not in head:
                data = stream.recv(65_536)
                assert data, head
                head += data
            assert head.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 101 ")), head
            stream.setblocking(False)
            streams[stream.fileno()] = stream
    return streams
