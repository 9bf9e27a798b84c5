"""Sending events directly: nothing blocks, and the rest of a full connection follows before anything else."""

import os
import socket
from collections.abc import Iterator

import pytest

from minichat.api.direct import Outlet, sink_of_stream
from minichat.api.events import JsonEvent
from minichat.domain.changes import Subscription
from minichat.live.listeners import EndReason, Listener

TIMEOUT_SECONDS = 10


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The server's end, which never blocks, and the client's end of a connection with small buffers."""
    server, client = socket.socketpair()
    with server, client:
        for end in (server, client):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        server.setblocking(False)
        client.settimeout(TIMEOUT_SECONDS)
        yield server, client


@pytest.fixture
def outlet(ends: tuple[socket.socket, socket.socket]) -> Outlet:
    return Outlet(ends[0], ends[0].send)


@pytest.fixture
def listener() -> Listener[JsonEvent]:
    return Listener(Subscription(1, (0,), {1}), 1, 2**50, "http://chat.example")


def receive(client: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        received += client.recv(size - len(received))
    return received


def test_an_event_is_sent_as_one_chunk(
    ends: tuple[socket.socket, socket.socket], outlet: Outlet, listener: Listener[JsonEvent]
) -> None:
    events = [JsonEvent("room.deleted", "1.a", b'{"a":1}'), JsonEvent("typing", None, b'{"b":2}')]
    assert sink_of_stream(listener, outlet)(events)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(event.frame), event.frame) for event in events)
    assert receive(ends[1], len(chunks)).lower() == chunks.lower()


def test_a_full_connection_keeps_the_rest_and_wakes_the_transport(
    ends: tuple[socket.socket, socket.socket], outlet: Outlet, listener: Listener[JsonEvent]
) -> None:
    sink = sink_of_stream(listener, outlet)
    event = JsonEvent("typing", None, os.urandom(1_500).hex().encode())
    sent = 0
    while not outlet.rest and sink([event]):
        sent += 1
    if outlet.rest:
        assert listener.receive(0) == []  # it was woken
    assert not outlet.rest or not sink([event]), "nothing may come before the rest"
    ends[0].setblocking(True)
    received = receive(ends[1], sent * len(event.chunk) - len(outlet.rest))
    rest = len(outlet.rest)
    assert outlet.flush() is (rest > 0)
    assert received + receive(ends[1], rest) == event.chunk * sent
    assert not outlet.flush()


def test_a_closed_connection_ends_the_listener(
    ends: tuple[socket.socket, socket.socket], outlet: Outlet, listener: Listener[JsonEvent]
) -> None:
    ends[1].close()
    assert sink_of_stream(listener, outlet)([JsonEvent("typing", None, b"{}")])
    assert listener.end_reason is EndReason.CLIENT_GONE


@pytest.mark.parametrize("size", [1, 125, 126, 65_535, 65_536])
def test_an_event_is_the_same_message_as_wsproto_sends(size: int) -> None:
    from wsproto.connection import Connection, ConnectionType
    from wsproto.events import TextMessage

    json = b"x" * size
    assert JsonEvent("typing", None, json).message == Connection(ConnectionType.SERVER).send(TextMessage(json.decode()))
