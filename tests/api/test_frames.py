"""The frames of a WebSocket's client, without the connection. (With it: tests/e2e/test_sockets.py)"""

import json

import pytest
from flask import g

from api.client import Chat, Json, Person
from api.conftest import on_one_database
from minichat.api.frames import Frames
from minichat.api.request_state import request_state

NOWHERE = 2**53 - 1


class Socket:
    """The socket of a person to a room, or to all rooms."""

    def __init__(self, person: Person, room: Json | None = None) -> None:
        self._app = person.chat.app
        self._frames = Frames(None if room is None else room["id"])
        with self._app.test_request_context("/ws/chat/", headers={"Authorization": f"Bearer {person.token}"}):
            assert self._app.preprocess_request() is None
            self._state = request_state()
        self.has_ended = False

    def says(self, type_: str, **fields: object) -> Json:
        """Send a frame and return its answer."""
        return self.sends(json.dumps({"type": type_, **fields}))

    def sends(self, text: str) -> Json:
        """Send a frame of any form and return its answer."""
        with self._app.test_request_context("/ws/chat/"):
            g.request_state = self._state
            reply = self._frames.answer(text.encode())
        self.has_ended = reply.ends_session
        return dict(json.loads(reply.json))


@pytest.fixture
def ann(chat: Chat) -> Person:
    return chat.person("ann")


@pytest.fixture
def bob(chat: Chat) -> Person:
    return chat.person("bob")


class TestAllRooms:
    def test_each_answer_names_the_room_of_its_frame(self, ann: Person, bob: Person) -> None:
        kitchen, garden = ann.makes_room("Kitchen", with_=[bob]), ann.makes_room("Garden")
        ann_socket = Socket(ann)
        ack = ann_socket.says("message", room=kitchen["id"], content="soup", client_id="1")
        assert (ack["type"], ack["room"], ack["client_id"]) == ("ack", kitchen["id"], "1")
        assert (ack["message"]["content"], ack["message"]["room"]) == ("soup", kitchen["id"])
        assert ann_socket.says("message", room=garden["id"], content="roses")["room"] == garden["id"]
        bob_socket = Socket(bob)
        expected = {"type": "ack", "client_id": None, "room": kitchen["id"]}
        assert bob_socket.says("read", room=kitchen["id"], seq=1) == expected
        assert bob_socket.says("typing", room=kitchen["id"] + 0.0) == expected
        assert bob.looks_at(kitchen)["last_read_seq"] == 1
        assert ann.history(garden).body["messages"][0]["content"] == "roses"

    def test_a_repeated_message_gets_the_first_acknowledgement(self, ann: Person) -> None:
        room = ann.makes_room()
        socket = Socket(ann)
        first = socket.says("message", room=room["id"], content="soup", client_id="e\u0301")
        assert first["client_id"] == "é"
        assert socket.says("message", room=room["id"], content="soup", client_id="é") == first
        problem = socket.says("message", room=room["id"], content="salad", client_id="e\u0301")
        assert (problem["type"], problem["status"], problem["code"]) == ("problem", 409, "client_id_reused")
        assert (problem["room"], problem["client_id"]) == (room["id"], "é")

    def test_a_client_id_of_one_room_is_free_in_another(self, ann: Person) -> None:
        kitchen, garden = ann.makes_room("Kitchen"), ann.makes_room("Garden")
        socket = Socket(ann)
        acks = [socket.says("message", room=room["id"], content="hi", client_id="1") for room in (kitchen, garden)]
        assert [ack["message"]["room"] for ack in acks] == [kitchen["id"], garden["id"]]

    @on_one_database
    def test_a_frame_without_a_valid_room_gets_a_problem_that_names_the_field(self, ann: Person) -> None:
        socket = Socket(ann)
        for type_, fields in (("message", {"content": "hi"}), ("read", {"seq": 1}), ("typing", {})):
            for room in ({}, *({"room": value} for value in (None, "1", 0, 2**53, True, 1.5, [1]))):
                problem = socket.says(type_, **fields, **room)
                assert (problem["type"], problem["status"], problem["code"]) == ("problem", 400, "validation_failed")
                assert (set(problem["errors"]), problem["room"]) == ({"room"}, None), room

    @on_one_database
    def test_a_problem_names_every_wrong_field(self, ann: Person) -> None:
        room = ann.makes_room()
        socket = Socket(ann)
        problem = socket.says("message", content=" ", client_id="x" * 65, reply_to=NOWHERE, colour="red")
        assert set(problem["errors"]) == {"room", "content", "client_id", "colour"}
        problem = socket.says("message", room=room["id"], content="hi", reply_to=NOWHERE, colour="red")
        assert (set(problem["errors"]), problem["room"]) == ({"reply_to", "colour"}, room["id"])
        assert set(socket.says("dance")["errors"]) == {"type"}
        for text in ("no JSON", "", '{"type": "typing", "room": 1, "room": 2}'):
            problem = socket.sends(text)
            assert (problem["code"], problem["room"]) == ("malformed_json", None)
        assert (socket.sends("[]")["code"], socket.sends("7")["room"]) == ("validation_failed", None)

    def test_an_outsider_gets_the_problem_of_the_same_request(self, ann: Person, bob: Person) -> None:
        public, private = ann.makes_room("Public"), ann.makes_room("Private", private=True)
        ann.says("hi", in_=public)
        socket = Socket(bob)
        for room_id in (public["id"], private["id"], NOWHERE):
            expected = bob.posts("/api/chat/messages/", room=room_id, content="hi").body
            for type_, fields in (("message", {"content": "hi"}), ("read", {"seq": 1}), ("typing", {})):
                problem = socket.says(type_, room=room_id, **fields)
                same = {name: problem[name] for name in ("status", "code", "detail", "title")}
                assert same == {name: expected[name] for name in same}
                assert (problem["type"], problem["room"]) == ("problem", room_id)

    @on_one_database
    def test_frames_obey_blocks_and_the_policy_of_a_room(self, ann: Person, bob: Person) -> None:
        news, slow = ann.makes_room("News", with_=[bob], write="moderators"), ann.makes_room("Slow", cooldown=60)
        bob.joins(slow)
        chat = ann.chats_with(bob)
        assert ann.posts(f"/api/chat/users/{bob.id}/block/").status == 204
        of_ann, of_bob = Socket(ann), Socket(bob)
        refused = [
            (of_bob, news, "announcements_only"),
            (of_bob, chat, "cannot_message"),
            (of_ann, chat, "you_blocked"),
        ]
        for socket, room, code in refused:
            for type_, fields in (("message", {"content": "hi"}), ("typing", {})):
                problem = socket.says(type_, room=room["id"], **fields)
                assert (problem["status"], problem["code"], problem["room"]) == (403, code, room["id"])
            assert socket.says("read", room=room["id"], seq=0)["type"] == "ack"
        assert of_bob.says("message", room=slow["id"], content="first", client_id="1")["type"] == "ack"
        problem = of_bob.says("message", room=slow["id"], content="second")
        assert (problem["status"], problem["code"], problem["retry_after"]) == (429, "cooldown", 60)
        assert of_bob.says("message", room=slow["id"], content="first", client_id="1")["type"] == "ack"

    def test_a_socket_serves_rooms_that_its_user_joins_and_leaves(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room()
        socket = Socket(bob)
        assert socket.says("message", room=room["id"], content="hi")["code"] == "not_a_participant"
        bob.joins(room)
        assert socket.says("message", room=room["id"], content="hi")["type"] == "ack"
        bob.leaves(room)
        assert socket.says("message", room=room["id"], content="hi")["code"] == "not_a_participant"

    def test_a_frame_of_an_ended_session_ends_the_socket(self, ann: Person) -> None:
        room = ann.makes_room()
        socket = Socket(ann)
        ann.posts("/api/auth/logout/")
        problem = socket.says("typing", room=room["id"])
        assert (problem["status"], problem["room"], socket.has_ended) == (401, room["id"], True)


@pytest.mark.parametrize("is_of_one_room", [True, False], ids=["one room", "all rooms"])
@on_one_database
def test_a_frame_mentions_people_by_id(ann: Person, bob: Person, *, is_of_one_room: bool) -> None:
    room = ann.makes_room(with_=[bob])
    carl = ann.chat.person("carl")
    socket = Socket(ann, room if is_of_one_room else None)
    named = {} if is_of_one_room else {"room": room["id"]}
    ack = socket.says("message", content="hi", client_id="1", mention_ids=[bob.id, ann.id], **named)
    assert [user["id"] for user in ack["message"]["mentions"]] == [bob.id]
    assert bob.looks_at(room)["unread_mentions"] == 1
    assert socket.says("message", content="hi", client_id="1", mention_ids=[bob.id], **named) == ack
    for wrong in ([carl.id], ["x"], [bob.id] * 51, "bob"):
        problem = socket.says("message", content=" ", mention_ids=wrong, **named)
        assert (problem["status"], set(problem["errors"])) == (400, {"content", "mention_ids"}), wrong
    assert set(socket.says("read", seq=1, mention_ids=[bob.id], **named)["errors"]) == {"mention_ids"}


class TestOneRoom:
    @on_one_database
    def test_frames_and_answers_do_not_name_the_room(self, ann: Person) -> None:
        room = ann.makes_room()
        socket = Socket(ann, room)
        ack = socket.says("message", content="hi")
        assert (set(ack), ack["message"]["room"]) == ({"type", "client_id", "message"}, room["id"])
        assert socket.says("typing") == {"type": "ack", "client_id": None}
        problem = socket.says("typing", room=room["id"])
        assert (set(problem["errors"]), "room" in problem) == ({"room"}, False)
