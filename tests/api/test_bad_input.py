"""Input of every wrong kind on every route: 400, 404, 413 or 415 with a code, never 500; nothing changes (I1-I7)."""

import base64
import json
import math
import time
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest

from api.client import Answer, Chat
from api.conftest import MakeDatabase, Stage
from api.routes import PUBLIC, WITH_BODY, WITH_QUERY, WITH_ROOM, Route, filled

MAX_ID = 2**53 - 1
KIB_256 = 256 * 1024

each_body = pytest.mark.parametrize("route", WITH_BODY, ids=str)
each_query = pytest.mark.parametrize("route", WITH_QUERY, ids=str)
each_field = pytest.mark.parametrize(
    ("route", "field"),
    [pytest.param(route, field, id=f"{route} {field}") for route in WITH_BODY for field in route.body or ()],
)


class Scene:
    """Ann in a room with Bob, where something was said; and a check that nothing of it changed."""

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
        }
        self.before = self.stored()

    def stored(self) -> object:
        """Everything but that it was tried."""
        return self.chat.dump(without=("audit", "attempt"))

    def path(self, route: Route) -> str:
        return route.path.format(**self.places)

    def body(self, route: Route) -> dict[str, Any]:
        return dict(filled(route.body, **self.places))

    def sends(self, route: Route, **kwargs: Any) -> Answer:
        """Send as Ann, or as nobody where no token is needed: a body must be judged before any of that matters."""
        if route.path in PUBLIC:
            return self.chat.anyone.sends(route.method, self.path(route), **kwargs)
        return self.ann.sends(route.method, self.path(route), **kwargs)

    def refused(self, answer: Answer, status: int, code: str, fields: set[str] | None = None) -> None:
        assert (answer.status, answer.code) == (status, code), answer
        assert fields is None or set(answer.errors) == fields, answer
        assert self.stored() == self.before, "a refused request has changed something"


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory, kind: MakeDatabase) -> Iterator[list[Scene]]:
    """A stage of this module's own with the scene on it, because nothing may change it: so one serves many tests."""
    stage = Stage(tmp_path_factory.mktemp("bad-input"), kind)
    scenes = [Scene(stage.chat())]
    yield scenes
    stage.close()


@pytest.fixture
def scene(scenes: list[Scene]) -> Iterator[Scene]:
    (scene,) = scenes
    yield scene
    if scene.stored() != scene.before:  # where that is a failure, the test has said so
        scenes[0] = Scene(scene.chat.again())


# Bodies


@each_body
@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"",
        b"nul",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 1} {"b": 2}',
        b'{"a": 1} // comment',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": -1e999}',
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": "\xff"}',
        b'{"a": "\xc0\x80"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\udc00\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"a": "\x00"}',
        b'{"a": "\n"}',
        b'\xef\xbb\xbf{"a": 1}',
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-16-le"),
        '{"a": 1}'.encode("utf-32"),
        b'{"a": 0x10}',
        b'{"a": 01}',
        b'{"a": +1}',
        b'{"a": .5}',
        b'{"a": ' + b"9" * 400 + b"}",
        b'{"a": ' + b"9" * 5_000 + b"}",
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
        b"[" * 200_000,
    ],
    ids=lambda raw: ascii(raw)[2:22],
)
def test_what_is_not_json_is_refused(scene: Scene, route: Route, raw: bytes) -> None:
    answer = scene.sends(route, data=raw, content_type="application/json")
    if not raw:
        # An empty body is an empty object: fine for those that need no field.
        assert answer.status in {200, 400}
        return
    scene.refused(answer, 400, "malformed_json")


@each_body
@pytest.mark.parametrize("value", [None, [], [{}], 1, 1.5, True, "text", "{}"], ids=ascii)
def test_what_is_not_an_object_is_refused(scene: Scene, route: Route, value: object) -> None:
    answer = scene.sends(route, data=json.dumps(value), content_type="application/json")
    scene.refused(answer, 400, "validation_failed")


@each_body
@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "text/json",
        "application/json-patch+json",
        "application/vnd.api+json",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/json, text/plain",
        "x" * 1000,
    ],
    ids=lambda text: ascii(text)[:30],
)
def test_another_content_type_is_refused(scene: Scene, route: Route, content_type: str | None) -> None:
    body = json.dumps(scene.body(route))
    headers = {} if content_type is None else {"Content-Type": content_type}
    scene.refused(scene.sends(route, data=body, headers=headers), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON;charset=UTF-8"]
)
def test_json_in_utf_8_is_taken_however_it_is_written(chat: Chat, content_type: str) -> None:
    ann = chat.person("ann")
    answer = ann.sends(
        "POST", "/api/chat/rooms/", data='{"name": "Кухня"}'.encode(), headers={"Content-Type": content_type}
    )
    assert (answer.status, answer.body["name"]) == (201, "Кухня")


@each_body
def test_a_body_over_256_kib_is_refused(scene: Scene, route: Route) -> None:
    padding = b" " * (KIB_256 + 1)
    scene.refused(scene.sends(route, data=padding, content_type="application/json"), 413, "payload_too_large")
    scene.refused(scene.sends(route, data=padding, content_type="text/plain"), 413, "payload_too_large")


@each_body
def test_so_is_one_in_chunks(scene: Scene, route: Route) -> None:
    # As gunicorn hands it over: no length, a stream that ends by itself.
    environ = {
        "wsgi.input": BytesIO(b" " * (KIB_256 + 1)),
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
    }
    answer = scene.sends(route, content_type="application/json", environ_overrides=environ)
    scene.refused(answer, 413, "payload_too_large")


class Unread(BytesIO):
    """A body that nobody may look at."""

    def read(self, *_: object) -> bytes:
        raise AssertionError("it was read")

    readline = readinto = read


@each_body
def test_one_that_says_how_large_it_is_is_refused_unread(scene: Scene, route: Route) -> None:
    environ = {"wsgi.input": Unread(), "CONTENT_LENGTH": f"{10**9}"}
    answer = scene.sends(route, content_type="application/json", environ_overrides=environ)
    scene.refused(answer, 413, "payload_too_large")


@each_body
def test_of_one_in_chunks_no_more_is_read_than_shows_that_it_is_too_large(scene: Scene, route: Route) -> None:
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


@each_body
@pytest.mark.parametrize(
    "name",
    ["colour", "", "__proto__", "Name", "password_hash", "нечто", "a" * 5_000, "\u0000"],
    ids=lambda t: ascii(t)[:16],
)
def test_a_field_that_nothing_knows_is_refused_by_name(scene: Scene, route: Route, name: str) -> None:
    answer = scene.sends(route, json={**scene.body(route), name: 1})
    scene.refused(answer, 400, "validation_failed", {name})


WRONG = [
    None,
    True,
    False,
    0.5,
    1e300,
    [],
    {},
    ["x"],
    {"$gt": ""},
]
NULLABLE = {"password_confirm", "new_password_confirm", "reply_to", "client_id"}
"""Those that may be null, which is the same as leaving them out."""


@each_field
@pytest.mark.parametrize("value", WRONG, ids=lambda value: ascii(value)[:20])
def test_a_value_of_another_type_is_refused_by_name(scene: Scene, route: Route, field: str, value: object) -> None:
    assert route.body is not None
    if (value is None and field in NULLABLE) or type(value) is type(route.body[field]) is bool:
        return
    if value == [] and isinstance(route.body[field], list):
        return
    body = {**scene.body(route), field: value}
    answer = scene.sends(route, json=body)
    # A field that names what does not exist would be 404, and a bad token 401: the type is judged first.
    scene.refused(answer, 400, "validation_failed", {field})


@each_field
@pytest.mark.parametrize("text", ["1", "true", "x\u0000", "x" * 5_000], ids=lambda text: ascii(text)[:12])
def test_text_is_no_number_flag_or_list_and_not_any_text(scene: Scene, route: Route, field: str, text: str) -> None:
    body = scene.body(route)
    is_text = isinstance(body[field], str)
    if is_text and (
        text in {"1", "true"} or "password" in field or field == "refresh" or route.path.endswith("login/")
    ):
        return
    answer = scene.sends(route, json={**body, field: text})
    scene.refused(answer, 400, "validation_failed", {field})


@each_field
@pytest.mark.parametrize("text", ["x\u0000", "x" * 5_000], ids=lambda text: ascii(text)[:12])
def test_secrets_of_odd_text_are_wrong_secrets(scene: Scene, route: Route, field: str, text: str) -> None:
    if not ("password" in field or field == "refresh" or route.path.endswith("login/")):
        return
    answer = scene.sends(route, json={**scene.body(route), field: text})
    assert answer.status in {400, 401}, answer
    assert scene.stored() == scene.before


ID_FIELDS = [
    pytest.param(route, field, id=f"{route} {field}")
    for route in WITH_BODY
    for field, value in (route.body or {}).items()
    if value in ("{room}", "{other}", "{message}")
]
NOT_IDS = [0, -1, MAX_ID + 1, 2**63, -(2**63), 10**40, 1.0, 1.5, 1e3, True, False, "1", "", [1], {"id": 1}]


@pytest.mark.parametrize(("route", "field"), ID_FIELDS)
@pytest.mark.parametrize("value", NOT_IDS, ids=lambda value: ascii(value)[:24])
def test_what_is_no_id_is_refused_by_name(scene: Scene, route: Route, field: str, value: object) -> None:
    scene.refused(scene.sends(route, json={**scene.body(route), field: value}), 400, "validation_failed", {field})


@pytest.mark.parametrize("value", [*NOT_IDS, None, [2]], ids=lambda value: ascii(value)[:24])
def test_so_is_one_in_a_list_of_ids(scene: Scene, value: object) -> None:
    answer = scene.ann.posts("/api/chat/rooms/", name="x", participants=[scene.bob.id, value])
    scene.refused(answer, 400, "validation_failed", {"participants"})


@pytest.mark.parametrize("seq", [-1, MAX_ID + 1, 1.0, True, "1", None, 10**40])
def test_a_seq_is_a_whole_number_from_0(scene: Scene, seq: object) -> None:
    answer = scene.ann.posts(f"/api/chat/rooms/{scene.room['id']}/read/", seq=seq)
    scene.refused(answer, 400, "validation_failed", {"seq"})


@each_body
def test_a_needed_field_that_is_missing_is_named(scene: Scene, route: Route) -> None:
    needed = scene.chat.document.document["components"]["schemas"]
    operation = scene.chat.document.document["paths"][route.template][route.method.lower()]
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    for field in needed[name].get("required", []):
        body = scene.body(route)
        del body[field]
        scene.refused(scene.sends(route, json=body), 400, "validation_failed", {field})


@each_body
def test_the_request_of_the_table_is_right(chat: Chat, route: Route) -> None:
    """Or else all of the above might be refused for another reason."""
    scene = Scene(chat)
    assert scene.sends(route, json=scene.body(route)).status in {200, 201, 204}


# Queries


@each_query
@pytest.mark.parametrize(
    "limit",
    [
        "0",
        "-1",
        "201",
        "1.0",
        "1e2",
        "",
        "%20",
        "x",
        "+5",
        "%2B5",
        "0x10",
        "١٠",
        "%D9%A1",
        "５",
        "²",
        "1_0",
        "9" * 5_000,
        "null",
        "10%00",
    ],
    ids=lambda text: ascii(text)[:16],
)
def test_a_limit_is_digits_from_1_to_200(scene: Scene, route: Route, limit: str) -> None:
    answer = scene.ann.sends(
        "GET", f"{scene.path(route)}?q=x&limit={limit}".replace("q=x&", "q=x&" * ("q" in route.query))
    )
    scene.refused(answer, 400, "validation_failed", {"limit"})


@each_query
@pytest.mark.parametrize("limit", ["1", "200", "050"])
def test_other_limits_are_taken(scene: Scene, route: Route, limit: str) -> None:
    query = f"?limit={limit}" + "&q=bob" * ("q" in route.query) + "&mark_read=false" * ("mark_read" in route.query)
    assert scene.ann.sends("GET", scene.path(route) + query).status == 200


@each_query
def test_a_repeated_parameter_is_refused_by_name(scene: Scene, route: Route) -> None:
    for name in route.query:
        answer = scene.ann.sends("GET", f"{scene.path(route)}?{name}=1&{name}=1")
        scene.refused(answer, 400, "validation_failed", {name})


@each_query
@pytest.mark.parametrize("name", ["colour", "offset", "page", "Limit", "limit[]", "%D0%BD", "%00"])
def test_a_parameter_that_nothing_knows_is_refused_by_name(scene: Scene, route: Route, name: str) -> None:
    query = f"?{name}=1" + "&q=bob" * ("q" in route.query)
    answer = scene.ann.sends("GET", scene.path(route) + query)
    scene.refused(answer, 400, "validation_failed")
    assert len(answer.errors) == 1


MESSAGE_IDS = [
    (route, name)
    for route in WITH_QUERY
    for name in ("before", "after", "around", "room")
    if name in route.query and "around" in route.query  # what is no page of messages has cursors
]


@pytest.mark.parametrize(("route", "name"), MESSAGE_IDS, ids=[f"{route} {name}" for route, name in MESSAGE_IDS])
@pytest.mark.parametrize(
    "value",
    ["0", "-1", "", "x", "1.0", "1e3", "١", "9007199254740992", "9" * 40, "9" * 5_000, "1%00", "[1]", "true"],
    ids=lambda t: ascii(t)[:20],
)
def test_what_is_no_id_in_a_query_is_refused(scene: Scene, route: Route, name: str, value: str) -> None:
    answer = scene.ann.sends("GET", f"{scene.path(route)}?{name}={value}")
    scene.refused(answer, 400, "validation_failed", {name})


@pytest.mark.parametrize("raw", ["%FF", "%C0%80", "%ED%A0%80", "a%E2%82", "%FF%FE%61%00"])
def test_a_query_is_utf_8(scene: Scene, raw: str) -> None:
    scene.refused(scene.ann.sends("GET", f"/api/auth/search/?q={raw}"), 400, "validation_failed", {"q"})
    scene.refused(scene.ann.sends("GET", f"/api/auth/users/?cursor={raw}"), 400, "validation_failed", {"cursor"})
    assert scene.ann.sends("GET", "/api/auth/search/?q=%EF%BF%BD").status == 200


@each_query
@pytest.mark.parametrize("raw", ["\xff", "\xed\xa0\x80"], ids=ascii)
def test_so_it_is_where_a_client_does_not_encode_it(scene: Scene, route: Route, raw: str) -> None:
    for query in (f"limit={raw}", f"{raw}=1", f"limit=1&{raw}"):
        answer = scene.sends(route, environ_overrides={"QUERY_STRING": query})
        scene.refused(answer, 400, "validation_failed")
    plain = {"QUERY_STRING": "q=é".encode().decode("latin-1")}
    assert scene.ann.sends("GET", "/api/auth/search/", environ_overrides=plain).status == 200


def cursor(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


CURSORS = [
    "",
    "x",
    "%00",
    "é",
    "null",
    "====",
    "W10",
    "a" * 5_000,
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    cursor(None),
    cursor([]),
    cursor({}),
    cursor(1),
    cursor("after"),
    cursor(["after"]),
    cursor(["sideways", 1, 1]),
    cursor([["after"], 1, 1]),
    cursor([{}, 1, 1]),
    cursor([1, 1, 1]),
    cursor(["after", "1", "1"]),
    cursor(["after", None, None]),
    cursor(["after", True, True]),
    cursor(["after", True]),
    cursor(["after", 1.0, 1.0]),
    cursor(["after", 1.0]),
    cursor(["after", 1, 1, 1]),
    cursor(["after", [1], [1]]),
    cursor(["after", [1]]),
    cursor(["after", ["ann"]]),
    cursor(["after", {"a": 1}]),
    cursor(["after", 2**63, 1]),
    cursor(["after", -(2**64), 1]),
    cursor(["after", 10**40]),
    cursor(["after", 10**400]),
    cursor(["after", math.nan]),
    cursor(["after", "\ud800"]),
    "W" * 300 + "!",
    cursor(["after"] + [[]] * 3),
    base64.urlsafe_b64encode(b'["after",' + b"[" * 90_000).decode(),
]
PAGED = [route for route in WITH_QUERY if "cursor" in route.query]


@pytest.mark.parametrize("route", PAGED, ids=str)
@pytest.mark.parametrize("text", CURSORS, ids=lambda text: ascii(text)[:30])
def test_a_forged_cursor_is_refused(scene: Scene, route: Route, text: str) -> None:
    answer = scene.ann.sends("GET", f"{scene.path(route)}?cursor={text}")
    scene.refused(answer, 400, "validation_failed", {"cursor"})


@pytest.mark.parametrize("route", PAGED, ids=str)
@pytest.mark.parametrize(
    "key",
    [["x" * 3000], ["\x00"], ["'; DROP TABLE user; --"], [2**63 - 1], [-(2**63) + 1], [2**63 - 1, 2**63 - 1], [0, 0]],
    ids=lambda k: ascii(k)[:24],
)
@pytest.mark.parametrize("direction", ["after", "before"])
def test_a_cursor_of_another_place_leads_there_or_is_refused(
    scene: Scene, route: Route, key: list[object], direction: str
) -> None:
    answer = scene.ann.sends("GET", f"{scene.path(route)}?cursor={cursor([direction, *key])}")
    assert answer.status in {200, 400}, answer
    assert scene.stored() == scene.before


def test_the_cursor_of_another_list_is_refused(chat: Chat) -> None:
    scene = Scene(chat)
    scene.ann.makes_room("Garden")
    scene.ann.logs_in()
    for stranger in chat.people("cid", "eve"):
        scene.ann.deletes(f"/api/chat/rooms/{scene.room['id']}/participants/{stranger.id}/?ban=true")
    scene.before = scene.stored()
    cursors = {}
    for route in PAGED:
        link = scene.ann.sends("GET", f"{scene.path(route)}?limit=1").link("next")
        assert link is not None
        cursors[route] = link.rpartition("cursor=")[2]
    shapes = {
        **dict.fromkeys(("/api/auth/users/", "/api/chat/online-users/"), "name"),
        "/api/auth/sessions/": "id",
        **dict.fromkeys(("/api/chat/rooms/{room}/participants/", "/api/chat/rooms/{room}/bans/"), "id"),
    }
    for route, taken in cursors.items():
        for other in PAGED:
            if shapes.get(route.path, route.path) != shapes.get(other.path, other.path):
                answer = scene.ann.sends("GET", f"{scene.path(other)}?cursor={taken}")
                scene.refused(answer, 400, "validation_failed", {"cursor"})


# Paths

NO_ROOMS = [
    "0",
    "-1",
    "+1",
    "x",
    "1.0",
    "1e0",
    "01",
    "0x1",
    "1%20",
    "%201",
    "1%00",
    "%D9%A1",
    "%EF%BC%91",
    "%FF",
    "9007199254740992",
    "9" * 40,
    "9" * 5_000,
    "null",
    "true",
    "1;drop",
    "..",
    "%2e%2e",
    "1%0A",
]


@pytest.mark.parametrize("route", WITH_ROOM, ids=str)
@pytest.mark.parametrize("room_id", NO_ROOMS, ids=lambda text: ascii(text)[:20])
def test_what_is_no_id_in_a_path_is_404(scene: Scene, route: Route, room_id: str) -> None:
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
def test_an_odd_accept_language_is_no_error_of_ours(scene: Scene, language: str) -> None:
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


@pytest.mark.parametrize("agent", ["", "x" * 5_000, "\xff\xfe", "<script>"], ids=lambda t: ascii(t)[:12])
def test_an_odd_user_agent_logs_in(chat: Chat, agent: str) -> None:
    chat.person("ann")
    form = {"username": "ann", "password": "correct horse battery"}
    assert chat.anyone.sends("POST", "/api/auth/login/", json=form, headers={"User-Agent": agent}).status == 200


@pytest.mark.parametrize("field", ["username", "password"])
@pytest.mark.parametrize("route", ["/api/auth/login/", "/api/auth/register/"])
def test_text_made_to_take_long_is_refused_at_once(chat: Chat, route: str, field: str) -> None:
    stacked = "a" + "\u0301" * 60_000 + "\u0327" * 60_000
    form = {"username": "ann", "password": "correct horse battery", field: stacked}
    started = time.perf_counter()
    body = json.dumps(form, ensure_ascii=False).encode()
    answer = chat.anyone.sends("POST", route, data=body, content_type="application/json")
    assert answer.status in {400, 401}
    assert time.perf_counter() - started < 1
