"""The responses of the server on the wire: how many system calls send one."""

import socket
import time
from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.http.errors import InvalidResponseHeader, InvalidResponseHeaderName  # type: ignore[attr-defined]

from minichat.api.headers import DEFAULT_HEADERS, security_headers
from minichat.serving.responses import JoinedResponse


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A pair of sockets that keep the bytes of each system call apart."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.settimeout(5)
    with ours, theirs:
        yield ours, theirs


def sent(
    ends: tuple[socket.socket, socket.socket],
    parts: Sequence[bytes],
    *fields: tuple[str, str],
    method: str = "GET",
    status: str = "200 OK",
) -> list[bytes]:
    """Answer with these parts; return the bytes of each system call, the head cut to its status."""
    ours, theirs = ends
    request: Any = SimpleNamespace(method=method, version=(1, 1), should_close=lambda: False)
    config: Any = SimpleNamespace(protocol="http", sendfile=False)
    response = JoinedResponse(request, ours, config)
    response.start_response(status, list(fields))
    for part in parts:
        response.write(part)
    response.close()
    ours.shutdown(socket.SHUT_WR)
    calls = list(iter(lambda: theirs.recv(65_536), b""))
    head, _, rest = calls[0].partition(b"\r\n\r\n")
    return [head.split(b"\r\n")[0] + b" ... " + rest, *calls[1:]]


def test_the_head_leaves_with_the_body(ends: Any) -> None:
    assert sent(ends, [b"hello"], ("Content-Length", "5")) == [b"HTTP/1.1 200 OK ... hello"]


def test_only_the_first_part_of_a_body_carries_the_head(ends: Any) -> None:
    assert sent(ends, [b"he", b"llo"], ("Content-Length", "5")) == [b"HTTP/1.1 200 OK ... he", b"llo"]


def test_an_empty_part_sends_the_head_at_once(ends: Any) -> None:
    calls = sent(ends, [b"", b"later"])
    assert calls == [b"HTTP/1.1 200 OK ... ", b"5\r\nlater\r\n", b"0\r\n\r\n"]


def test_the_parts_of_a_chunked_body_keep_their_frames(ends: Any) -> None:
    assert sent(ends, [b"x" * 17]) == [b"HTTP/1.1 200 OK ... 11\r\n" + b"x" * 17 + b"\r\n", b"0\r\n\r\n"]


def test_a_chunked_body_without_parts_has_a_head_before_its_end(ends: Any) -> None:
    assert sent(ends, []) == [b"HTTP/1.1 200 OK ... ", b"0\r\n\r\n"]


def test_no_byte_exceeds_the_content_length(ends: Any) -> None:
    assert sent(ends, [b"hello!"], ("Content-Length", "5")) == [b"HTTP/1.1 200 OK ... hello"]


@pytest.mark.parametrize(("method", "status"), [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 Same")])
def test_a_response_without_a_body_sends_its_head(ends: Any, method: str, status: str) -> None:
    assert sent(ends, [], method=method, status=status) == [f"HTTP/1.1 {status} ... ".encode()]


def test_the_head_names_the_date_and_each_header_once(ends: Any) -> None:
    ours, theirs = ends
    request: Any = SimpleNamespace(method="GET", version=(1, 1), should_close=lambda: False)
    response = JoinedResponse(request, ours, SimpleNamespace(protocol="http", sendfile=False))  # type: ignore[arg-type]
    fields = [("Content-Length", "0"), ("X-Request-ID", "abc"), *DEFAULT_HEADERS, *security_headers("https://a")]
    before = int(time.time())
    response.start_response("200 OK", fields)
    response.close()
    status, *lines = theirs.recv(65_536).decode().split("\r\n")
    assert (status, lines[-2:]) == ("HTTP/1.1 200 OK", ["", ""])
    found = [tuple(line.split(": ", 1)) for line in lines[:-2]]
    date = parsedate_to_datetime(dict(found).pop("Date")).timestamp()
    assert before <= date <= time.time()
    assert [name for name, _ in found[:3]] == ["Server", "Date", "Connection"]
    assert found[3:] == fields


@pytest.mark.parametrize(("name", "value"), [("X A", "b"), ("X-A", "b\r\nX-B: c")])
def test_a_header_that_could_split_the_response_is_refused(ends: Any, name: str, value: str) -> None:
    with pytest.raises((InvalidResponseHeader, InvalidResponseHeaderName)):
        sent(ends, [b""], *DEFAULT_HEADERS, (name, value))
