"""Kept streams: events are sent at once and in order, however slowly the client reads, and every end is noticed."""

import re
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from minichat.adapters.clients import Connections, OwnConnection
from minichat.api import keeper as keeping
from minichat.api.events import JsonEvent
from minichat.api.keeper import Keeper
from minichat.api.kept_streams import KeptStream
from minichat.domain.changes import Subscription
from minichat.live.listeners import MAX_QUEUED, EndReason, Listener

TIMEOUT_SECONDS = 10
LAST = rb"C\r\nretry: [12][0-9]{3}\n\r\n0\r\n\r\n"
"""The end of a response: how long to wait before reconnecting, and the last chunk."""


class Stream:
    """A kept stream with both ends of its connection."""

    def __init__(self, keeper: Keeper, server: socket.socket, client: socket.socket) -> None:
        self.keeper = keeper
        self.client = client
        self.was_closed = threading.Event()
        self.listener: Listener[JsonEvent] = Listener(Subscription(1, (0,), {1}), 1, 2**50, "http://chat.example")
        server.settimeout(TIMEOUT_SECONDS)
        KeptStream(keeper, self.listener, OwnConnection(server, Connections()), self.was_closed.set).begin()
        server.close()  # as the web server does

    def receive(self, size: int) -> bytes:
        received = b""
        while len(received) < size:
            data = self.client.recv(size - len(received))
            assert data, received
            received += data
        return received


MakeStream = Callable[[], Stream]


@pytest.fixture
def make_stream() -> Iterator[MakeStream]:
    keeper, clients, streams = Keeper(), [], []

    def make() -> Stream:
        server, client = socket.socketpair()
        for end in (server, client):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        client.settimeout(TIMEOUT_SECONDS)
        clients.append(client)
        streams.append(Stream(keeper, server, client))
        return streams[-1]

    yield make
    for client in clients:
        client.close()
    for stream in streams:
        stream.listener.end()
        assert stream.was_closed.wait(TIMEOUT_SECONDS)
    assert keeper.count == 0


def event(number: int, size: int = 10) -> JsonEvent:
    return JsonEvent("typing", None, b'{"number":%d,"filler":"%b"}' % (number, b"x" * size))


def test_events_are_sent_as_chunks(make_stream: MakeStream) -> None:
    stream = make_stream()
    events = [event(1), event(2), event(3)]
    stream.listener.send(events[:2])
    stream.listener.send(events[2:])
    chunks = b"".join(one.chunk for one in events)
    assert stream.receive(len(chunks)) == chunks
    assert events[0].chunk == b"%X\r\n%b\r\n" % (len(events[0].frame), events[0].frame)
    assert stream.keeper.count == 1


def test_a_client_that_reads_late_receives_everything_in_order(make_stream: MakeStream) -> None:
    slow, other = make_stream(), make_stream()
    events = [event(number, 3_000) for number in range(MAX_QUEUED // 2)]
    for one in events:
        slow.listener.send([one])
    other.listener.send([event(1)])
    assert other.receive(len(event(1).chunk)) == event(1).chunk, "a slow client delays no other"
    chunks = b"".join(one.chunk for one in events)
    assert slow.receive(len(chunks)) == chunks
    slow.listener.send([event(1)])
    assert slow.receive(len(event(1).chunk)) == event(1).chunk


def test_a_client_that_reads_nothing_is_too_slow(make_stream: MakeStream) -> None:
    stream = make_stream()
    for number in range(MAX_QUEUED * 2):
        stream.listener.send([event(number, 3_000)])
    assert stream.listener.end_reason is EndReason.TOO_SLOW


def test_the_end_of_the_listener_ends_the_response(make_stream: MakeStream) -> None:
    stream = make_stream()
    stream.listener.send([event(1)])
    stream.listener.end(EndReason.STOPPING)
    stream.listener.send([event(2)])
    expected = event(1).chunk
    assert stream.receive(len(expected)) == expected
    assert re.fullmatch(LAST, b"".join(iter(lambda: stream.client.recv(100), b"")))
    assert stream.was_closed.wait(TIMEOUT_SECONDS)


def test_a_listener_that_ended_before_is_closed(make_stream: MakeStream) -> None:
    server, client = socket.socketpair()
    with client:
        listener: Listener[JsonEvent] = Listener(Subscription(1, (0,), {1}), 1, 2**50, "http://chat.example")
        listener.enqueue(event(1))
        listener.end()
        was_closed = threading.Event()
        with server:
            KeptStream(Keeper(), listener, OwnConnection(server, Connections()), was_closed.set).begin()
        assert was_closed.is_set()
        assert re.fullmatch(LAST, client.recv(100))


def test_a_client_that_has_gone_is_noticed_by_the_next_event(make_stream: MakeStream) -> None:
    stream = make_stream()
    stream.client.close()
    stream.listener.send([event(1)])
    assert stream.was_closed.wait(TIMEOUT_SECONDS)
    assert stream.listener.end_reason is EndReason.CLIENT_GONE


def test_quiet_streams_get_heartbeats(make_stream: MakeStream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "HEARTBEAT_SECONDS", 0.01)
    streams = [make_stream(), make_stream()]
    for stream in streams:
        assert stream.receive(14) == b"2\r\n:\n\r\n" * 2
        stream.listener.send([event(1)])
        while (chunk := stream.receive(7)) == b"2\r\n:\n\r\n":
            pass
        rest = len(event(1).chunk) - len(chunk)
        assert chunk + stream.receive(rest) == event(1).chunk


def test_a_stream_that_is_gone_gets_no_heartbeat(make_stream: MakeStream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "HEARTBEAT_SECONDS", 0.01)
    gone, other = make_stream(), make_stream()
    gone.client.close()
    assert other.receive(21) == b"2\r\n:\n\r\n" * 3
    assert gone.was_closed.wait(TIMEOUT_SECONDS)
