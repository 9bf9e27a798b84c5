"""The programs of docs/clients.md, unchanged, against a server that is killed while people write.

Each receives every message once. The requests that the libraries send by themselves are those that
tests/api/test_stream_clients.py replays in `make test`.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from urllib.parse import parse_qsl, urlsplit

import pytest

from e2e.crowd import PASSWORD, Person, wait_until
from foreign.mortal import RecordingProxy, running, says_until_acknowledged, speaks_while_the_server_dies
from foreign.programs import NODE_MODULES, fenced
from servers import BIN
from stream_clients import RESUMING

PATIENCE = 40.0
"""Seconds. Some clients wait long before they reconnect."""

TELLING = ("accept", "last-event-id")

GLOBALS = """
const [base, start, bearer] = process.argv.slice(2);
let cursor = start;
const TYPES = ["message.created", "message.updated", "message.deleted", "typing", "presence", "resync"];
const receive = (event) => {
  globalThis.cursor = event.id ?? globalThis.cursor;
  if (event.type === "message.created") console.log(JSON.stringify(event.data.content));
};
Object.assign(globalThis, {base, cursor, TYPES, receive, token: () => bearer});
// Parts of a browser that Node lacks.
const document = {hidden: false, addEventListener() {}, removeEventListener() {}};
Object.assign(globalThis, {window: globalThis, document, addEventListener() {}});
"""
PYTHON_GLOBALS = """
import json as _json, sys as _sys
base, cursor, _bearer, _username, _password = _sys.argv[1:]
_last = cursor
def token(): return _bearer
def receive(event):
    global _last
    _last = event.get("id", _last)
    if event["type"] == "message.created": print(_json.dumps(event["data"]["content"]), flush=True)
    return _last
"""


def javascript(client: str, folder: Path) -> list[str | Path]:
    (folder / "node_modules").symlink_to(NODE_MODULES)
    (folder / "globals.mjs").write_text(GLOBALS)
    (folder / "client.mjs").write_text(f'import "./globals.mjs";\n{fenced(client, "js")}')
    return [BIN / "node", "client.mjs"]


def python(client: str, folder: Path) -> list[str | Path]:
    (folder / "client.py").write_text(PYTHON_GLOBALS + fenced(client, "python"))
    return [sys.executable, "client.py"]


def httpx_sse(_: str, folder: Path) -> list[str | Path]:
    """Return the command for the program of docs/live.md, which logs in and begins at the present."""
    (folder / "live.py").write_text(fenced("A client in Python", "python", "live.md"))
    follow = "from live import Chat\nfor event in Chat(base, _username, _password).events(): receive(event)\n"
    (folder / "client.py").write_text(PYTHON_GLOBALS + follow)
    return [sys.executable, "client.py"]


CLIENTS = {
    "event-source-polyfill": javascript,
    "eventsource": javascript,
    "@microsoft/fetch-event-source": javascript,
    "reconnecting-eventsource": javascript,
    "reconnecting-websocket": javascript,
    "httpx-sse": httpx_sse,
    "sseclient-py": python,
    "websockets": python,
}


def received(messages: "Queue[str | None]", last: str) -> list[str]:
    """Return the messages up to the last."""
    found: list[str] = []
    while not found or found[-1] != last:
        message = messages.get(timeout=PATIENCE)
        assert message is not None, f"the client has ended, after {found}"
        found.append(message)
    return found


@contextmanager
def following(client: str, person: Person, folder: Path) -> Iterator[tuple[RecordingProxy, str, "Queue[str | None]"]]:
    """Run a client that follows the rooms of a user. Yield the proxy before it, its first cursor and its messages."""
    cursor = person.get("/api/chat/sync/")["cursor"]
    proxy = RecordingProxy(person.server.port)
    command = [*CLIENTS[client](client, folder), f"http://127.0.0.1:{proxy.port}", cursor]
    try:
        with running([*command, person.token, person.username, PASSWORD], folder) as messages:
            wait_until(lambda: any(is_stream(line) for line, _ in proxy.requests), "the client's first stream")
            yield proxy, cursor, messages
    finally:
        proxy.close()


def is_stream(request_line: str) -> bool:
    return request_line.startswith(("GET /api/chat/events/", "GET /ws/chat/"))


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_receives_every_message_once_although_the_server_is_killed(server, people, tmp_path, client):
    ann, bob = people
    room = ann.makes_room(bob)
    with following(client, bob, tmp_path) as (proxy, cursor, messages):
        says_until_acknowledged(ann, room, "hello")
        assert received(messages, "hello") == ["hello"]
        bob.call("POST", f"/api/chat/rooms/{room}/typing/")
        said = speaks_while_the_server_dies(server, ann, room)
        assert received(messages, said[-1]) == said
        server.restarts()
        says_until_acknowledged(ann, room, "goodbye")
        assert received(messages, "goodbye") == ["goodbye"]
    if "/ws/" not in proxy.requests[-1][0]:
        assert reconnections(proxy, cursor) == [RESUMING[client]]


def reconnections(proxy: RecordingProxy, start: str) -> list[tuple[str, dict[str, str]]]:
    """Return the queries and the telling headers of the streams that were opened after the first, each once."""
    found = []
    for line, headers in proxy.requests:
        if is_stream(line):
            target = urlsplit(line.split(" ")[1])
            query = [(name, "{start}" if value == start else "{last}") for name, value in parse_qsl(target.query)]
            sent = {name: "{last}" if name == "last-event-id" else headers[name] for name in TELLING if name in headers}
            found.append(
                ("".join(f"{'&' if at else '?'}{name}={value}" for at, (name, value) in enumerate(query)), sent)
            )
    return [request for at, request in enumerate(found[1:], 1) if request not in found[1:at]]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_comes_back_after_it_was_refused(server, people, tmp_path, client):
    ann, bob = people
    room = ann.makes_room(bob)
    with following(client, bob, tmp_path) as (proxy, _, messages):
        for status in (401, 429, 503):
            says_until_acknowledged(ann, room, f"before {status}")
            assert received(messages, f"before {status}") == [f"before {status}"]
            proxy.cut_and_refuse(status)
            says_until_acknowledged(ann, room, f"after {status}")
            assert received(messages, f"after {status}") == [f"after {status}"]
            assert not proxy.refusals
