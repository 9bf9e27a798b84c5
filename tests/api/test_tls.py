"""One TLS connection in two threads."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from minichat.api.tls import TwoWayTls

TIMEOUT_SECONDS = 20


class Ends(NamedTuple):
    server: TwoWayTls
    client: ssl.SSLSocket


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    folder: Path = tmp_path_factory.mktemp("tls")
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost"]
    files = ["-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"]
    subprocess.run(["openssl", "req", *kind, *files], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    client = ssl.create_default_context(cafile=folder / "cert.pem")
    client.check_hostname = False
    return server, client


@pytest.fixture
def ends(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> Iterator[Ends]:
    raw_server, raw_client = socket.socketpair()
    made: list[ssl.SSLSocket] = []
    shaking = threading.Thread(target=lambda: made.append(contexts[0].wrap_socket(raw_server, server_side=True)))
    shaking.start()
    client = contexts[1].wrap_socket(raw_client)
    shaking.join(TIMEOUT_SECONDS)
    client.settimeout(TIMEOUT_SECONDS)
    with client, made[0]:
        yield Ends(TwoWayTls(made[0]), client)


def test_a_waiting_reader_does_not_delay_the_writer(ends: Ends) -> None:
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(ends.server.recv(100)))
    reader.start()
    ends.server.sendall(b"hello")
    assert ends.client.recv(100) == b"hello"
    ends.client.sendall(b"welcome")
    reader.join(TIMEOUT_SECONDS)
    assert received == [b"welcome"]


def test_both_directions_carry_much_data_at_once(ends: Ends) -> None:
    data = bytes(range(256)) * 8_192  # 2 MiB: the writer waits for the reader of the other end
    received = bytearray()

    def receive() -> None:
        while len(received) < len(data):
            received.extend(ends.server.recv(65_536))

    threads = [threading.Thread(target=receive), threading.Thread(target=ends.server.sendall, args=[data])]
    for thread in threads:
        thread.start()
    echoed = bytearray()
    sent = 0
    while len(echoed) < len(data) or sent < len(data):
        if sent < len(data):
            sent += ends.client.send(data[sent : sent + 16_384])
        if len(echoed) < len(data):
            echoed.extend(ends.client.recv(65_536))
    for thread in threads:
        thread.join(TIMEOUT_SECONDS)
    assert bytes(received) == data
    assert bytes(echoed) == data


def test_the_end_of_the_connection_is_an_empty_answer(ends: Ends) -> None:
    ends.client.close()
    assert ends.server.recv(100) == b""


def test_a_timeout_ends_a_wait_for_data(ends: Ends) -> None:
    ends.server.settimeout(0.01)
    with pytest.raises(TimeoutError):
        ends.server.recv(100)


def test_a_client_that_reads_nothing_ends_the_writer_by_the_timeout(ends: Ends) -> None:
    ends.server.settimeout(0.01)
    with pytest.raises(TimeoutError):
        ends.server.sendall(bytes(8 * 2**20))


def test_a_wait_ends_when_the_connection_is_shut_down(ends: Ends) -> None:
    received: list[bytes | None] = []

    def receive() -> None:
        try:
            received.append(ends.server.recv(100))
        except OSError:
            received.append(None)

    reader = threading.Thread(target=receive)
    reader.start()
    ends.client.shutdown(socket.SHUT_RDWR)
    reader.join(TIMEOUT_SECONDS)
    assert received in ([b""], [None])
