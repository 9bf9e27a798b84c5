"""The watch over connections of streaming clients, in threads. tests/e2e/test_own_gunicorn.py runs it under gevent."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from minichat.adapters.clients import REPORTED_AT_ONCE, Connections
from minichat.domain.errors import StreamsNotServed

TIMEOUT_SECONDS = 10
ALERT = b"\x15\x03\x03\x00\x1a" + bytes(26)
"""An encrypted alert, by which a TLS client says good-bye before it closes."""


@pytest.fixture(scope="module")
def connections() -> Connections:
    return Connections()


@pytest.fixture(params=["tcp", "unix"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, socket.socket]]:
    """The server's and the client's end of a connection."""
    if request.param == "unix":
        server, client = socket.socketpair()
    else:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname())
            server, _ = listener.accept()
    with server, client:
        yield server, client


def _closes(client: socket.socket) -> None:
    client.close()


def _closes_after_data(client: socket.socket) -> None:
    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
    client.close()


def _closes_after_an_alert(client: socket.socket) -> None:
    client.sendall(ALERT)
    client.close()


def _closes_its_direction(client: socket.socket) -> None:
    client.shutdown(socket.SHUT_WR)


def _resets(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()


@pytest.mark.parametrize("close", [_closes, _closes_after_data, _closes_after_an_alert, _closes_its_direction, _resets])
def test_the_watch_notices_the_end_of_a_connection(
    connections: Connections, pair: tuple[socket.socket, socket.socket], close: Callable[[socket.socket], None]
) -> None:
    server, client = pair
    was_closed = threading.Event()
    watch = connections.watch({"wsgi.multithread": True, "gunicorn.socket": server}, was_closed.set)
    close(client)
    assert was_closed.wait(TIMEOUT_SECONDS)
    watch.stop()
    watch.stop()


def test_the_watch_notices_a_connection_that_ended_before(
    connections: Connections, pair: tuple[socket.socket, socket.socket]
) -> None:
    server, client = pair
    client.close()
    was_closed = threading.Event()
    connections.watch({"wsgi.multithread": True, "gunicorn.socket": server}, was_closed.set).stop()
    connections.watch({"wsgi.multithread": True, "gunicorn.socket": server}, was_closed.set)
    assert was_closed.wait(TIMEOUT_SECONDS)


def test_data_from_the_client_is_no_end_and_stays_unread(
    connections: Connections, pair: tuple[socket.socket, socket.socket]
) -> None:
    server, client = pair
    calls: list[str] = []
    watch = connections.watch({"wsgi.multithread": True, "gunicorn.socket": server}, lambda: calls.append("closed"))
    client.sendall(b"more")
    with socket.create_server(("127.0.0.1", 0)) as listener:  # another connection, whose end is noticed after the data
        other_client = socket.create_connection(listener.getsockname())
        other, _ = listener.accept()
        has_ended = threading.Event()
        with other:
            other_watch = connections.watch({"wsgi.multithread": True, "gunicorn.socket": other}, has_ended.set)
            other_client.close()
            assert has_ended.wait(TIMEOUT_SECONDS)
            other_watch.stop()
    assert calls == []
    assert server.recv(10) == b"more"
    watch.stop()
    client.close()


def test_a_stopped_watch_of_a_closed_descriptor_does_not_concern_its_successor(connections: Connections) -> None:
    was_closed, successor_closed = threading.Event(), threading.Event()
    server, client = socket.socketpair()
    first = connections.watch({"wsgi.multithread": True, "gunicorn.socket": server}, was_closed.set)
    first.stop()
    server.close()
    client.close()
    server, client = socket.socketpair()
    with server:
        connections.watch({"wsgi.multithread": True, "gunicorn.socket": server}, successor_closed.set)
        client.close()
        assert successor_closed.wait(TIMEOUT_SECONDS)
    assert not was_closed.is_set()


def test_disconnecting_ends_both_directions(
    connections: Connections, pair: tuple[socket.socket, socket.socket]
) -> None:
    server, client = pair
    watch = connections.watch({"wsgi.multithread": True, "gunicorn.socket": server}, lambda: None)
    watch.disconnect()
    client.settimeout(TIMEOUT_SECONDS)
    assert client.recv(1) == b""
    assert server.recv(1) == b""
    watch.stop()


def test_a_server_without_threads_serves_no_streams(connections: Connections) -> None:
    with pytest.raises(StreamsNotServed):
        connections.watch({"wsgi.multithread": False}, lambda: None)


def test_a_server_that_keeps_its_connections_serves_streams_unwatched(connections: Connections) -> None:
    watch = connections.watch({"wsgi.multithread": True}, lambda: None)
    watch.disconnect()
    watch.stop()


def test_every_end_is_reported_although_many_clients_close_at_once(connections: Connections) -> None:
    pairs = [socket.socketpair() for _ in range(3 * REPORTED_AT_ONCE)]
    all_closed = threading.Semaphore(0)
    watches = [
        connections.watch({"wsgi.multithread": True, "gunicorn.socket": server}, all_closed.release)
        for server, _ in pairs
    ]
    for _, client in pairs:
        client.close()
    for _ in pairs:
        assert all_closed.acquire(timeout=TIMEOUT_SECONDS)
    for watch, (server, _) in zip(watches, pairs, strict=True):
        watch.stop()
        server.close()
