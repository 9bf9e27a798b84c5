"""Real mail servers for tests: aiosmtpd in a thread, with and without TLS, and servers that misbehave."""

import email.policy
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

USER, PASSWORD = "chat", "p@ss/w#rd?"


class PostBox:
    """What a mail server has received. `answers` are its replies to the next mails, instead of accepting them."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answers: list[str] = []
        self.is_encrypted: list[bool] = []
        self._came = threading.Condition()

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.content.replace(b"\r\n", b"\n"), policy=email.policy.default)
        with self._came:
            self.mails.append(mail)
            self.recipients += envelope.rcpt_tos
            self.is_encrypted.append(session.ssl is not None)
            self._came.notify_all()
        return "250 OK"

    def wait_for(self, count: int, seconds: float = 60) -> EmailMessage:
        """Wait until this many mails have come; return the last of them."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.mails) >= count, seconds), self.mails
        return self.mails[count - 1]


def token_in(mail: EmailMessage) -> str:
    """Return the token of the link in a mail."""
    found = re.search(r"#(?:reset|verify)=([\w-]+)$", mail.get_content(), re.MULTILINE)
    assert found, mail.get_content()
    return found[1]


@contextmanager
def mail_server(
    *,
    port: int = 0,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    needs_log_in: bool = False,
) -> Iterator[tuple[PostBox, int]]:
    """Run a mail server; yield what it receives, and its port."""

    def log_in(_server: Any, _session: Any, _envelope: Any, _mechanism: Any, data: Any) -> AuthResult:
        is_right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)

    box = PostBox()
    server = Controller(
        box,
        hostname="127.0.0.1",
        port=port or _free_port(),
        ssl_context=tls,
        tls_context=starttls,
        enable_SMTPUTF8=True,
        authenticator=log_in,
        auth_required=needs_log_in,
        auth_require_tls=tls is None,  # its TLS from the start does not count
    )
    server.start()
    try:
        yield box, server.port
    finally:
        server.stop()


@contextmanager
def tcp_server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Call `serve` for each connection, in a thread of its own; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=handle, args=(connection,), daemon=True).start()

        def handle(connection: socket.socket) -> None:
            with connection:
                try:
                    serve(connection)
                except OSError:
                    return  # the client has gone

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def hang(connection: socket.socket) -> None:
    """Accept the connection and never speak."""
    connection.recv(1)


def drip(connection: socket.socket) -> None:
    """Speak without end, one byte after the other, so that no step takes too long."""
    while True:
        connection.sendall(b"2")
        time.sleep(0.05)


def die_in_the_middle(connection: socket.socket) -> None:
    """Break the connection in the middle of a mail."""
    connection.sendall(b"220 hello\r\n")
    for answer in (b"250 hello\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n"):
        connection.recv(1_000)
        connection.sendall(answer)
    connection.recv(1)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
