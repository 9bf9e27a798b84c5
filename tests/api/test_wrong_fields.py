"""One answer names every wrong field: unknown fields, wrong types and broken rules, in all parts of the request."""

from typing import Any

import pytest

from api.client import PASSWORD, Chat, Json, Person
from api.conftest import on_one_database

pytestmark = on_one_database

REGISTER, PROFILE, CHANGE = "/api/auth/register/", "/api/auth/profile/", "/api/auth/change-password/"
ROOMS, MESSAGES = "/api/chat/rooms/", "/api/chat/messages/"


class Scene:
    """Ann and Bob in a room with a message, and Ann alone in another room with one."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.ann, self.bob = chat.people("ann", "bob")
        self.room = self.ann.makes_room("Kitchen", with_=[self.bob])
        self.message = self.ann.says("hello", in_=self.room)
        self.other = self.ann.says("hello", in_=self.ann.makes_room("Cellar"))
        self.places = {
            "room": self.room["id"],
            "message": self.message["id"],
            "elsewhere": self.other["id"],
            "ann": self.ann.id,
            "bob": self.bob.id,
        }

    def path(self, path: str) -> str:
        return path.format(**self.places)


@pytest.fixture
def scene(chat: Chat) -> Scene:
    return Scene(chat)


BODIES: list[tuple[str, Json, set[str]]] = [
    (f"POST {REGISTER}", {"username": "a", "password": "short", "surprise": 1}, {"username", "password", "surprise"}),
    (f"POST {REGISTER}", {"username": "a", "surprise": 1}, {"username", "password", "surprise"}),
    (f"POST {REGISTER}", {"username": 5, "password": "short"}, {"username", "password"}),
    (
        f"POST {REGISTER}",
        {
            "username": "Ann Lee",
            "password": "12345678",
            "password_confirm": "87654321",
            "email": "nobody",
            "first_name": "x" * 151,
            "last_name": 5,
            "surprise": 1,
        },
        {"username", "password", "password_confirm", "email", "first_name", "last_name", "surprise"},
    ),
    (f"POST {REGISTER}", {"username": "eve", "password": 5, "password_confirm": "x"}, {"password"}),
    (f"POST {REGISTER}", {"username": "ann", "password": "short"}, {"password"}),
    ("POST /api/auth/login/", {"username": 5, "surprise": 1}, {"username", "password", "surprise"}),
    (
        f"PATCH {PROFILE}",
        {"first_name": "a\nb", "last_name": [], "email": "@", "avatar": "http://x", "bio": "x", "id": 99},
        {"first_name", "last_name", "email", "avatar", "bio"},
    ),
    (f"PUT {PROFILE}", {"avatar": "javascript:alert(1)", "nickname": "x"}, {"avatar", "nickname"}),
    (
        f"POST {CHANGE}",
        {"old_password": "wrong", "new_password": "short", "new_password_confirm": "other", "surprise": 1},
        {"old_password", "new_password", "new_password_confirm", "surprise"},
    ),
    (f"POST {CHANGE}", {"old_password": "wrong", "new_password": "short"}, {"old_password", "new_password"}),
    (f"POST {CHANGE}", {"old_password": PASSWORD, "new_password": "ann"}, {"new_password"}),
    (f"POST {CHANGE}", {"new_password": "short"}, {"old_password", "new_password"}),
    ("DELETE /api/auth/me/", {"password": "wrong", "surprise": 1}, {"password", "surprise"}),
    (
        f"POST {ROOMS}",
        {"name": " ", "description": "x" * 1001, "is_private": "yes", "participants": [99], "colour": "red"},
        {"name", "description", "is_private", "participants", "colour"},
    ),
    (f"POST {ROOMS}", {"name": "", "participants": [99]}, {"name", "participants"}),
    (f"POST {ROOMS}", {"name": "", "participants": [2] * 201}, {"name", "participants"}),
    (f"POST {ROOMS}", {"name": 5, "participants": [2, "x"]}, {"name", "participants"}),
    (f"PUT {ROOMS}{{room}}/", {"name": "x" * 101, "description": 5, "colour": 1}, {"name", "description", "colour"}),
    (f"PATCH {ROOMS}{{room}}/", {"name": "\u0000", "is_private": 1}, {"name", "is_private"}),
    (f"PATCH {ROOMS}99/", {"name": "", "colour": 1}, {"colour"}),
    (
        f"POST {MESSAGES}",
        {"room": "{room}", "content": " ", "client_id": "x" * 65, "reply_to": "{elsewhere}", "colour": 1},
        {"content", "client_id", "reply_to", "colour"},
    ),
    (f"POST {MESSAGES}", {"room": "{room}", "content": "", "reply_to": 99}, {"content", "reply_to"}),
    (f"POST {MESSAGES}", {"room": "{room}", "content": 5, "reply_to": "{message}"}, {"content"}),
    (f"POST {MESSAGES}", {"room": 0, "content": "\u0000", "reply_to": 99}, {"room", "content"}),
    (f"POST {MESSAGES}", {"room": 99, "content": "", "reply_to": "{message}"}, {"content"}),
    (f"PATCH {MESSAGES}{{message}}/", {"content": "", "colour": 1, "is_read": True}, {"content", "colour"}),
    ("POST /api/chat/create-direct-chat/", {"user_id": "{ann}", "colour": 1}, {"user_id", "colour"}),
    (f"POST {ROOMS}{{room}}/participants/", {"user_id": 0, "colour": 1}, {"user_id", "colour"}),
    (f"PATCH {ROOMS}{{room}}/participants/{{bob}}/", {"role": "king", "colour": 1}, {"role", "colour"}),
    (f"POST {ROOMS}{{room}}/read/", {"seq": -1, "colour": 1}, {"seq", "colour"}),
]
QUERIES: list[tuple[str, str, set[str]]] = [
    ("/api/auth/users/", "limit=0&cursor=x&page=2", {"limit", "cursor", "page"}),
    ("/api/auth/sessions/", "limit=201&cursor=W10", {"limit", "cursor"}),
    ("/api/chat/online-users/", "limit=x&cursor=x&limit=2", {"limit", "cursor"}),
    ("/api/auth/search/", f"q={'x' * 101}&limit=0", {"q", "limit"}),
    ("/api/auth/search/", "limit=0&page=1", {"q", "limit", "page"}),
    ("/api/auth/search/", "q=a&q=b&limit=0", {"q", "limit"}),
    ("/api/auth/search/", "q=%FF&limit=0&page=1&page=2", {"q", "limit", "page"}),
    (ROOMS, "scope=all&limit=0&cursor=x&q=%00", {"scope", "limit", "cursor", "q"}),
    (f"{ROOMS}{{room}}/participants/", "limit=0&cursor=x&role=owner", {"limit", "cursor", "role"}),
    (f"{ROOMS}{{room}}/bans/", "limit=0&cursor=x", {"limit", "cursor"}),
    (f"{ROOMS}{{room}}/history/", "limit=0&before={elsewhere}&mark_read=x", {"limit", "before", "mark_read"}),
    (f"{ROOMS}{{room}}/history/", "limit=0&before={message}", {"limit"}),
    (f"{ROOMS}{{room}}/history/", "before=1&after=2&limit=0", {"before", "after", "limit"}),
    (f"{ROOMS}{{room}}/history/", "before=1&after=2&around=x", {"before", "after", "around"}),
    (f"{ROOMS}99/history/", "before=1&after=2&limit=0", {"before", "after", "limit"}),
    (f"{ROOMS}99/history/", "before={message}&limit=0", {"limit"}),
    (MESSAGES, "room=x&before=0&limit=0", {"room", "before", "limit"}),
    (MESSAGES, "before=999&limit=0", {"limit"}),
    (MESSAGES, "room={room}&after={elsewhere}&limit=0", {"after", "limit"}),
    ("/api/chat/sync/", "after=x&timeout=31&limit=0&page=1", {"after", "timeout", "limit", "page"}),
    ("/api/chat/events/", "after=x&lastEventId=y&page=1", {"after", "lastEventId", "page"}),
]


def filled(value: Any, places: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: filled(one, places) for name, one in value.items()}
    return places[value[1:-1]] if isinstance(value, str) and value.startswith("{") else value


def test_one_answer_names_every_wrong_field_of_a_body(scene: Scene) -> None:
    before = scene.chat.dump(without=("audit", "attempt"))
    for route, body, fields in BODIES:
        method, _, path = route.partition(" ")
        answer = scene.ann.sends(method, scene.path(path), json=filled(body, scene.places))
        assert (answer.status, answer.code, set(answer.errors)) == (400, "validation_failed", fields), (route, body)
    assert scene.chat.dump(without=("audit", "attempt")) == before


def test_one_answer_names_every_wrong_field_of_a_query(scene: Scene) -> None:
    for path, query, fields in QUERIES:
        answer = scene.ann.sends("GET", f"{scene.path(path)}?{scene.path(query)}")
        assert (answer.status, answer.code, set(answer.errors)) == (400, "validation_failed", fields), (path, query)


def test_each_field_has_its_own_sentences(chat: Chat) -> None:
    answer = chat.anyone.posts(REGISTER, username="a", password=5, email="nobody", surprise=1)
    assert answer.errors == {
        "username": ["Use at least 3 characters."],
        "password": ["This must be text."],
        "email": ["This is not a valid e-mail address."],
        "surprise": ["Unknown field."],
    }


def test_a_list_with_several_wrong_items_has_one_sentence(scene: Scene) -> None:
    answer = scene.ann.posts(ROOMS, name="Tea", participants=["x", 0, 1.5])
    assert answer.errors == {"participants": ["This is not a valid id."]}


def test_a_header_and_a_body_are_named_together(scene: Scene) -> None:
    form = {"room": scene.room["id"], "content": "", "reply_to": 99, "colour": 1}
    answer = scene.ann.sends("POST", MESSAGES, json=form, headers={"Idempotency-Key": "x" * 65})
    assert set(answer.errors) == {"Idempotency-Key", "content", "reply_to", "colour"}
    form = {"room": scene.room["id"], "content": "", "client_id": "one", "reply_to": 99}
    answer = scene.ann.sends("POST", MESSAGES, json=form, headers={"Idempotency-Key": "two"})
    assert set(answer.errors) == {"client_id", "content", "reply_to"}


def test_a_form_names_its_unknown_parts_and_its_picture(scene: Scene) -> None:
    head = 'Content-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n--x'
    parts = [head.format("file", '; filename="x.png"', "no picture"), head.format("colour", "", "red")]
    answer = scene.ann.sends(
        "PUT",
        "/api/auth/profile/avatar/",
        data="--x\r\n" + "\r\n".join(parts) + "--\r\n",
        content_type="multipart/form-data; boundary=x",
    )
    assert (answer.status, set(answer.errors)) == (400, {"file", "colour"})


@pytest.mark.parametrize(
    ("query", "code"), [("after=x", "invalid_cursor"), ("after=x&timeout=99", "validation_failed")]
)
def test_a_single_error_keeps_its_code(scene: Scene, query: str, code: str) -> None:
    assert scene.ann.sends("GET", f"/api/chat/sync/?{query}").code == code


@pytest.mark.parametrize(
    ("path", "form"),
    [
        (REGISTER, {"username": "ann", "password": PASSWORD, "surprise": 1}),
        (REGISTER, {"username": "ann", "password": PASSWORD, "email": 5}),
    ],
)
def test_a_taken_name_is_reported_only_if_all_fields_are_right(scene: Scene, path: str, form: Json) -> None:
    answer = scene.chat.anyone.posts(path, **form)
    assert (answer.status, "username" in answer.errors) == (400, False)
    right = {name: form[name] for name in ("username", "password")}
    assert scene.chat.anyone.posts(path, **right).code == "username_taken"


def test_wrong_fields_reveal_nothing_about_a_hidden_room(scene: Scene) -> None:
    eve = scene.chat.person("eve")
    hidden = scene.bob.makes_room(private=True)
    secret = scene.bob.says("secret", in_=hidden)
    answers = [
        eve.sends("GET", f"{ROOMS}{room}/history/?limit=0&before={secret['id']}").errors for room in (hidden["id"], 99)
    ]
    answers += [eve.posts(MESSAGES, room=room, content="", reply_to=secret["id"]).errors for room in (hidden["id"], 99)]
    assert answers[0] == answers[1]
    assert answers[2] == answers[3]


def test_a_password_beside_wrong_fields_counts_as_a_guess(make_chat: Any) -> None:
    chat = make_chat(MINICHAT_RATE_LIMITS="on")
    ann: Person = chat.person("ann")
    form = {"old_password": "wrong", "new_password": "short", "surprise": 1}
    answers = [ann.posts(CHANGE, **form) for _ in range(8)]
    assert [answer.status for answer in answers[:5]] == [400] * 5
    assert (answers[-1].status, answers[-1].code) == (429, "too_many_attempts")
