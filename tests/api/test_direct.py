"""Sending events directly: nothing blocks, and the rest of a full connection follows before anything else."""

import os
import socket
import threading
from collections.abc import Iterator

import pytest

from minichat.adapters.clients import Connections, OwnConnection
from minichat.api.direct import Outlet
from minichat.api.events import JsonEvent

TIMEOUT_SECONDS = 10


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The server's and the client's end of a connection with small buffers."""
    server, client = socket.socketpair()
    with server, client:
        for end in (server, client):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        for end in (server, client):
            end.settimeout(TIMEOUT_SECONDS)
        yield server, client


@pytest.fixture
def outlet(ends: tuple[socket.socket, socket.socket]) -> Iterator[Outlet]:
    connection = OwnConnection(ends[0], Connections())
    yield Outlet(connection)
    connection.close()


def receive(client: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        received += client.recv(size - len(received))
    return received


def test_a_full_connection_keeps_the_rest_and_takes_nothing_before_it(
    ends: tuple[socket.socket, socket.socket], outlet: Outlet
) -> None:
    data = os.urandom(3_000)
    sent = 0
    while not outlet.rest and outlet.offer(data):
        sent += 1
    assert not outlet.offer(data)
    rest = len(outlet.rest)
    received = receive(ends[1], sent * len(data) - rest)
    assert outlet.flush()
    outlet.send(data)
    assert received + receive(ends[1], rest + len(data)) == data * (sent + 1)


def test_sending_waits_for_a_client_that_reads_late(ends: tuple[socket.socket, socket.socket], outlet: Outlet) -> None:
    data = os.urandom(1_000_000)
    sender = threading.Thread(target=outlet.send, args=(data,))
    sender.start()
    assert receive(ends[1], len(data)) == data
    sender.join()
    assert not outlet.rest


def test_a_broken_connection_raises_an_error(ends: tuple[socket.socket, socket.socket], outlet: Outlet) -> None:
    ends[1].close()
    with pytest.raises(OSError, match="Broken pipe"):
        outlet.offer(b"hello")


@pytest.mark.parametrize("size", [1, 125, 126, 65_535, 65_536])
def test_an_event_is_the_same_message_as_wsproto_sends(size: int) -> None:
    from wsproto.connection import Connection, ConnectionType
    from wsproto.events import TextMessage

    json = b"x" * size
    assert JsonEvent("typing", None, json).message == Connection(ConnectionType.SERVER).send(TextMessage(json.decode()))
