"""Bad input of every class on every route: 400, 404, 413 or 415 with a code, never 500; nothing changes (I1–I7).

Each route gets one or two examples of each class; test_parsing.py runs all of them on the parser. The server refuses
most of this input before any SQL, so one database is enough. Input that reaches SQL runs on both.
"""

import json
import time
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote

import pytest

from api.client import Answer, Chat
from api.conftest import Stages, on_each_database, on_one_database
from api.hostile import (
    FORGED_CURSORS,
    MALFORMED_JSON,
    MAX_ID,
    NOT_IDS,
    NOT_IDS_IN_A_PATH,
    NOT_IDS_IN_A_QUERY,
    NOT_OBJECTS,
    OTHER_CONTENT_TYPES,
    UNKNOWN_FIELDS,
    UNKNOWN_PARAMETERS,
    WRONG_LIMITS,
    WRONG_TYPES,
    all_of,
    cursor,
    one_of_each,
    shown,
)
from api.routes import PUBLIC, ROUTES, WITH_BODY, WITH_QUERY, WITH_ROOM, Route, filled

KIB_256 = 256 * 1024

pytestmark = on_one_database

NAMED = {str(route): route for route in ROUTES}
SENDING = NAMED["POST /api/chat/messages/"]
LISTING_PEOPLE = NAMED["GET /api/auth/users/"]
HISTORY = NAMED["GET /api/chat/rooms/{room}/history/"]


def on_each(routes: list[Route], examples: list[Any], one: Route) -> list[Any]:
    """Return pairs of a route and an example: the first two examples for each route, all of them for `one`."""
    return [
        pytest.param(route, example, id=f"{route} {shown(example)}")
        for route in routes
        for example in (examples if route is one else examples[:2])
    ]


each_body = pytest.mark.parametrize("route", WITH_BODY, ids=str)
each_query = pytest.mark.parametrize("route", WITH_QUERY, ids=str)


def needed_query(route: Route) -> str:
    """Return the start of a route's query, with its required parameters."""
    return "q=bob&" if "q" in route.query else ""


class Scene:
    """Ann in a room with Bob and a message, and a check that nothing of it changes."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.ann, self.bob = chat.people("ann", "bob")
        self.room = self.ann.makes_room("Kitchen", with_=[self.bob])
        self.message = self.ann.says("hello", in_=self.room)
        self.places = {
            "room": self.room["id"],
            "other": self.bob.id,
            "message": self.message["id"],
            "refresh": self.ann.refresh,
            "session": self.ann.session_id,
            **self.ann.invitation_to(self.room),
        }
        self.before = self.stored()
        self._unchanged_after: int | None = None

    def is_unchanged(self) -> bool:
        """Return whether all stored rows are as before. Look again only after another request."""
        if self._unchanged_after != self.chat.requests and self.stored() == self.before:
            self._unchanged_after = self.chat.requests
        return self._unchanged_after == self.chat.requests

    def stored(self) -> object:
        """Return all stored rows, without the attempt counts."""
        return self.chat.dump(without=("audit", "attempt"))

    def path(self, route: Route) -> str:
        return route.path.format(**self.places)

    def body(self, route: Route) -> dict[str, Any]:
        return dict(filled(route.body, **self.places))

    def needed_fields(self, route: Route) -> set[str]:
        """The fields that the OpenAPI document requires in the body."""
        document = self.chat.document.document
        operation = document["paths"][route.template][route.method.lower()]
        name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        return set(document["components"]["schemas"][name].get("required", []))

    def sends(self, route: Route, **kwargs: Any) -> Answer:
        """Send as Ann, as Bob what is for others, or without a token to a public route."""
        if route.path in PUBLIC:
            return self.chat.anyone.sends(route.method, self.path(route), **kwargs)
        return (self.bob if route.is_for_others else self.ann).sends(route.method, self.path(route), **kwargs)

    def refused(self, answer: Answer, status: int, code: str, fields: set[str] | None = None) -> None:
        assert (answer.status, answer.code) == (status, code), answer
        assert fields is None or set(answer.errors) == fields, answer
        assert self.is_unchanged(), "a refused request has changed something"


@pytest.fixture(scope="module")
def scenes(stages: Stages, kind: str) -> list[Scene]:
    """A scene for the whole module: refused requests change nothing, so many tests can share it."""
    return [Scene(stages.new(kind).chat())]


@pytest.fixture
def scene(scenes: list[Scene]) -> Iterator[Scene]:
    (scene,) = scenes
    yield scene
    if not scene.is_unchanged():  # by a request that was accepted, or by a failed test
        scenes[0] = Scene(scene.chat.again())


# Bodies


@pytest.mark.parametrize(
    ("route", "raw"),
    [
        pytest.param(route, raw, id=f"{route} {shown(raw)}")
        for route in WITH_BODY
        for raw in (all_of(MALFORMED_JSON) if route is SENDING else one_of_each(MALFORMED_JSON))
    ],
)
def test_malformed_json_is_refused(scene: Scene, route: Route, raw: bytes) -> None:
    scene.refused(scene.sends(route, data=raw, content_type="application/json"), 400, "malformed_json")


@each_body
def test_an_empty_body_is_an_empty_object(scene: Scene, route: Route) -> None:
    answer = scene.sends(route, data=b"", content_type="application/json")
    # An edit of a message needs its content or `mention_ids`, and a request for a new password one of its fields.
    needed = {
        "/api/chat/messages/{message_id}/": {"content"},
        "/api/auth/password-reset/": {"username", "email"},
    }.get(route.template) or scene.needed_fields(route)
    if needed:
        scene.refused(answer, 400, "validation_failed", needed)
    else:
        assert answer.status in {200, 201}


@pytest.mark.parametrize(("route", "value"), on_each(WITH_BODY, NOT_OBJECTS, SENDING))
def test_a_body_that_is_no_object_is_refused(scene: Scene, route: Route, value: object) -> None:
    answer = scene.sends(route, data=json.dumps(value), content_type="application/json")
    scene.refused(answer, 400, "validation_failed")


@pytest.mark.parametrize(("route", "content_type"), on_each(WITH_BODY, OTHER_CONTENT_TYPES, SENDING))
def test_another_content_type_is_refused(scene: Scene, route: Route, content_type: str | None) -> None:
    body = json.dumps(scene.body(route))
    headers = {} if content_type is None else {"Content-Type": content_type}
    scene.refused(scene.sends(route, data=body, headers=headers), 415, "unsupported_media_type")


@each_body
def test_a_body_over_256_kib_is_refused(scene: Scene, route: Route) -> None:
    padding = b" " * (KIB_256 + 1)
    scene.refused(scene.sends(route, data=padding, content_type="application/json"), 413, "payload_too_large")
    scene.refused(scene.sends(route, data=padding, content_type="text/plain"), 413, "payload_too_large")


@each_body
def test_a_body_over_256_kib_in_chunks_is_refused(scene: Scene, route: Route) -> None:
    # As gunicorn passes it on: without a length, as a stream that ends.
    environ = {
        "wsgi.input": BytesIO(b" " * (KIB_256 + 1)),
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
    }
    answer = scene.sends(route, content_type="application/json", environ_overrides=environ)
    scene.refused(answer, 413, "payload_too_large")


class Unread(BytesIO):
    """A body that the server must not read."""

    def read(self, *_: object) -> bytes:
        raise AssertionError("the body was read")

    def readline(self, *_: object) -> bytes:
        return self.read()

    def readinto(self, *_: object) -> int:
        return len(self.read())


@each_body
def test_a_body_with_a_large_content_length_is_refused_unread(scene: Scene, route: Route) -> None:
    environ = {"wsgi.input": Unread(), "CONTENT_LENGTH": f"{10**9}"}
    answer = scene.sends(route, content_type="application/json", environ_overrides=environ)
    scene.refused(answer, 413, "payload_too_large")


@each_body
def test_a_chunked_body_is_read_no_further_than_the_limit(scene: Scene, route: Route) -> None:
    stream = BytesIO(b" " * (10 * 2**20))
    environ = {"wsgi.input": stream, "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    answer = scene.sends(route, content_type="application/json", environ_overrides=environ)
    scene.refused(answer, 413, "payload_too_large")
    assert stream.tell() < 2**20


def test_a_body_of_256_kib_is_read(chat: Chat) -> None:
    body = b'{"name": "Kitchen"}'
    ann = chat.person("ann")
    for size, status in ((KIB_256, 201), (KIB_256 + 1, 413)):
        answer = ann.sends("POST", "/api/chat/rooms/", data=body.ljust(size), content_type="application/json")
        assert answer.status == status


@pytest.mark.parametrize(("route", "name"), on_each(WITH_BODY, UNKNOWN_FIELDS, SENDING))
def test_an_unknown_field_is_refused_by_name(scene: Scene, route: Route, name: str) -> None:
    answer = scene.sends(route, json={**scene.body(route), name: 1})
    scene.refused(answer, 400, "validation_failed", {name})


def is_of_the_type(value: object, example: object) -> bool:
    """Return whether a field with this example may hold the value."""
    return isinstance(value, bool) and isinstance(example, bool)


TOKENS = frozenset({"refresh", "token", "invite"})


def is_text(field: str, example: object) -> bool:
    """Return whether the field holds text. Examples in braces stand for ids, except those of tokens."""
    return isinstance(example, str) and (not example.startswith("{") or field in TOKENS)


def is_secret(route: Route, field: str) -> bool:
    """Return whether the server only compares the field: a password, a token, or the name at a log-in or a reset."""
    return "password" in field or field in TOKENS or route.path.endswith(("login/", "password-reset/"))


EACH_FIELD = [(route, field, example) for route in WITH_BODY for field, example in (route.body or {}).items()]
TEXTS = [(route, field, example) for route, field, example in EACH_FIELD if is_text(field, example)]
NO_TEXTS = [(route, field, example) for route, field, example in EACH_FIELD if not is_text(field, example)]
SECRETS = [(route, field, example) for route, field, example in TEXTS if is_secret(route, field)]
OTHER_TEXTS = [(route, field, example) for route, field, example in TEXTS if not is_secret(route, field)]
TOO_LONG = "x" * 5_000


def named(route: Route, field: str, value: object) -> Any:
    """Return the parameters of a test with a field of a route and a value, under a readable name."""
    return pytest.param(route, field, value, id=f"{route} {field} {shown(value)}")


@pytest.mark.parametrize(
    ("route", "field", "value"),
    [
        named(route, field, value)
        for route, field, example in EACH_FIELD
        for value in WRONG_TYPES[1:4]
        if not is_of_the_type(value, example)
    ],
)
def test_a_value_of_another_type_is_refused_by_name(scene: Scene, route: Route, field: str, value: object) -> None:
    # The type is checked first: a value that names nothing would be 404, and a bad token 401.
    answer = scene.sends(route, json={**scene.body(route), field: value})
    scene.refused(answer, 400, "validation_failed", {field})


@pytest.mark.parametrize(
    ("route", "field", "text"),
    [named(route, field, text) for route, field, _ in NO_TEXTS for text in ("1", "true", "x\u0000")],
)
def test_a_text_is_not_accepted_as_a_number_flag_or_list(scene: Scene, route: Route, field: str, text: str) -> None:
    answer = scene.sends(route, json={**scene.body(route), field: text})
    scene.refused(answer, 400, "validation_failed", {field})


@pytest.mark.parametrize(
    ("route", "field", "text"),
    [named(route, field, text) for route, field, _ in OTHER_TEXTS for text in ("x\u0000", TOO_LONG)],
)
def test_a_text_with_nul_or_too_long_is_refused_by_name(scene: Scene, route: Route, field: str, text: str) -> None:
    answer = scene.sends(route, json={**scene.body(route), field: text})
    scene.refused(answer, 400, "validation_failed", {field})


@pytest.mark.parametrize(
    ("route", "field"), [pytest.param(route, field, id=f"{route} {field}") for route, field, _ in OTHER_TEXTS]
)
def test_a_broken_rule_is_named_beside_an_unknown_field(scene: Scene, route: Route, field: str) -> None:
    """A field whose service checks it needs the `rules` of its route, and this test finds a field without them."""
    answer = scene.sends(route, json={**scene.body(route), field: "x\u0000", "surprise": 1})
    scene.refused(answer, 400, "validation_failed", {field, "surprise"})


@on_each_database
@pytest.mark.parametrize(
    ("route", "field", "text"),
    [named(route, field, text) for route, field, _ in SECRETS for text in ("x\u0000", TOO_LONG)],
)
def test_an_odd_secret_is_reported_as_a_wrong_secret(scene: Scene, route: Route, field: str, text: str) -> None:
    answer = scene.sends(route, json={**scene.body(route), field: text})
    is_of_account = "/password-reset/" in route.path or "/email/" in route.path
    expected = 404 if field in {"token", "invite"} and not is_of_account else 401 if field == "refresh" else None
    assert answer.status == (expected or answer.status)
    assert answer.status in {202, 400, 401, 404}, answer
    assert scene.is_unchanged()


ID_FIELDS = [
    pytest.param(route, field, value, id=f"{route} {field} {shown(value)}")
    for route, field, example in EACH_FIELD
    if example in ("{room}", "{other}", "{message}")
    for value in (NOT_IDS if (route, field) == (SENDING, "room") else NOT_IDS[:3])
]


@pytest.mark.parametrize(("route", "field", "value"), ID_FIELDS)
def test_a_value_that_is_no_id_is_refused_by_name(scene: Scene, route: Route, field: str, value: object) -> None:
    scene.refused(scene.sends(route, json={**scene.body(route), field: value}), 400, "validation_failed", {field})


@pytest.mark.parametrize("value", [*NOT_IDS, None, [2]], ids=shown)
def test_a_list_of_ids_with_a_wrong_one_is_refused_by_name(scene: Scene, value: object) -> None:
    answer = scene.ann.posts("/api/chat/rooms/", name="x", participants=[scene.bob.id, value])
    scene.refused(answer, 400, "validation_failed", {"participants"})


@pytest.mark.parametrize("seq", [-1, MAX_ID + 1, 1.5, True, "1", None, 10**40])
def test_a_seq_is_a_whole_number_from_0(scene: Scene, seq: object) -> None:
    answer = scene.ann.posts(f"/api/chat/rooms/{scene.room['id']}/read/", seq=seq)
    scene.refused(answer, 400, "validation_failed", {"seq"})


@each_body
def test_a_missing_field_and_a_required_field_that_is_null_are_named(scene: Scene, route: Route) -> None:
    for field in scene.needed_fields(route):
        body = scene.body(route)
        scene.refused(scene.sends(route, json={**body, field: None}), 400, "validation_failed", {field})
        del body[field]
        scene.refused(scene.sends(route, json=body), 400, "validation_failed", {field})


@each_body
def test_the_request_in_the_table_of_routes_succeeds(chat: Chat, route: Route) -> None:
    """This shows that the requests above are refused for the right reason."""
    scene = Scene(chat)
    assert scene.sends(route, json=scene.body(route)).status in {200, 201, 202, 204}


# Queries


@pytest.mark.parametrize(("route", "limit"), on_each(WITH_QUERY, WRONG_LIMITS, LISTING_PEOPLE))
def test_a_limit_is_digits_from_1_to_200(scene: Scene, route: Route, limit: str) -> None:
    answer = scene.ann.sends("GET", f"{scene.path(route)}?{needed_query(route)}limit={limit}")
    scene.refused(answer, 400, "validation_failed", {"limit"})


@on_each_database
@each_query
@pytest.mark.parametrize("limit", ["1", "200", "050"])
def test_a_limit_within_its_bounds_is_accepted(scene: Scene, route: Route, limit: str) -> None:
    query = f"?{needed_query(route)}limit={limit}" + "&mark_read=false" * ("mark_read" in route.query)
    assert scene.ann.sends("GET", scene.path(route) + query).status == 200


@each_query
def test_a_repeated_parameter_is_refused_by_name(scene: Scene, route: Route) -> None:
    for name in route.query:
        needed = "" if name == "q" else needed_query(route)
        answer = scene.ann.sends("GET", f"{scene.path(route)}?{needed}{name}=1&{name}=1")
        scene.refused(answer, 400, "validation_failed", {name})


@pytest.mark.parametrize(("route", "name"), on_each(WITH_QUERY, UNKNOWN_PARAMETERS, LISTING_PEOPLE))
def test_an_unknown_parameter_is_refused_by_name(scene: Scene, route: Route, name: str) -> None:
    answer = scene.ann.sends("GET", f"{scene.path(route)}?{needed_query(route)}{name}=1")
    scene.refused(answer, 400, "validation_failed", {unquote(name)})


MESSAGE_IDS = [
    pytest.param(route, name, value, id=f"{route} {name} {shown(value)}")
    for route in WITH_QUERY
    for name in ("before", "after", "around", "room")
    if name in route.query and "around" in route.query  # the other lists are paged by cursors
    for value in (NOT_IDS_IN_A_QUERY if (route, name) == (HISTORY, "before") else NOT_IDS_IN_A_QUERY[:3])
]


@pytest.mark.parametrize(("route", "name", "value"), MESSAGE_IDS)
def test_a_query_with_a_wrong_id_is_refused_by_name(scene: Scene, route: Route, name: str, value: str) -> None:
    answer = scene.ann.sends("GET", f"{scene.path(route)}?{name}={value}")
    scene.refused(answer, 400, "validation_failed", {name})


@pytest.mark.parametrize("raw", ["%FF", "%C0%80", "%ED%A0%80", "a%E2%82", "%FF%FE%61%00"])
def test_a_query_is_utf_8(scene: Scene, raw: str) -> None:
    scene.refused(scene.ann.sends("GET", f"/api/auth/search/?q={raw}"), 400, "validation_failed", {"q"})
    scene.refused(scene.ann.sends("GET", f"/api/auth/users/?cursor={raw}"), 400, "validation_failed", {"cursor"})
    assert scene.ann.sends("GET", "/api/auth/search/?q=%EF%BF%BD").status == 200


@each_query
@pytest.mark.parametrize("raw", ["\xff", "\xed\xa0\x80"], ids=ascii)
def test_a_query_with_raw_bytes_is_utf_8_too(scene: Scene, route: Route, raw: str) -> None:
    for query in (f"limit={raw}", f"{raw}=1", f"limit=1&{raw}"):
        answer = scene.sends(route, environ_overrides={"QUERY_STRING": query})
        scene.refused(answer, 400, "validation_failed")
    plain = {"QUERY_STRING": "q=é".encode().decode("latin-1")}
    assert scene.ann.sends("GET", "/api/auth/search/", environ_overrides=plain).status == 200


PAGED = [route for route in WITH_QUERY if "cursor" in route.query]


@pytest.mark.parametrize("route", PAGED, ids=str)
@pytest.mark.parametrize("text", one_of_each(FORGED_CURSORS), ids=shown)
def test_a_forged_cursor_is_refused(scene: Scene, route: Route, text: str) -> None:
    answer = scene.ann.sends("GET", f"{scene.path(route)}?cursor={quote(text)}")
    scene.refused(answer, 400, "validation_failed", {"cursor"})


@on_each_database
@pytest.mark.parametrize("route", PAGED, ids=str)
@pytest.mark.parametrize(
    "key",
    [["x" * 3000], ["\x00"], ["'; DROP TABLE user; --"], [2**63 - 1], [-(2**63) + 1], [2**63 - 1, 2**63 - 1], [0, 0]],
    ids=lambda k: ascii(k)[:24],
)
@pytest.mark.parametrize("direction", ["after", "before"])
def test_a_cursor_with_an_odd_key_leads_to_a_page_or_is_refused(
    scene: Scene, route: Route, key: list[object], direction: str
) -> None:
    answer = scene.ann.sends("GET", f"{scene.path(route)}?cursor={cursor([direction, *key])}")
    assert answer.status in {200, 400}, answer
    assert scene.is_unchanged()


def test_the_cursor_of_another_list_is_refused(chat: Chat) -> None:
    scene = Scene(chat)
    scene.ann.makes_room("Garden")
    scene.ann.invites(scene.room)
    scene.ann.logs_in()
    for stranger in chat.people("cid", "eve"):
        scene.ann.deletes(f"/api/chat/rooms/{scene.room['id']}/participants/{stranger.id}/?ban=true")
        scene.ann.posts(f"/api/chat/users/{stranger.id}/block/")
    for emoji in ("👍", "🎉"):
        scene.ann.puts(f"/api/chat/messages/{scene.message['id']}/reactions/{emoji}/")
    for message in (scene.message, scene.ann.says("again", in_=scene.room)):
        scene.ann.puts(f"/api/chat/messages/{message['id']}/pin/")
    scene.before = scene.stored()
    cursors = {}
    for route in PAGED:
        link = scene.ann.sends("GET", f"{scene.path(route)}?limit=1").link("next")
        assert link is not None
        cursors[route] = link.rpartition("cursor=")[2]
    shapes = {
        **dict.fromkeys(("/api/auth/users/", "/api/chat/online-users/"), "name"),
        **dict.fromkeys(("/api/auth/sessions/", "/api/chat/blocks/"), "id"),
        **{f"/api/chat/rooms/{{room}}/{name}/": "id" for name in ("participants", "bans", "invites", "pins")},
        "/api/chat/messages/{message}/reactions/": "id",
    }
    for route, taken in cursors.items():
        for other in PAGED:
            if shapes.get(route.path, route.path) != shapes.get(other.path, other.path):
                answer = scene.ann.sends("GET", f"{scene.path(other)}?cursor={taken}")
                scene.refused(answer, 400, "validation_failed", {"cursor"})


# Paths


@pytest.mark.parametrize(("route", "room_id"), on_each(WITH_ROOM, NOT_IDS_IN_A_PATH, HISTORY))
def test_a_text_that_is_no_id_in_a_path_is_404(scene: Scene, route: Route, room_id: str) -> None:
    body = {} if route.body is None else {"json": scene.body(route)}
    answer = scene.ann.sends(route.method, route.path.replace("{room}", room_id), **body)
    scene.refused(answer, 404, "room_not_found")


@pytest.mark.parametrize("room_id", ["", "/", "1/2", "%2F", "1//", "1/%2F/"])
def test_a_broken_path_is_404_or_405(scene: Scene, room_id: str) -> None:
    answer = scene.ann.sends("POST", f"/api/chat/rooms/{room_id}/history/x/y/", json={})
    scene.refused(answer, 404, "not_found")


# Headers


@pytest.mark.parametrize(
    "language",
    ["", "*", "x" * 5_000, "en;q=x", ";;;", "\xff", "ru;q=0", "en-GB,en;q=0.9" * 200],
    ids=lambda t: ascii(t)[:16],
)
def test_an_odd_accept_language_changes_no_status(scene: Scene, language: str) -> None:
    answer = scene.ann.sends("GET", "/api/chat/rooms/99/", headers={"Accept-Language": language})
    scene.refused(answer, 404, "room_not_found")


@pytest.mark.parametrize("key", ["", " ", "\t", "x" * 65, "\xff" * 65, "a\x00", "a\x7f"], ids=ascii)
def test_an_odd_idempotency_key_is_refused_by_name(scene: Scene, key: str) -> None:
    form = {"room": scene.room["id"], "content": "hello"}
    answer = scene.ann.sends("POST", "/api/chat/messages/", json=form, headers={"Idempotency-Key": key})
    scene.refused(answer, 400, "validation_failed")
    assert set(answer.errors) <= {"Idempotency-Key", "client_id"}


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "", "x" * 1000])
def test_accept_is_not_negotiated(scene: Scene, accept: str) -> None:
    assert scene.ann.sends("GET", "/api/auth/me/", headers={"Accept": accept}).status == 200


@on_each_database
@pytest.mark.parametrize("agent", ["", "x" * 5_000, "\xff\xfe", "<script>"], ids=lambda t: ascii(t)[:12])
def test_an_odd_user_agent_logs_in(chat: Chat, agent: str) -> None:
    chat.person("ann")
    form = {"username": "ann", "password": "correct horse battery"}
    assert chat.anyone.sends("POST", "/api/auth/login/", json=form, headers={"User-Agent": agent}).status == 200


@pytest.mark.parametrize("field", ["username", "password"])
@pytest.mark.parametrize("route", ["/api/auth/login/", "/api/auth/register/"])
def test_a_text_of_stacked_accents_is_refused_quickly(chat: Chat, route: str, field: str) -> None:
    stacked = "a" + "\u0301" * 60_000 + "\u0327" * 60_000
    form = {"username": "ann", "password": "correct horse battery", field: stacked}
    started = time.perf_counter()
    body = json.dumps(form, ensure_ascii=False).encode()
    answer = chat.anyone.sends("POST", route, data=body, content_type="application/json")
    assert answer.status in {400, 401}
    assert time.perf_counter() - started < 1
