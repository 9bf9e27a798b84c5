"""Event streams that a test reads at its own pace, and enough messages to overflow a client that does not read."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from e2e.crowd import Person, at_once
from servers import PATIENCE

Event = dict[str, Any]
_LONG = " ".join(["\N{LINEAR B SYLLABLE B008 A}" * 30] * 125)
"""15 KB. The socket buffers of client and server hold fewer than 220 of these for a client that does not read.

The search folds a short word once, and as many letters in one word at each message.
"""


def opened(
    person: Person, path: str, headers: dict[str, str] | None = None, *, buffer: int | None = None
) -> http.client.HTTPResponse:
    """The answer to a GET after its head has been read. Closing the answer closes the connection.

    `buffer` is the number of bytes that the client's system accepts before the client reads them.
    """
    connection = socket.socket()
    try:
        if buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.settimeout(PATIENCE)
        connection.connect(("127.0.0.1", person.server.port))
        fields = {
            "Host": f"127.0.0.1:{person.server.port}",
            "Authorization": f"Bearer {person.token}",
            **(headers or {}),
        }
        head = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        connection.sendall("\r\n".join(head).encode())
        response = http.client.HTTPResponse(connection, method="GET")
        response.begin()
        return response
    finally:
        connection.close()  # the answer keeps the connection open until it is closed itself


def streamed(response: http.client.HTTPResponse) -> Iterator[Event]:
    """Yield the events of a stream as they arrive, without an incomplete last event."""
    fields: dict[str, str] = {}
    for line in iter(response.readline, b""):
        if line == b"\n":
            if fields:
                event = json.loads(fields["data"])
                assert (event.get("id"), event["type"]) == (fields.get("id"), fields["event"])
                yield event
            fields = {}
        elif not line.startswith(b":"):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            fields[name] = value


def stored(response: http.client.HTTPResponse) -> Iterator[Event]:
    """Yield the events of the change log: those of presence come at any time."""
    return (event for event in streamed(response) if "id" in event)


def says_much(person: Person, room: int, count: int) -> None:
    """Send that many long messages over eight connections."""

    def say(part: int) -> None:
        headers = {"Authorization": f"Bearer {person.token}", "Content-Type": "application/json"}
        with closing(http.client.HTTPConnection("127.0.0.1", person.server.port, timeout=PATIENCE)) as connection:
            for number in range(part, count, 8):
                body = json.dumps({"room": room, "content": f"{number} {_LONG}"}, ensure_ascii=False)
                connection.request("POST", "/api/chat/messages/", body.encode(), headers)
                with connection.getresponse() as answer:
                    assert answer.status == 201, answer.read()
                    answer.read()

    at_once(lambda part=part: say(part) for part in range(8))
