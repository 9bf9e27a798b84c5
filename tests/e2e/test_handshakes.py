"""WebSocket handshakes as devices, libraries and proxies write them. The ordinary ones: test_sockets.py."""

import json
import socket

import pytest

from e2e.databases import on_sqlite_only

pytestmark = on_sqlite_only

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
USUAL = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {KEY}")


def without(*names):
    return tuple(field for field in USUAL if field.partition(":")[0] not in names)


def shake(person, room, fields, *, body=b"", query="", version="1.1", authorization=None):
    """Open a connection with this handshake. Return it, and the head of the answer."""
    line = person.server.connection()
    token = f"Authorization: {authorization or f'Bearer {person.token}'}"
    head = [f"GET /ws/chat/{room}/{query} HTTP/{version}", f"Host: 127.0.0.1:{person.server.port}", token, *fields]
    line.sendall("\r\n".join([*head, "", ""]).encode("latin-1") + body)
    answer = b""
    while b"\r\n\r\n" not in answer:
        received = line.recv(1)
        assert received, answer
        answer += received
    return line, answer.decode().removesuffix("\r\n\r\n").split("\r\n")


def first_message(line: socket.socket) -> dict[str, object]:
    """Return the first message that is no presence event, from frames of less than 64 KiB."""
    stream = line.makefile("rb")
    while True:
        _, size = stream.read(2)
        if size == 126:
            size = int.from_bytes(stream.read(2))
        event: dict[str, object] = json.loads(stream.read(size))
        if event["type"] != "presence":
            return event


HANDSHAKES = {
    "an empty body is announced": (*USUAL, "Content-Length: 0"),
    "the fields are in lower case": (*map(str.lower, USUAL[:3]), f"sec-websocket-key: {KEY}"),
    "the connection is kept alive": (*without("Connection"), "Connection: keep-alive, Upgrade"),
    "the connection has two lines": (*without("Connection"), "Connection: keep-alive", "Connection: upgrade"),
    "the connection has an empty option": (*without("Connection"), "Connection: ,Upgrade,"),
    "the upgrade is in capitals": (*without("Upgrade"), "Upgrade: WebSocket"),
    "another upgrade is offered too": (*without("Upgrade"), "Upgrade: h2c, websocket"),
    "a subprotocol is offered": (*USUAL, "Sec-WebSocket-Protocol: mqtt, graphql-ws"),
    "a subprotocol is not ASCII": (*USUAL, "Sec-WebSocket-Protocol: caf\xe9"),
    "compression is offered": (
        *USUAL,
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        "Sec-WebSocket-Extensions: x-webkit-deflate-frame",
    ),
    "an extension is malformed": (*USUAL, 'Sec-WebSocket-Extensions: ;;=,"\xe9; a="b'),
    "there is a type without a body": (*USUAL, "Content-Type: application/json", "Content-Length: 0"),
    "there is an Accept": (*USUAL, "Accept: */*", "Accept-Encoding: gzip, deflate, br", "Cache-Control: no-cache"),
}


@pytest.mark.parametrize("variant", HANDSHAKES)
def test_an_unusual_handshake_opens_a_socket(ann, variant):
    room = ann.makes_room()
    line, (status, *fields) = shake(ann, room, HANDSHAKES[variant])
    with line:
        assert status.startswith("HTTP/1.1 101 ")
        found = {field.partition(": ")[0].lower(): field.partition(": ")[2] for field in fields}
        assert found["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert (found["upgrade"].lower(), found["connection"].lower()) == ("websocket", "upgrade")
        assert "sec-websocket-extensions" not in found
        assert "sec-websocket-protocol" not in found
        ann.says(room, "hello")
        assert first_message(line)["type"] == "message.created"


def test_a_handshake_with_the_password_for_a_proxy_opens_a_socket_by_its_ticket(ann):
    """As Firefox sends it through an Apache that asks for a password (Athou/commafeed#1167)."""
    room = ann.makes_room()
    fields = (*USUAL[1:], "Connection: keep-alive, Upgrade", "Sec-Fetch-Mode: websocket")
    for number, credentials in enumerate(("Basic YW5uOnNlY3JldA==", "Negotiate YIIZ")):
        query = f"?ticket={ann.call('POST', '/api/chat/events/ticket/').json['ticket']}"
        line, answer = shake(ann, room, fields, query=query, authorization=credentials)
        with line:
            assert answer[0] == "HTTP/1.1 101 Switching Protocols", answer
            ann.says(room, f"hello {number}")
            assert first_message(line)["type"] == "message.created"


def test_an_offer_of_http_2_leaves_a_request_as_it_is(ann):
    """As Java's `HttpClient` sends each request (Kludex/uvicorn#2722)."""
    room = ann.makes_room()
    body = json.dumps({"room": room, "content": "from Java"}).encode()
    head = (
        f"POST /api/chat/messages/ HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {ann.token}\r\n"
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    following = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with ann.server.connection() as line:
        line.sendall(head.encode() + b"%x\r\n%b\r\n0\r\n\r\n%b" % (len(body), body, following))
        answers = line.makefile("rb").read()
    assert answers.startswith(b"HTTP/1.1 201 ")
    assert b'"content":"from Java"' in answers
    assert answers.endswith(b'{"status":"ok"}')


def test_an_empty_chunked_body_belongs_to_the_handshake(ann):
    room = ann.makes_room()
    line, (status, *_) = shake(ann, room, (*USUAL, "Transfer-Encoding: chunked"), body=b"0\r\n\r\n")
    with line:
        assert " 101 " in status
        ann.says(room, "hello")
        assert first_message(line)["type"] == "message.created"


REFUSED = {
    "a body": ((*USUAL, "Content-Length: 2"), b"{}"),
    "a chunked body": ((*USUAL, "Transfer-Encoding: chunked"), b"2\r\n{}\r\n0\r\n\r\n"),
    "malformed chunks": ((*USUAL, "Transfer-Encoding: chunked"), b"x\r\n\r\n"),
    "no version": (without("Sec-WebSocket-Version"), b""),
    "version 8": ((*without("Sec-WebSocket-Version"), "Sec-WebSocket-Version: 8"), b""),
    "no key": (without("Sec-WebSocket-Key"), b""),
    "no upgrade": (without("Upgrade"), b""),
    "another upgrade": ((*without("Upgrade"), "Upgrade: h2c"), b""),
    "no connection option": (without("Connection"), b""),
    "another connection option": ((*without("Connection"), "Connection: keep-alive"), b""),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_request_that_is_no_handshake_is_answered_with_426_and_the_version(ann, fault):
    fields, body = REFUSED[fault]
    line, (status, *answered) = shake(ann, ann.makes_room(), fields, body=body)
    line.close()
    assert " 426 " in status
    assert "Upgrade: websocket" in answered
    assert "Sec-WebSocket-Version: 13" in answered


def test_a_proxy_that_removes_the_upgrade_gets_426_whatever_the_origin(ann):
    """By default nginx names its upstream as `Host`, and removes the fields of the handshake."""
    fields = ("Connection: close", "Origin: http://chat.example.org")
    line, (status, *_) = shake(ann, ann.makes_room(), fields, version="1.0")
    line.close()
    assert " 426 " in status


@pytest.mark.parametrize(
    ("origin", "status"),
    [(None, "101"), ("http://127.0.0.1:{port}", "101"), ("http://localhost:3000", "101"), ("null", "403"), ("", "403")],
)
def test_the_origin_of_a_page_decides_and_programs_have_none(ann, origin, status):
    fields = () if origin is None else (f"Origin: {origin.format(port=ann.server.port)}",)
    line, (answer, *_) = shake(ann, ann.makes_room(), (*USUAL, *fields))
    line.close()
    assert answer.split(" ")[1] == status


def test_a_socket_resumes_after_the_newest_cursor_of_its_request(ann):
    """`websockets` reconnects with the same URL, and its headers can change."""
    start = ann.get("/api/chat/sync/")["cursor"]
    room = ann.makes_room()
    for content in ("one", "two", "three"):
        ann.says(room, content)
    events = ann.get(f"/api/chat/sync/?after={start}")["events"]
    last = next(event["id"] for event in events if event["data"].get("content") == "two")
    for query, header in (
        (f"?after={last}", ()),
        (f"?lastEventId={last}", ()),
        (f"?after={start}&lastEventId={last}", ()),
        (f"?after={start}", (f"Last-Event-ID: {last}",)),
        (f"?after={last}&lastEventId=", (f"Last-Event-ID: {start}",)),
    ):
        line, _ = shake(ann, room, (*USUAL, *header), query=query)
        with line:
            event = first_message(line)
            assert isinstance(event["data"], dict)
            assert event["data"]["content"] == "three", (query, header)
