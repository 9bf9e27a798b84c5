"""The end of a WebSocket's connection. It does not depend on the database."""

import socket
from collections.abc import Iterator

import pytest

from api.client import HANDSHAKE, Chat
from api.conftest import MakeChat, on_one_database

pytestmark = on_one_database
TIMEOUT_SECONDS = 10
CLOSE_FRAME = b"\x88\x82\0\0\0\0\x03\xe8"


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The server's and the client's end of a connection."""
    server, client = socket.socketpair()
    with server, client:
        client.settimeout(TIMEOUT_SECONDS)
        yield server, client


def test_the_server_does_not_wait_for_a_client_that_leaves_its_connection_open(
    make_new_chat: MakeChat, ends: tuple[socket.socket, socket.socket]
) -> None:
    chat = make_new_chat()  # the socket's own thread keeps a connection to the database
    ann = chat.person("ann")
    room = ann.makes_room("Tea")["id"]
    server, client = ends
    client.sendall(CLOSE_FRAME)
    with pytest.raises((StopIteration, RuntimeError)):  # the sign for gunicorn that there is no response
        chat.app.test_client().get(
            f"/ws/chat/{room}/",
            headers={**HANDSHAKE, "Authorization": f"Bearer {ann.token}"},
            environ_overrides={"gunicorn.socket": server, "SERVER_PROTOCOL": "HTTP/1.1"},
        )
    received = b"".join(iter(lambda: client.recv(65_536), b""))
    assert received.startswith(b"HTTP/1.1 101 ")
    assert received.endswith(b"\x88\x02\x03\xe8")


def test_a_server_without_connections_refuses_a_handshake(chat: Chat) -> None:
    ann = chat.person("ann")
    room = ann.makes_room("Tea")["id"]
    answer = ann.sends("GET", f"/ws/chat/{room}/", headers=HANDSHAKE, environ_overrides={"SERVER_PROTOCOL": "HTTP/1.1"})
    assert (answer.status, answer.body["code"]) == (503, "sockets_not_served")
