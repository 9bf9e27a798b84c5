"""gunicorn's response, with fewer system calls. This module knows no route and no worker."""

from typing import Any

from gunicorn import util
from gunicorn.http import wsgi
from gunicorn.http.wsgi import Response

from minichat.api.framing import chunk_of


class JoinedResponse(Response):
    """A response whose head leaves together with the first part of its body, in one system call."""

    _head = b""
    """The head, until it is sent."""

    def send_headers(self) -> None:
        """Keep the head for the first part of the body."""
        if not self.headers_sent:
            fields = [f"{name}: {value}\r\n" for name, value in self.headers]
            self._head = "".join([*self.default_headers(), *fields, "\r\n"]).encode("latin-1")
            self.headers_sent = True

    def write(self, arg: bytes) -> None:
        """Send a part of the body; an empty part sends the head."""
        super().write(arg)
        self._send_head()

    def close(self) -> None:
        """End the response."""
        self.send_headers()
        self._send_head()
        super().close()

    def _emit_body(self, data: bytes) -> None:
        head, self._head = self._head, b""
        if self.chunked:
            data = chunk_of(data)
        util.write(self.sock, head + data)

    def _send_head(self) -> None:
        """Send the head if no part of the body took it along."""
        if self._head:
            util.write(self.sock, self._head)
            self._head = b""


def install() -> None:
    """Let gunicorn make these responses, in this process. It has no setting for that."""
    patched: Any = wsgi
    patched.Response = JoinedResponse
