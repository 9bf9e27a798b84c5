"""Requests as clients of all kinds write them: content types, compression, byte order marks, numbers, null, headers.

test_parsing.py runs the whole matrix on the parser; this module sends examples of each class to the routes.
"""

import gzip
import json
from io import BytesIO
from typing import Any

import pytest

from api.client import Chat, Person
from api.conftest import Stage, on_each_database, on_one_database
from api.document import path_of
from api.routes import ROUTES, WITH_BODY, Route
from minichat.api.policy import policy_of

pytestmark = on_one_database

ROOMS = "/api/chat/rooms/"
MESSAGES = "/api/chat/messages/"
READING_NO_BODY = {
    "DELETE /api/auth/profile/avatar/",
    "DELETE /api/auth/sessions/",
    "DELETE /api/auth/sessions/{session_id}/",
    "POST /api/auth/email/resend/",
    "POST /api/chat/rooms/{room_id}/typing/",
    "DELETE /api/chat/rooms/{room_id}/participants/{user_id}/",
    "DELETE /api/chat/rooms/{room_id}/bans/{user_id}/",
    "DELETE /api/chat/rooms/{room_id}/invites/{invite_id}/",
    "POST /api/chat/events/ticket/",
    "DELETE /api/chat/messages/{message_id}/",
    "PUT /api/chat/messages/{message_id}/reactions/{emoji}/",
    "DELETE /api/chat/messages/{message_id}/reactions/{emoji}/",
    "PUT /api/chat/messages/{message_id}/pin/",
    "DELETE /api/chat/messages/{message_id}/pin/",
    "POST /api/chat/users/{user_id}/block/",
    "DELETE /api/chat/users/{user_id}/block/",
}
"""The routes that minichat added, which change something and read no body."""
OF_THE_ORIGINAL = {
    "DELETE /api/chat/rooms/{room_id}/",
    "POST /api/chat/rooms/{room_id}/join/",
    "POST /api/chat/rooms/{room_id}/leave/",
}
"""The routes of the Django service that read no body, to which its clients may send one."""
UNREAD_BODIES: list[tuple[bytes, set[str]]] = [
    (b'{"ban": true}', {"ban"}),
    (b'{"a": 1, "b": null}', {"a", "b"}),
    (b'\xef\xbb\xbf{"ban": true}', {"ban"}),
    (b"[]", set()),
    (b"null", set()),
    (b'"x"', set()),
    (b"ban=true", set()),
    (b"{", set()),
    (b" ", set()),
    (gzip.compress(b"{}"), set()),
]


@pytest.fixture
def ann(chat: Chat) -> Person:
    return chat.person("ann")


class TestContentTypes:
    @pytest.mark.parametrize(
        "content_type",
        [
            "application/json",
            "APPLICATION/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=UTF8",
            'application/json; charset="utf8"',
            "application/json; charset=latin-1",
            "application/json; charset=utf-16",
            "application/json; charset=nonsense",
            "application/json; version=1; charset=cp1251",
            "application/json;",
            "application/json; charset",
        ],
    )
    def test_the_parameters_of_a_content_type_have_no_effect(self, ann: Person, content_type: str) -> None:
        body = '{"name": "Кухня"}'.encode()
        answer = ann.sends("POST", ROOMS, data=body, headers={"Content-Type": content_type})
        assert (answer.status, answer.body["name"]) == (201, "Кухня")

    def test_a_body_in_the_charset_that_it_declares_is_utf_8_nevertheless(self, ann: Person) -> None:
        body = '{"name": "Кухня"}'.encode("cp1251")
        answer = ann.sends("POST", ROOMS, data=body, headers={"Content-Type": "application/json; charset=cp1251"})
        assert (answer.status, answer.code) == (400, "malformed_json")

    @pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n "])
    def test_a_leading_byte_order_mark_is_skipped(self, ann: Person, mark: bytes) -> None:
        answer = ann.sends("POST", ROOMS, data=mark + b'{"name": "x"}', content_type="application/json")
        assert (answer.status, answer.body["name"]) == (201, "x")

    def test_a_body_of_a_byte_order_mark_only_is_empty(self, ann: Person) -> None:
        answer = ann.sends("PATCH", "/api/auth/profile/", data=b"\xef\xbb\xbf", content_type="text/plain")
        assert answer.status == 200


class TestContentEncodings:
    @pytest.mark.parametrize("route", WITH_BODY, ids=str)
    def test_a_compressed_body_is_415_on_every_route_that_reads_one(self, chat: Chat, route: Route) -> None:
        ann = chat.person("ann")
        body = gzip.compress(json.dumps({"name": "x"}).encode())
        path = route.path.format(room=1, other=1, message=1, invite=1)
        answer = ann.sends(
            route.method, path, data=body, content_type="application/json", headers={"Content-Encoding": "gzip"}
        )
        assert (answer.status, answer.code) == (415, "unsupported_encoding")
        assert answer.headers["Accept-Encoding"] == "identity"

    @pytest.mark.parametrize(
        "coding", ["gzip", "x-gzip", "GZIP", "deflate", "br", "zstd", "identity, gzip", "nonsense"]
    )
    def test_every_coding_but_identity_is_415(self, ann: Person, coding: str) -> None:
        headers = {"Content-Encoding": coding}
        assert ann.sends("POST", ROOMS, json={"name": "x"}, headers=headers).code == "unsupported_encoding"

    @pytest.mark.parametrize("coding", ["identity", "IDENTITY", "", "identity, identity"])
    def test_the_identity_coding_is_read(self, ann: Person, coding: str) -> None:
        assert ann.sends("POST", ROOMS, json={"name": "x"}, headers={"Content-Encoding": coding}).status == 201

    def test_a_compressed_form_is_415(self, ann: Person) -> None:
        form = {"file": (BytesIO(b"x"), "x.png")}
        answer = ann.sends("PUT", "/api/auth/profile/avatar/", data=form, headers={"Content-Encoding": "gzip"})
        assert (answer.status, answer.code) == (415, "unsupported_encoding")

    def test_an_empty_body_needs_neither_a_type_nor_a_coding(self, ann: Person) -> None:
        headers = {"Content-Encoding": "gzip", "Content-Type": "text/plain"}
        assert ann.sends("PATCH", "/api/auth/profile/", data=b"", headers=headers).status == 200


class TestValues:
    def test_null_in_an_optional_field_changes_nothing(self, ann: Person) -> None:
        ann.patches("/api/auth/profile/", first_name="Ann", last_name="Lee")
        answer = ann.puts("/api/auth/profile/", first_name=None, last_name="Ray", email=None, avatar=None)
        assert answer.status == 200, answer
        assert (answer.body["full_name"], answer.body["email"]) == ("Ann Ray", ann.email)
        room = ann.posts(ROOMS, name="Kitchen", description=None, is_private=None, participants=None)
        assert (room.status, room.body["is_private"]) == (201, False)
        assert ann.patches(f"{ROOMS}{room.body['id']}/", name=None).body["name"] == "Kitchen"

    def test_a_registration_with_null_in_every_optional_field_succeeds(self, chat: Chat) -> None:
        optional = dict.fromkeys(("password_confirm", "email", "first_name", "last_name"))
        answer = chat.anyone.posts("/api/auth/register/", username="eve", password="correct horse battery", **optional)
        assert answer.status == 201, answer

    @on_each_database
    @pytest.mark.parametrize("notation", ["{}.0", "{}e0", "{}0e-1", "{}.00"])
    def test_a_whole_number_may_be_written_with_a_fraction_or_an_exponent(self, chat: Chat, notation: str) -> None:
        ann = chat.person("ann")
        room = ann.makes_room()
        first = ann.says("hello", in_=room)
        body = f'{{"room": {notation}, "content": "again", "reply_to": {notation}}}'.replace(
            "{}", str(room["id"]), 1
        ).replace("{}", str(first["id"]), 1)
        answer = ann.sends("POST", MESSAGES, data=body, content_type="application/json")
        assert (answer.status, answer.body["reply_to"]) == (201, first["id"])

    @pytest.mark.parametrize(
        "path",
        [
            "/api/auth/users/?cursor=&limit=",
            "/api/auth/sessions/?cursor=",
            "/api/chat/rooms/?scope=&cursor=&limit=",
            "/api/chat/messages/?room=&before=&after=&around=",
            "/api/chat/sync/?after=&timeout=&limit=",
            "/api/chat/events/?after=&ticket=",
        ],
    )
    def test_an_empty_parameter_changes_nothing(self, ann: Person, path: str) -> None:
        assert ann.sends("GET", path).status == 200

    @pytest.mark.parametrize(
        "path",
        [
            "/api/chat/rooms/?_=1441835249458",
            "/api/auth/users/?limit=5&_=1441835249458",
            "/api/auth/search/?q=ann&_=1441835249458",
            "/api/chat/messages/?_=",
            "/api/chat/sync/?_=1&_=2",
            "/api/chat/events/?_=1441835249458",
            "/api/auth/me/?_=%ff",
        ],
    )
    def test_the_value_that_jquery_adds_against_caches_changes_nothing(self, ann: Person, path: str) -> None:
        assert ann.sends("GET", path).status == 200

    @pytest.mark.parametrize("name", ["__", "_t", "surprise"])
    def test_any_other_unknown_parameter_is_named(self, ann: Person, name: str) -> None:
        answer = ann.sends("GET", f"/api/chat/rooms/?_=1&{name}=2")
        assert (answer.status, set(answer.body["errors"])) == (400, {name})

    def test_a_link_to_the_next_page_can_get_another_value_against_caches(self, ann: Person) -> None:
        for name in ("Kitchen", "Garden"):
            ann.makes_room(name)
        link = ann.sends("GET", "/api/chat/rooms/?limit=1&_=5").headers["Link"]
        path = link[link.index("/api/") : link.index(">")]
        assert [room["name"] for room in ann.sends("GET", f"{path}&_=6").body] == ["Kitchen"]

    def test_an_empty_ticket_is_no_ticket(self, chat: Chat) -> None:
        assert chat.anyone.sends("GET", "/api/chat/events/?ticket=").code == "not_authenticated"

    def test_an_object_can_be_sent_back_as_it_was_read(self, ann: Person) -> None:
        room = ann.makes_room("Kitchen")
        message = ann.says("hello", in_=room)
        assert ann.sends("PUT", f"{ROOMS}{room['id']}/", json=ann.looks_at(room)).status == 200
        assert ann.sends("PATCH", f"{MESSAGES}{message['id']}/", json=message).status == 200
        odd = {**room, "id": None, "role": 5, "last_message": [], "created_at": {}}
        assert ann.sends("PUT", f"{ROOMS}{room['id']}/", json=odd).status == 200


class TestUnreadBodies:
    """The bodies of requests to routes that read none."""

    def test_every_route_that_reads_no_body_refuses_or_ignores_one(self, stage: Stage) -> None:
        reading = {f"{route.method} {route.template}" for route in ROUTES if route.body or route.files}
        found: dict[bool, set[str]] = {True: set(), False: set()}
        for rule in stage.app.url_map.iter_rules():
            for method in {"POST", "PUT", "PATCH", "DELETE"} & (rule.methods or set()):
                name = f"{method} {path_of(rule)}"
                if name not in reading and not rule.rule.startswith("/admin"):
                    found[policy_of(stage.app, rule.endpoint).ignores_body].add(name)
        assert found == {True: OF_THE_ORIGINAL, False: READING_NO_BODY}

    @pytest.mark.parametrize("name", sorted(READING_NO_BODY))
    def test_an_added_route_refuses_a_body_that_it_does_not_read(self, chat: Chat, name: str) -> None:
        ann = chat.person("ann")
        method, _, path = name.partition(" ")
        path = path.format(room_id=1, user_id=2, session_id=1, message_id=1, invite_id=1, emoji="👍")
        for body, fields in UNREAD_BODIES:
            answer = ann.sends(method, path, data=body, content_type="application/json")
            code = "validation_failed" if fields else "unexpected_body"
            assert (answer.status, answer.code, set(answer.errors)) == (400, code, fields), body
        for body in (b"", b"{}", b" { } ", b"\xef\xbb\xbf"):
            assert ann.sends(method, path, data=body, content_type="text/plain").status != 400, body

    def test_a_ban_in_the_body_of_a_removal_removes_nobody(self, chat: Chat) -> None:
        ann, bob = chat.people("ann", "bob")
        room = ann.makes_room(with_=[bob])
        path = f"{ROOMS}{room['id']}/participants/{bob.id}/"
        answer = ann.sends("DELETE", path, json={"ban": True})
        assert (answer.status, answer.errors) == (400, {"ban": ["Unknown field."]})
        assert ann.looks_at(room)["participants_count"] == 2
        assert ann.sends("DELETE", f"{path}?ban=true", json={}).status == 204

    def test_a_wrong_query_and_an_unread_body_are_named_together(self, chat: Chat) -> None:
        ann = chat.person("ann")
        answer = ann.sends("DELETE", f"{ROOMS}1/participants/1/?ban=maybe&why=1", json={"ban": True, "reason": "x"})
        assert (answer.status, set(answer.errors)) == (400, {"ban", "why", "reason"})

    @pytest.mark.parametrize("name", sorted(OF_THE_ORIGINAL))
    def test_a_route_of_the_original_ignores_a_body_that_it_does_not_read(self, chat: Chat, name: str) -> None:
        for number, (body, _) in enumerate(UNREAD_BODIES):
            room = chat.person(f"user{number}").makes_room()
            owner = chat.person(f"owner{number}")
            method, _, path = name.partition(" ")
            sender = owner if "join" in name else chat.person(f"guest{number}")
            if "DELETE" in name:
                room, sender = owner.makes_room(), owner
            answer = sender.sends(method, path.format(room_id=room["id"]), data=body, content_type="text/plain")
            assert answer.status in {200, 204}, answer

    def test_a_get_ignores_its_body(self, ann: Person) -> None:
        for body, _ in UNREAD_BODIES:
            assert ann.sends("GET", "/api/auth/me/", data=body, content_type="application/json").status == 200


class TestHeaders:
    @pytest.mark.parametrize(
        ("sent", "shown"),
        [
            ("Чат/2.1 (Кухня)".encode(), "Чат/2.1 (Кухня)"),
            ("Café 🍲".encode(), "Café 🍲"),
            (b"Caf\xe9/1.0", "Café/1.0"),
            (b"a\xff\xfeb", "aÿþb"),
            (b"\xed\xa0\x80x", "í\xa0x"),
            (b"curl/8.5.0", "curl/8.5.0"),
            (b"a\x01b\x7fc\x1b[31m", "abc[31m"),
            ("a\u0085b".encode(), "ab"),
            ("я".encode() * 500, "я" * 400),
            (b"x" * 5_000, "x" * 400),
        ],
        ids=lambda value: ascii(value)[:24],
    )
    @on_each_database
    def test_a_user_agent_is_shown_as_it_was_sent(self, chat: Chat, sent: bytes, shown: str) -> None:
        chat.person("ann")
        form = {"username": "ann", "password": "correct horse battery"}
        answer = chat.anyone.sends(
            "POST", "/api/auth/login/", json=form, headers={"User-Agent": sent.decode("latin-1")}
        )
        ann = Person(chat, answer.body["user"], answer.body["tokens"])
        assert ann.gets("/api/auth/sessions/").body[0]["user_agent"] == shown

    @pytest.mark.parametrize(
        ("header", "client_id"),
        [('"b7d1"', "b7d1"), ("b7d1", "b7d1"), ('"b7d1";v=1', "b7d1"), (r'"a\"b"', 'a"b'), ('"ключ"', "ключ")],
    )
    def test_the_quotes_of_an_idempotency_key_are_not_part_of_it(
        self, ann: Person, header: str, client_id: str
    ) -> None:
        form: dict[str, Any] = {"room": ann.makes_room()["id"], "content": "hello"}
        headers = {"Idempotency-Key": header.encode().decode("latin-1")}
        first = ann.sends("POST", MESSAGES, json=form, headers=headers)
        assert (first.status, first.body["client_id"]) == (201, client_id)
        again = ann.sends("POST", MESSAGES, json={**form, "client_id": client_id})
        assert (again.status, again.body["id"]) == (200, first.body["id"])

    @pytest.mark.parametrize("header", ['"b7d1"', "b7d1"])
    def test_a_key_in_the_header_and_in_the_body_must_agree(self, ann: Person, header: str) -> None:
        form: dict[str, Any] = {"room": ann.makes_room()["id"], "content": "hello"}
        headers = {"Idempotency-Key": header}
        assert ann.sends("POST", MESSAGES, json={**form, "client_id": "b7d1"}, headers=headers).status == 201
        assert ann.sends("POST", MESSAGES, json={**form, "client_id": None}, headers=headers).status == 200
        answer = ann.sends("POST", MESSAGES, json={**form, "client_id": "other"}, headers=headers)
        assert (answer.status, set(answer.errors)) == (400, {"client_id"})

    def test_a_key_agrees_with_its_other_normal_form(self, ann: Person) -> None:
        form = {"room": ann.makes_room()["id"], "content": "hello", "client_id": "e\u0301"}
        headers = {"Idempotency-Key": "é".encode().decode("latin-1")}
        answer = ann.sends("POST", MESSAGES, json=form, headers=headers)
        assert (answer.status, answer.body["client_id"]) == (201, "é")

    @pytest.mark.parametrize("header", ['""', '"', '"b7d1', '" "', f'"{"x" * 65}"', "x" * 65, '"b7"d1'])
    def test_a_wrong_idempotency_key_is_refused_by_its_name(self, ann: Person, header: str) -> None:
        form = {"room": ann.makes_room()["id"], "content": "hello"}
        answer = ann.sends("POST", MESSAGES, json=form, headers={"Idempotency-Key": header})
        assert (answer.status, set(answer.errors)) == (400, {"Idempotency-Key"})

    def test_a_quoted_key_of_64_characters_is_accepted(self, ann: Person) -> None:
        form = {"room": ann.makes_room()["id"], "content": "hello"}
        answer = ann.sends("POST", MESSAGES, json=form, headers={"Idempotency-Key": f'"{"x" * 64}"'})
        assert (answer.status, answer.body["client_id"]) == (201, "x" * 64)
