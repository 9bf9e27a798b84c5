"""WebSockets of two workers, with an independent client library.

Reads and writes of rooms, sessions and tickets run on both databases. Handshakes, frames, floods and the end of a
connection are the same code on both, so they run on SQLite.
"""

import http.client
import json
import os
import signal
import statistics
import threading
import time
from contextlib import closing, suppress
from socket import SHUT_WR
from typing import Any, ClassVar

import pytest
import websocket

from e2e.crowd import PASSWORD, Person, at_once, call, register, wait_until
from e2e.databases import on_sqlite_only
from servers import PATIENCE, serving


@pytest.fixture(autouse=True)
def everybody_goes():
    yield
    while Socket.opened:
        Socket.opened.pop().shutdown()


class Socket:
    """An open socket to one room, or without a room to all rooms of the person."""

    opened: ClassVar[list[Any]] = []

    def __init__(
        self, person: Person, room: int | None = None, query: str = "", *, token: bool = True, **options: Any
    ) -> None:
        header = [f"Authorization: Bearer {person.token}"] if token else []
        url = f"ws://127.0.0.1:{person.server.port}{path_to(room)}{query}"
        options.setdefault("suppress_origin", True)
        self._socket = websocket.create_connection(url, timeout=PATIENCE, header=header, **options)
        self.opened.append(self._socket)

    def close(self) -> None:
        self._socket.close()

    def says(self, frame: object) -> None:
        self._socket.send(frame if isinstance(frame, str) else json.dumps(frame))

    def sends(self, payload: bytes | str, opcode: int) -> None:
        self._socket.send(payload, opcode)

    @property
    def line(self) -> Any:
        """The connection itself."""
        line = self._socket.sock
        assert line is not None
        return line

    def sends_raw(self, data: bytes) -> None:
        self.line.sendall(data)

    def rest(self) -> bytes:
        """Return all bytes until the server closes the connection."""
        return b"".join(iter(lambda: self.line.recv(65_536), b""))

    def next(self) -> dict[str, Any]:
        """Return the next frame, without presence events, which may come at any time."""
        found: dict[str, Any] = json.loads(self._socket.recv())
        return self.next() if found["type"] == "presence" else found

    def hears(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the next frames, which must be of these types in any order."""
        found = [self.next() for _ in kinds]
        assert sorted(event["type"] for event in found) == sorted(kinds), found
        return sorted(found, key=lambda event: kinds.index(event["type"]))

    def goodbye(self) -> tuple[int, str]:
        """Return the close code and reason of the server."""
        _, goodbye = self.last_words()
        return goodbye

    def last_words(self) -> tuple[list[dict[str, Any]], tuple[int, str]]:
        """Return all frames but presence events, and the close code and reason of the server."""
        said: list[Any] = []
        while True:
            opcode, data = self._socket.recv_data(control_frame=True)
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return said, (int.from_bytes(data[:2], "big"), data[2:].decode())
            if opcode == websocket.ABNF.OPCODE_TEXT and json.loads(data)["type"] != "presence":
                said.append(json.loads(data))


def path_to(room: int | None) -> str:
    return "/ws/chat/" if room is None else f"/ws/chat/{room}/"


def refusal(
    person: Person, room: int | None, query: str = "", *, token: bool = True, origin: str | None = None
) -> tuple[int, str]:
    """Return the status and code of a refused handshake."""
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    headers |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    headers |= {"Authorization": f"Bearer {person.token}"} if token else {}
    headers |= {"Origin": origin} if origin is not None else {}
    with closing(http.client.HTTPConnection("127.0.0.1", person.server.port, timeout=PATIENCE)) as connection:
        connection.request("GET", f"{path_to(room)}{query}", headers=headers)
        with connection.getresponse() as response:
            assert response.status != 101, "it is not refused"
            return response.status, json.loads(response.read())["code"]


def test_every_socket_of_a_room_gets_its_messages(ann, bob):
    room = ann.makes_room(bob)
    sockets = [Socket(bob, room) for _ in range(6)]
    ann.says(room, "hello")
    for socket in sockets:
        (event,) = socket.hears("message.created")
        assert event["data"]["content"] == "hello"
        assert event["data"]["user_username"] == ann.username
        socket.close()


def test_a_message_sent_over_a_socket_is_acknowledged_and_delivered(ann, bob):
    room = ann.makes_room(bob)
    decomposed, composed = "e\u0301", "é"
    with closing(Socket(ann, room)) as one, closing(Socket(bob, room)) as other:
        one.says({"type": "message", "content": "hello", "client_id": decomposed})
        ack, event = one.hears("ack", "message.created")
        assert (ack["client_id"], ack["message"]["content"]) == (composed, "hello")
        assert ack["message"]["client_id"] == composed
        assert event["data"]["id"] == ack["message"]["id"]
        assert other.next()["data"]["content"] == "hello"
        assert [message["content"] for message in ann.history(room)] == ["hello"]
        one.says({"type": "message", "content": "hello", "client_id": decomposed})
        assert one.next() == ack
        one.says({"type": "message", "content": "goodbye", "client_id": decomposed})
        problem = one.next()
        assert (problem["type"], problem["status"], problem["code"], problem["client_id"]) == (
            *("problem", 409, "client_id_reused", composed),
        )


def test_a_read_receipt_sent_over_a_socket_is_stored(ann, bob):
    room = ann.makes_room(bob)
    ann.says(room, "hello")
    with closing(Socket(bob, room)) as socket:
        socket.says({"type": "read", "seq": 1})
        ack, event = socket.hears("ack", "message.read")
        assert ack == {"type": "ack", "client_id": None}
        assert event["data"] == {"room": room, "user": bob.id, "last_read_seq": 1}
    assert ann.history(room)[0]["is_read"] is True


def test_a_socket_gets_events_of_its_room_only(ann, bob):
    room, other = ann.makes_room(bob), ann.makes_room(bob)
    with closing(Socket(bob, room)) as socket:
        ann.says(other, "elsewhere")
        ann.makes_room(bob)
        ann.says(room, "here")
        assert socket.next()["data"]["content"] == "here"


def test_one_socket_carries_all_rooms_and_stays_open_when_its_user_leaves_one(ann, bob):
    kitchen, garden = ann.makes_room(bob), ann.makes_room(bob)
    cursor = bob.get("/api/chat/sync/")["cursor"]
    ann.says(kitchen, "missed")
    with closing(Socket(bob, query=f"?after={cursor}")) as socket:
        assert socket.next()["data"]["content"] == "missed"
        for number, room in enumerate((kitchen, garden, kitchen)):
            socket.says({"type": "message", "room": room, "content": f"{number}", "client_id": f"{number}"})
        socket.says({"type": "message", "content": "nowhere", "client_id": "3"})
        socket.says({"type": "read", "room": garden, "seq": 1})
        received = [socket.next() for _ in range(8)]
        answers = [frame for frame in received if "id" not in frame]
        assert [(frame["type"], frame["room"], frame.get("client_id")) for frame in answers] == [
            *(("ack", room, f"{number}") for number, room in enumerate((kitchen, garden, kitchen))),
            *(("problem", None, "3"), ("ack", garden, None)),
        ]
        events = [frame["data"] for frame in received if "id" in frame]
        assert [(data["room"], data["content"]) for data in events] == [(kitchen, "0"), (garden, "1"), (kitchen, "2")]
        bob.call("POST", f"/api/chat/rooms/{kitchen}/leave/")
        ann.says(kitchen, "among us")
        ann.says(garden, "still here")
        assert socket.next()["type"] == "participant.left"
        assert socket.next()["data"]["content"] == "still here"
        for room in (kitchen, garden):
            socket.says({"type": "typing", "room": room})
        assert [(frame["type"], frame["room"]) for frame in (socket.next(), socket.next())] == [
            *(("problem", kitchen), ("ack", garden)),
        ]


def test_a_socket_resumes_after_a_cursor(ann, bob):
    room = ann.makes_room(bob)
    cursor = bob.get("/api/chat/sync/")["cursor"]
    for number in range(250):
        assert ann.says(room, f"{number}").status == 201
    with closing(Socket(bob, room, f"?after={cursor}")) as socket:
        heard = [socket.next() for _ in range(250)]
        assert [event["data"]["content"] for event in heard] == [f"{number}" for number in range(250)]
    with closing(Socket(bob, room, f"?after={heard[99]['id']}")) as socket:
        assert [socket.next()["id"] for _ in range(150)] == [event["id"] for event in heard[100:]]
        ann.says(room, "live")
        assert socket.next()["data"]["content"] == "live"


def test_a_socket_resumes_after_a_cursor_older_than_the_membership(ann, bob):
    cursor = bob.get("/api/chat/sync/")["cursor"]
    room = ann.makes_room()
    ann.says(room, "before")
    bob.call("POST", f"/api/chat/rooms/{room}/join/")
    ann.says(room, "after")
    with closing(Socket(bob, room, f"?after={cursor}")) as socket:
        socket.hears("participant.joined", "message.created")
        ann.says(room, "live")
        assert socket.next()["data"]["content"] == "live"


@on_sqlite_only
def test_pages_of_the_public_url_may_open_a_socket(tmp_path, database):
    with serving(tmp_path, "--workers", "1", public_url="https://chat.example.org", **database) as server:
        (ann,) = register(server, "ann")
        room = ann.makes_room()
        Socket(ann, room, origin="https://chat.example.org", suppress_origin=False)
        assert refusal(ann, room, origin="https://chat.example.org.evil") == (403, "origin_not_allowed")


@on_sqlite_only
def test_frames_over_the_rate_limit_get_a_problem_with_retry_after(tmp_path, database):
    with serving(tmp_path, "--workers", "1", **database) as server:
        (ann,) = register(server, "ann")
        room = ann.makes_room()
        sockets = [
            Socket(ann, room) for _ in range(5)
        ]  # several, because the frames of one socket are read at a limited pace
        for _ in range(260):
            for socket in sockets:
                socket.says({"type": "read", "seq": 0})
        answers = [socket.next() for socket in sockets for _ in range(260)]
        refused = [answer for answer in answers if answer["type"] == "problem"]
        assert {answer["type"] for answer in answers} == {"ack", "problem"}
        assert {(answer["code"], answer["status"]) for answer in refused} == {("too_many_requests", 429)}
        assert all(1 <= answer["retry_after"] <= 60 for answer in refused)


@on_sqlite_only
def test_a_flood_of_frames_does_not_delay_other_requests(tmp_path, database):
    """The flood is empty fragments of a message that never ends."""
    with serving(tmp_path, "--workers", "1", **database) as server:
        (ann,) = register(server, "ann")
        room = ann.makes_room()
        begin, go_on = b"\x01\x80\0\0\0\0", b"\x00\x80\0\0\0\0"
        flooding = [Socket(ann, room).line for _ in range(4)]
        over = threading.Event()

        def flood(line: Any) -> None:
            line.setblocking(False)
            while not over.is_set():
                try:
                    line.send(go_on * 5_000)
                except BlockingIOError:
                    over.wait(0.01)

        for line in flooding:
            line.sendall(begin)
        threads = [threading.Thread(target=flood, args=(line,)) for line in flooding]
        for thread in threads:
            thread.start()
        try:
            times = []
            for _ in range(40):
                began = time.monotonic()
                assert server.call("GET", "/healthz").status == 200
                times.append(time.monotonic() - began)
                over.wait(0.05)
        finally:
            over.set()
            for thread in threads:
                thread.join()
        assert statistics.median(times) < 0.5, times
        assert max(times) < 3, times


@on_sqlite_only
def test_a_socket_does_nothing_after_its_token_has_expired(tmp_path, database):
    with serving(tmp_path, "--workers", "1", access_ttl="2", **database) as server:
        (ann,) = register(server, "ann")
        room = ann.makes_room()
        socket = Socket(ann, room)
        said: list[float] = []
        began = time.monotonic()
        with suppress(websocket.WebSocketException, OSError):
            while (now := time.monotonic() - began) < 6:
                socket.says({"type": "message", "content": "still there?"})
                if socket.next()["type"] == "problem":
                    break
                said += [now]
        assert said
        assert max(said) < 2.5
        assert socket.goodbye() == (4401, "session_ended")


@on_sqlite_only
@pytest.mark.parametrize(
    ("method", "version", "headers"),
    [
        ("HEAD", "1.1", {}),
        ("GET", "1.0", {}),
        ("GET", "1.1", {"Sec-WebSocket-Key": "x"}),
        ("GET", "1.1", {"Sec-WebSocket-Version": "8"}),
        ("GET", "1.1", {"Content-Length": "5"}),
    ],
    ids=["HEAD", "HTTP/1.0", "a short key", "another version", "a body"],
)
def test_an_invalid_handshake_is_answered_with_426(ann, method, version, headers):
    room = ann.makes_room()
    fields = {"Host": "127.0.0.1", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    fields |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Authorization": f"Bearer {ann.token}", **headers}
    head = [f"{method} /ws/chat/{room}/ HTTP/{version}", *(f"{name}: {value}" for name, value in fields.items())]
    with ann.server.connection() as line:
        line.sendall("\r\n".join([*head, "", "12345"]).encode())
        answer = line.recv(4_096)
    assert answer.startswith(f"HTTP/{version} 426 ".encode()), answer
    assert b"\r\nUpgrade: websocket\r\n" in answer
    assert b"\r\nSec-WebSocket-Version: 13\r\n" in answer


@on_sqlite_only
def test_a_block_refuses_frames_and_hides_typing_from_the_blocker(ann, bob):
    room = ann.makes_room(bob)
    direct = ann.call("POST", "/api/chat/create-direct-chat/", {"user_id": bob.id}).json["room"]["id"]
    with closing(Socket(ann)) as blocker, closing(Socket(ann, room)) as of_room, closing(Socket(bob)) as blocked:
        assert ann.call("POST", f"/api/chat/users/{bob.id}/block/").status == 204
        change = blocker.next()
        assert (change["type"], change["data"]["is_blocked"]) == ("block.changed", True)
        for kind in ({"type": "message", "content": "hello"}, {"type": "typing"}):
            blocked.says({**kind, "room": direct})
            problem = blocked.next()
            assert (problem["type"], problem["status"], problem["code"]) == ("problem", 403, "cannot_message")
        blocked.says({"type": "typing", "room": room})
        blocked.says({"type": "message", "content": "hello", "room": room})
        blocked.hears("ack", "ack", "message.created")
        for socket in (blocker, of_room):
            event = socket.next()
            assert (event["type"], event["data"]["is_blocked"]) == ("message.created", True)


@on_sqlite_only
def test_an_invalid_frame_gets_a_problem_and_the_socket_stays_open(ann):
    room = ann.makes_room()
    with closing(Socket(ann, room)) as socket:
        for frame, code, fields in (
            ("this is no JSON", "malformed_json", None),
            ("", "malformed_json", None),
            ('{"type": "read", "seq": 1, "seq": 2}', "malformed_json", None),
            ("[]", "validation_failed", {"type"}),
            ("7", "validation_failed", {"type"}),
            ({"type": "dance"}, "validation_failed", {"type"}),
            ({"type": ["message"]}, "validation_failed", {"type"}),
            ({"type": "message"}, "validation_failed", {"content"}),
            ({"type": "message", "content": " "}, "validation_failed", {"content"}),
            ({"type": "message", "content": "x", "colour": "red"}, "validation_failed", {"colour"}),
            ({"type": "message", "content": "x", "reply_to": 10**15}, "validation_failed", {"reply_to"}),
            (
                {"type": "message", "content": "", "client_id": "x" * 65, "reply_to": 10**15, "colour": "red"},
                *("validation_failed", {"content", "client_id", "reply_to", "colour"}),
            ),
            ('{"type": "read", "seq": 1e400}', "malformed_json", None),
            ({"type": "read", "seq": 0.5, "colour": None}, "validation_failed", {"seq", "colour"}),
            ({"type": "read", "seq": -1}, "validation_failed", {"seq"}),
            ({"type": "read", "seq": 10**30}, "validation_failed", {"seq"}),
        ):
            socket.says(frame)
            problem = socket.next()
            assert (problem["type"], problem["code"]) == ("problem", code), frame
            assert set(problem.get("errors", ())) == (fields or set()), frame
        for binary in (b"\x00\x01", b"\xff\xfe7\x00", b'{"type": "typing", "x": "\xe9"}', b""):
            socket.sends(binary, websocket.ABNF.OPCODE_BINARY)
            assert socket.next()["code"] == "malformed_json"
        for mark in ("", "\ufeff"):
            text = f'{mark}{{"type": "message", "content": "in binary, é"}}'
            socket.sends(text.encode(), websocket.ABNF.OPCODE_BINARY)
            socket.hears("ack", "message.created")
        socket.says('\ufeff{"type": "message", "content": "still here", "client_id": null, "reply_to": null}')
        socket.hears("ack", "message.created")
        socket.says('{"type": "read", "seq": 1.0}')
        assert socket.next() == {"type": "ack", "client_id": None}


@on_sqlite_only
@pytest.mark.parametrize("size", [64 * 1024 + 1, 2**20])
def test_a_frame_that_is_too_large_closes_its_socket_only(ann, bob, size):
    room = ann.makes_room(bob)
    with closing(Socket(bob, room)) as other:
        socket = Socket(ann, room)
        socket.says("x" * size)
        assert socket.goodbye() == (1009, "frame_too_large")
        ann.says(room, "hello")
        assert other.next()["data"]["content"] == "hello"


@on_sqlite_only
def test_a_close_frame_after_a_frame_that_is_too_large_ends_the_connection_at_once(ann):
    socket = Socket(ann, ann.makes_room())
    socket.says("x" * 2**20)
    assert socket.goodbye() == (1009, "frame_too_large")  # the client has answered the close frame
    began = time.monotonic()
    assert socket.rest() == b""
    assert time.monotonic() - began < 1.5


@on_sqlite_only
def test_a_client_that_continues_after_a_malformed_frame_receives_the_close_code(ann):
    opcode, unmasked, text = (b"\x8f\x80abcd", 1002), (b"\x81\x01a", 1002), (b"\x81\x81abcd\x9e", 1007)
    room = ann.makes_room()
    sockets = [Socket(ann, room) for _ in range(3)]
    for socket, (frame, code) in zip(sockets, (opcode, unmasked, text), strict=True):
        socket.sends_raw(frame)
        assert socket.goodbye()[0] == code, frame
    for socket in sockets:
        for _ in range(3):
            socket.sends_raw(bytes(65_536))
    assert [socket.rest() for socket in sockets] == [b""] * 3


@on_sqlite_only
def test_a_frame_that_arrives_in_pieces_is_one_message(ann):
    room = ann.makes_room()
    socket = Socket(ann, room)
    frame = socket_frame({"type": "message", "content": "in pieces"})
    *pieces, last = (frame[start : start + 7] for start in range(0, len(frame), 7))
    for piece in pieces:
        socket.sends_raw(piece)
        assert ann.history(room) == []
    socket.sends_raw(last)
    ack, event = socket.hears("ack", "message.created")
    assert ack["message"]["content"] == event["data"]["content"] == "in pieces"


@on_sqlite_only
def test_frames_that_precede_the_end_of_the_connection_are_served(ann):
    room = ann.makes_room()
    socket = Socket(ann, room)
    socket.sends_raw(b"".join(socket_frame({"type": "message", "content": f"{number}"}) for number in range(3)))
    socket.line.shutdown(SHUT_WR)
    wait_until(lambda: len(ann.history(room)) == 3, "the messages")


@on_sqlite_only
def test_a_request_without_an_upgrade_is_answered_with_426(ann):
    room = ann.makes_room()
    answer = ann.call("GET", f"/ws/chat/{room}/")
    assert (answer.status, answer.json["code"]) == (426, "upgrade_required")


def test_a_socket_to_a_room_needs_membership(ann, bob):
    public, hidden = (
        ann.makes_room(),
        ann.call("POST", "/api/chat/rooms/", {"name": "x", "is_private": True}).json["id"],
    )
    assert refusal(bob, public) == (403, "not_a_participant")
    assert refusal(bob, hidden) == refusal(bob, 10**9) == (404, "room_not_found")


@on_sqlite_only
def test_a_socket_needs_a_valid_token_or_ticket(ann):
    room = ann.makes_room()
    assert refusal(ann, room, token=False) == (401, "not_authenticated")
    assert refusal(ann, room, "?ticket=made-up", token=False) == (401, "ticket_invalid")
    assert refusal(ann, room, f"?access={ann.token}", token=False)[0] == 401
    for target in (room, None):
        assert refusal(ann, target, "?after=1.aaaaaaaaaaaa") == (400, "invalid_cursor")


def test_a_ticket_opens_one_socket(ann):
    room = ann.makes_room()
    for opened, refused in ((room, None), (None, room)):
        ticket = ann.call("POST", "/api/chat/events/ticket/").json["ticket"]
        with closing(Socket(ann, opened, f"?ticket={ticket}", token=False)) as socket:
            ann.says(room, "hello")
            assert socket.next()["data"]["content"] == "hello"
        for target in (opened, refused):
            assert refusal(ann, target, f"?ticket={ticket}", token=False) == (401, "ticket_invalid")


@on_sqlite_only
def test_pages_of_other_origins_are_refused(ann):
    room = ann.makes_room()
    for origin in ("https://evil.example", "null", "http://localhost:3000.evil.example", "http://localhost:3001"):
        assert refusal(ann, room, origin=origin) == (403, "origin_not_allowed")
    for origin in ("http://localhost:3000", f"http://127.0.0.1:{ann.server.port}"):
        Socket(ann, room, origin=origin, suppress_origin=False).close()


def test_the_end_of_a_session_closes_its_socket_within_five_seconds(ann):
    room = ann.makes_room()
    socket = Socket(ann, room)
    ann.call("POST", "/api/auth/logout/")
    began = time.monotonic()
    assert socket.goodbye() == (4401, "session_ended")
    assert time.monotonic() - began < 5


def test_a_frame_of_a_session_that_has_just_ended_does_nothing(ann, bob):
    room = ann.makes_room(bob)
    socket = Socket(ann, room)
    ann.call("POST", "/api/auth/logout/")
    socket.says({"type": "message", "content": "too late"})
    said, goodbye = socket.last_words()
    assert [problem["code"] for problem in said] in (["session_ended"], [])  # or the socket was closed before the frame
    assert goodbye == (4401, "session_ended")
    assert bob.history(room) == []


def test_leaving_the_room_is_the_last_event_of_a_socket(ann, bob):
    room = ann.makes_room(bob)
    socket = Socket(bob, room)
    bob.call("POST", f"/api/chat/rooms/{room}/leave/")
    ann.says(room, "among us")
    (event,) = socket.hears("participant.left")
    assert event["data"]["user"]["id"] == bob.id
    assert socket.goodbye() == (4403, "not_a_participant")


def test_the_deletion_of_the_room_is_the_last_event_of_a_socket(ann, bob):
    room = ann.makes_room(bob)
    socket = Socket(bob, room)
    ann.call("DELETE", f"/api/chat/rooms/{room}/")
    (event,) = socket.hears("room.deleted")
    assert event["data"] == {"room": room}
    assert socket.goodbye() == (4403, "not_a_participant")


@on_sqlite_only
def test_a_closed_socket_frees_its_slot(tmp_path, database):
    with serving(tmp_path, "--workers", "1", rate_limits="off", **database) as server:
        (ann,) = register(server, "ann")
        room = ann.makes_room()
        for _ in range(3):
            sockets = [Socket(ann, target) for target in (room, None) for _ in range(10)]
            assert [refusal(ann, target) for target in (room, None)] == [(429, "too_many_streams")] * 2
            for socket in sockets:
                socket.close()


@on_sqlite_only
def test_a_stopping_server_closes_sockets_with_code_1001(tmp_path, database):
    with serving(tmp_path, "--workers", "1", rate_limits="off", **database) as server:
        (ann,) = register(server, "ann")
        socket = Socket(ann, ann.makes_room())
        os.kill(server.process.pid, signal.SIGTERM)
        assert socket.goodbye() == (1001, "stopping")
        assert server.process.wait(PATIENCE) == 0


@on_sqlite_only
@pytest.mark.parametrize("end", ["close", "log out"])
def test_a_flooding_client_frees_its_slots_when_it_disconnects_or_logs_out(tmp_path, database, end):
    """The unread frames would take minutes at the pace of reading."""
    pongs = b"\x8a\x80\0\0\0\0" * 10_000
    with serving(tmp_path, "--workers", "1", rate_limits="off", **database) as server:
        ann, bob = register(server, "ann", "bob")
        room = ann.makes_room(bob)
        sockets = [Socket(ann, room) for _ in range(20)]
        assert refusal(ann, room) == (429, "too_many_streams")
        for socket in sockets:
            socket.line.sendall(pongs)
        again = call(server, "POST", "/api/auth/login/", {"username": "ann", "password": PASSWORD}).json
        if end == "log out":
            assert ann.call("POST", "/api/auth/logout/").status == 200
        else:
            for socket in sockets:
                socket.line.close()
        ann.token = again["tokens"]["access"]
        wait_until(lambda: is_let_in(ann, room), "a free place")
        assert server.stop() == 0


def is_let_in(person: Person, room: int) -> bool:
    try:
        Socket(person, room).close()
    except websocket.WebSocketBadStatusException:
        return False
    return True


def test_frames_after_the_close_frame_are_ignored_and_the_connection_ends(ann, bob):
    room = ann.makes_room(bob)
    socket = Socket(bob, room)
    assert ann.call("DELETE", f"/api/chat/rooms/{room}/participants/{bob.id}/").status == 204
    line = socket.line  # the client library would answer the close frame
    wait_until(lambda: b"not_a_participant" in line.recv(65_536), "the goodbye")
    assert ann.call("POST", f"/api/chat/rooms/{room}/participants/", {"user_id": bob.id}).status == 201
    said = socket_frame({"type": "message", "content": "through a closed socket"})

    def is_cut() -> bool:
        try:
            line.sendall(said)
        except (BrokenPipeError, ConnectionResetError):
            return True
        time.sleep(0.3)  # often enough to keep the connection alive, if the server waited for silence
        return False

    wait_until(is_cut, "the end of the connection")
    assert ann.history(room) == []


def socket_frame(frame: object) -> bytes:
    """Return a client's text frame with a mask of zeros."""
    payload = json.dumps(frame).encode()
    return bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload


def test_all_sockets_get_concurrent_messages_in_one_order(ann, bob):
    room = ann.makes_room(bob)
    sockets = {person: [Socket(person, room), Socket(person, room)] for person in (ann, bob)}

    def talk(socket: Socket, name: int) -> None:
        for number in range(20):
            socket.says({"type": "message", "content": f"{name}.{number}"})

    everybody = [socket for both in sockets.values() for socket in both]
    at_once(lambda socket=socket, name=name: talk(socket, name) for name, socket in enumerate(everybody))
    heard = []
    for socket in everybody:
        said: list[Any] = []
        acks = 0
        while len(said) < 80 or acks < 20:
            event = socket.next()
            acks += event["type"] == "ack"
            said += [event["data"]["content"]] if event["type"] == "message.created" else []
        heard.append(said)
    assert heard == [[message["content"] for message in ann.history(room)]] * 4
