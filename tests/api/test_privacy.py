"""Privacy: hidden rooms look missing, bodies grant no rights, and answers show no private data of other users."""

import re
from collections.abc import Iterator

import pytest

from api.client import Chat, Json, Person
from api.conftest import Stages, on_one_database
from api.routes import OVER_HTTP, WITH_MESSAGE, WITH_ROOM, Route

MISSING = 424_242


class Secrets:
    """Rooms that are hidden from Eve, each with one message, and a room of Eve."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.eve = chat.person("eve")
        ann, self.bob = chat.people("ann", "bob")
        self.rooms = {
            "private": ann.makes_room("Secret", private=True, with_=[self.bob]),
            "direct": ann.chats_with(self.bob),
            "left": ann.makes_room("Secret", private=True, with_=[self.bob, self.eve]),
            "deleted": ann.makes_room("Secret", private=True, with_=[self.bob, self.eve]),
        }
        for room in self.rooms.values():
            room["message"] = ann.says("secret", in_=room)["id"]
        self.eve.leaves(self.rooms["left"])
        ann.deletes(f"/api/chat/rooms/{self.rooms['deleted']['id']}/")
        self.invite: int = ann.invites(self.rooms["private"])["id"]
        self.own = self.eve.makes_room("Own")
        self.before = self.stored()

    def stored(self) -> object:
        """Return all stored rows, without the attempt counts."""
        return self.chat.dump(without=("audit", "attempt", "session", "refresh_token"))


@pytest.fixture(scope="module")
def secrets(stages: Stages, kind: str) -> Secrets:
    """The secrets for the whole module: refused requests change nothing, so many tests can share them."""
    return Secrets(stages.new(kind).chat())


@pytest.fixture(params=["private", "direct", "left", "deleted"])
def hidden(request: pytest.FixtureRequest, secrets: Secrets) -> Iterator[Json]:
    """A room that is hidden from Eve, for requests that change nothing."""
    yield secrets.rooms[request.param]
    assert secrets.stored() == secrets.before, "a refused request has changed something"


@pytest.fixture
def eve(chat: Chat) -> Person:
    """Eve in a chat where nothing has happened yet."""
    return chat.person("eve")


@pytest.mark.parametrize("route", WITH_ROOM, ids=str)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_hidden_room_answers_the_bytes_of_one_that_does_not_exist(
    secrets: Secrets, hidden: Json, route: Route, language: str
) -> None:
    headers = {"X-Request-ID": "same", "Accept-Language": language}
    answers = []
    for room_id in (hidden["id"], MISSING, 0):
        places = {"room": room_id, "other": secrets.bob.id, "invite": secrets.invite}
        answers.append(
            secrets.eve.sends(route.method, route.path.format(**places), headers=headers, **route.request(**places))
        )
    assert {(answer.status, answer.code) for answer in answers} == {(404, "room_not_found")}
    assert len({answer.raw for answer in answers}) == 1
    assert len({str(sorted(answer.headers)) for answer in answers}) == 1


@pytest.mark.parametrize("route", [route for route in WITH_ROOM if route.body is not None or route.query], ids=str)
def test_a_hidden_room_answers_a_wrong_request_like_a_missing_one(secrets: Secrets, hidden: Json, route: Route) -> None:
    answers = []
    for room_id in (hidden["id"], MISSING):
        path = route.path.format(room=room_id, other=secrets.bob.id, invite=1) + ("?limit=1000" if route.query else "")
        body = {} if route.body is None else {"json": {"colour": 1, "name": "", "seq": "x"}}
        answers.append(secrets.eve.sends(route.method, path, headers={"X-Request-ID": "same"}, **body))
    assert len({(answer.status, answer.raw) for answer in answers}) == 1


@pytest.mark.parametrize("who", ["eve", "other", "nobody"])
@pytest.mark.parametrize("path", ["participants/{}/", "participants/{}/?ban=true", "bans/{}/"])
def test_a_hidden_room_answers_a_removal_like_a_missing_one(
    secrets: Secrets, hidden: Json, path: str, who: str
) -> None:
    user_id = {"eve": secrets.eve.id, "other": secrets.bob.id, "nobody": MISSING}[who]
    answers = [
        secrets.eve.sends(
            "DELETE", f"/api/chat/rooms/{room_id}/{path.format(user_id)}", headers={"X-Request-ID": "same"}
        )
        for room_id in (hidden["id"], MISSING)
    ]
    assert len({(answer.status, answer.raw) for answer in answers}) == 1
    assert answers[0].is_refusal


@pytest.mark.parametrize("route", WITH_MESSAGE, ids=str)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_hidden_message_answers_the_bytes_of_one_that_does_not_exist(
    secrets: Secrets, hidden: Json, route: Route, language: str
) -> None:
    headers = {"X-Request-ID": "same", "Accept-Language": language}
    answers = [
        secrets.eve.sends(route.method, route.path.format(message=message_id), headers=headers, **route.request())
        for message_id in (hidden["message"], MISSING, 0)
    ]
    assert {(answer.status, answer.code) for answer in answers} == {(404, "message_not_found")}
    assert len({answer.raw for answer in answers}) == 1
    assert len({str(sorted(answer.headers)) for answer in answers}) == 1


def test_a_hidden_room_answers_a_wrong_name_like_a_missing_one(secrets: Secrets, hidden: Json) -> None:
    for name in ("", "x" * 101, "\u0000"):
        for method in ("PUT", "PATCH"):
            answers = [
                secrets.eve.sends(
                    method, f"/api/chat/rooms/{room_id}/", json={"name": name}, headers={"X-Request-ID": "same"}
                )
                for room_id in (hidden["id"], MISSING)
            ]
            assert len({(answer.status, answer.raw) for answer in answers}) == 1


def test_a_hidden_room_answers_every_method_like_a_missing_one(secrets: Secrets, hidden: Json) -> None:
    for method in ("HEAD", "OPTIONS", "TRACE", "POST"):
        answers = [
            secrets.eve.sends(method, f"/api/chat/rooms/{room_id}/", headers={"X-Request-ID": "same"})
            for room_id in (hidden["id"], MISSING)
        ]
        assert len({(answer.status, answer.raw, str(sorted(answer.headers))) for answer in answers}) == 1


def test_a_hidden_room_in_a_body_or_query_is_404(secrets: Secrets, hidden: Json) -> None:
    for form in ({}, {"client_id": "b7d1"}, {"reply_to": hidden["message"]}):
        answers = [
            secrets.eve.sends(
                "POST",
                "/api/chat/messages/",
                json={"room": room_id, "content": "x", **form},
                headers={"X-Request-ID": "same"},
            )
            for room_id in (hidden["id"], MISSING)
        ]
        assert {(answer.status, answer.code) for answer in answers} == {(404, "room_not_found")}
        assert len({answer.raw for answer in answers}) == 1
    for query in ("", f"&before={hidden['message']}", "&limit=1"):
        answers = [
            secrets.eve.sends("GET", f"/api/chat/messages/?room={room_id}{query}", headers={"X-Request-ID": "same"})
            for room_id in (hidden["id"], MISSING)
        ]
        assert {answer.status for answer in answers} == {404}
        assert len({answer.raw for answer in answers}) == 1


def test_a_hidden_message_is_no_anchor_and_no_reply(secrets: Secrets, hidden: Json) -> None:
    for path, status in (("/api/chat/messages/", 200), (f"/api/chat/rooms/{secrets.own['id']}/history/", 400)):
        for place in ("before", "after", "around"):
            answers = [
                secrets.eve.sends("GET", f"{path}?{place}={message_id}", headers={"X-Request-ID": "same"})
                for message_id in (hidden["message"], MISSING)
            ]
            assert {answer.status for answer in answers} == {status}
            assert len({answer.raw for answer in answers}) == 1
    answers = [
        secrets.eve.sends(
            "POST",
            "/api/chat/messages/",
            json={"room": secrets.own["id"], "content": "x", "reply_to": message_id},
            headers={"X-Request-ID": "same"},
        )
        for message_id in (hidden["message"], MISSING)
    ]
    assert len({(answer.status, answer.raw) for answer in answers}) == 1


def test_a_hidden_room_is_in_no_list(secrets: Secrets, hidden: Json) -> None:
    assert [room["id"] for room in secrets.eve.gets("/api/chat/rooms/").body] == [secrets.own["id"]]
    for path in ("/api/chat/rooms/?scope=public", "/api/chat/messages/"):
        answer = secrets.eve.sends("GET", path)
        assert (answer.status, answer.body) == (200, [])


def test_a_public_room_is_403_inside_for_a_stranger(chat: Chat, eve: Person) -> None:
    ann = chat.person("ann")
    room = ann.makes_room("Kitchen")
    places = {"room": room["id"], "other": ann.id, "message": ann.says("hello", in_=room)["id"]}
    places |= ann.invitation_to(room)
    inside = [route for route in WITH_ROOM if not route.path.endswith(("join/", "leave/")) and route.method != "GET"]
    inside += [route for route in WITH_ROOM if route.path.endswith(("history/", "participants/", "bans/", "invites/"))]
    for route in [*inside, *WITH_MESSAGE]:
        answer = eve.sends(route.method, route.path.format(**places), **route.request(**places))
        assert (answer.status, answer.code) == (403, "not_a_participant"), route


class TestMassAssignment:
    """Clients may send back the fields that the server owns, and the server ignores them (Z4)."""

    ACCOUNT = {
        "id": 1,
        "username": "root",
        "full_name": "Root",
        "date_joined": "2000-01-01T00:00:00.000Z",
        "is_online": False,
        "last_seen": None,
        "is_staff": True,
        "is_superuser": True,
        "profile": {"is_online": False, "avatar": "https://evil.example/"},
    }

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_a_body_cannot_change_the_server_fields_of_a_profile(self, chat: Chat, eve: Person, method: str) -> None:
        before, account = chat.dump(), eve.gets("/api/auth/me/").body
        answer = eve.sends(method, "/api/auth/profile/", json=self.ACCOUNT)
        assert (answer.status, answer.body) == (200, account)
        assert chat.dump() == before

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    @pytest.mark.parametrize(
        "field",
        ["password_hash", "email_verified_at", "verified_email", "is_active", "user_id", "joined_at", "username_key"],
    )
    def test_a_profile_does_not_accept_names_of_columns(self, chat: Chat, eve: Person, method: str, field: str) -> None:
        before = chat.dump()
        answer = eve.sends(method, "/api/auth/profile/", json={field: "x"})
        assert (answer.status, set(answer.errors)) == (400, {field})
        assert chat.dump() == before

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_an_id_in_a_body_does_not_choose_the_profile(self, chat: Chat, eve: Person, method: str) -> None:
        bob = chat.person("bob")
        before = bob.gets("/api/auth/me/").body
        answer = eve.sends(method, "/api/auth/profile/", json={"id": bob.id, "first_name": "X"})
        assert (answer.status, answer.body["id"], answer.body["first_name"]) == (200, eve.id, "X")
        assert bob.gets("/api/auth/me/").body == before

    def test_a_body_cannot_set_the_server_fields_of_a_new_account(self, chat: Chat, eve: Person) -> None:
        form = {**self.ACCOUNT, "username": "mallory", "password": "correct horse battery"}
        user = chat.anyone.posts("/api/auth/register/", **form, avatar="https://evil.example/").body["user"]
        assert (user["id"], user["full_name"], user["date_joined"][:4]) == (2, "", "2025")
        assert user["avatar"] == "http://localhost/avatars/2-M.svg"
        assert chat.sql('SELECT count(*) FROM "user" WHERE is_superuser').fetchone()[0] == 0

    def test_a_body_cannot_set_the_server_fields_of_a_room(self, chat: Chat, eve: Person) -> None:
        bob = chat.person("bob")
        owned = {
            "id": 77,
            "kind": "direct",
            "created_at": "2000-01-01T00:00:00.000Z",
            "participants_count": 9,
            "role": "member",
            "last_message": {"content": "x"},
            "last_seq": 9,
            "last_read_seq": 9,
            "unread_count": 9,
        }
        room = eve.posts("/api/chat/rooms/", name="Kitchen", **owned).body
        assert room == eve.makes_room("Kitchen") | {"id": 1}
        for method in ("PUT", "PATCH"):
            answer = eve.sends(
                method, "/api/chat/rooms/1/", json={"name": "Kitchen", **owned, "participants": [bob.id]}
            )
            assert (answer.status, answer.body) == (200, room)

    def test_a_body_cannot_set_the_server_fields_of_a_message(self, chat: Chat, eve: Person) -> None:
        bob, room = chat.person("bob"), eve.makes_room()
        owned = {
            "id": 77,
            "seq": 9,
            "user": bob.id,
            "user_username": "bob",
            "timestamp": "2000-01-01T00:00:00.000Z",
            "edited_at": "2000-01-01T00:00:00.000Z",
            "is_deleted": True,
            "is_read": True,
        }
        sent = eve.posts("/api/chat/messages/", room=room["id"], content="x", **owned).body
        assert sent == eve.says("x", in_=room) | {"id": 1, "seq": 1}

    def test_a_body_never_names_the_caller(self, chat: Chat, eve: Person) -> None:
        for field in ("user_id", "sender", "author", "owner"):
            assert set(eve.posts("/api/chat/rooms/", name="x", **{field: 1}).errors) == {field}


OWN = {"/api/auth/me/", "/api/auth/me/export/", "/api/auth/profile/", "/api/auth/sessions/", "/api/info/", "/metrics"}
"""Paths whose answers are about the caller alone, or about no user."""


def test_no_answer_shows_the_private_data_of_another_user(chat: Chat, eve: Person) -> None:
    """Eve sends every GET of the API. The test client searches each answer for addresses and hashes (Z5)."""
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room(with_=[bob, eve])
    message = ann.says("hello", in_=room)
    ann.patches(f"/api/chat/rooms/{room['id']}/participants/{eve.id}/", role="moderator")
    eve.deletes(f"/api/chat/rooms/{room['id']}/participants/{bob.id}/?ban=true")
    eve.chats_with(ann)
    picture = ann.shows_a_picture()
    for route in OVER_HTTP:
        if route.method == "GET":
            answer = eve.sends(
                "GET",
                route.path.format(room=room["id"], other=ann.id, message=message["id"], picture=picture)
                + ("?q=a" if "q" in route.query else ""),
            )
            assert answer.status == 200
            if route.path not in OWN:
                assert not re.search("email|password|jti|session|user_agent", answer.text), route


UNRELATED = r'(?<=\bid":)\d+|(?<=\bid\': )\d+|(?<=cursor=)[\w=-]+|eyJ[\w.-]+|(?<=/avatars/)[\w-]{22}'
"""Ids, positions and tokens: they differ between two chats, because messages elsewhere take ids too."""


def everything_that_eve_sees(chat: Chat, *, is_eventful: bool) -> dict[str, object]:
    """Tell one story, with or without acts that are hidden from Eve; return all answers to her, by path."""
    ann, bob, eve = chat.people("ann", "bob", "eve")
    room, secret = ann.makes_room("Kitchen", with_=[bob, eve]), ann.makes_room("Secret", private=True, with_=[bob])
    direct = ann.chats_with(eve)
    cursor = eve.gets("/api/chat/sync/").body["cursor"]
    by_ann, by_eve, in_direct = (
        person.says("hello", in_=where) for person, where in ((ann, room), (eve, room), (ann, direct))
    )
    if is_eventful:
        assert ann.posts(f"/api/chat/users/{eve.id}/block/").status == 204
        assert ann.posts(f"/api/chat/messages/{by_eve['id']}/report/", reason="spam").status == 204
        ann.invites(room)
        assert bob.posts("/api/chat/invites/accept/", token=ann.invites(secret)["token"]).status == 200
        hidden = f"/api/chat/messages/{ann.says('hello @eve @all', in_=secret)['id']}"
        for member in (ann, bob):
            muted = {"notify": "none", "muted_until": "2030-01-01T00:00:00Z"}
            assert member.sends("PATCH", f"/api/chat/rooms/{room['id']}/notify/", json=muted).status == 200
        for path in (f"{hidden}/reactions/%F0%9F%91%8D/", f"{hidden}/pin/"):
            assert ann.sends("PUT", path).status == 200
    assert eve.posts(f"/api/chat/rooms/{room['id']}/typing/").status == 204
    for person, message in ((eve, by_ann), (ann, by_eve)):
        assert person.sends("PUT", f"/api/chat/messages/{message['id']}/reactions/%F0%9F%91%8D/").status == 200
    paths = {
        route.path.format(room=where["id"], message=message["id"], other=ann.id, picture="x", invite=1)
        + ("?q=hello" if "q" in route.query else "")
        for route in OVER_HTTP
        for where in (room, direct)
        for message in (by_ann, by_eve, in_direct)
        if route.method == "GET" and route.path not in {"/metrics", "/api/chat/sync/", "/api/chat/events/"}
    }
    paths |= {f"/api/chat/sync/?after={cursor}&limit=200", f"/api/chat/messages/?room={room['id']}"}
    seen: dict[str, object] = {}
    for path in sorted(paths):
        answer = eve.sends("GET", path, headers={"X-Request-ID": "same"})
        events = answer.body.get("events", ()) if isinstance(answer.body, dict) else ()
        text = repr([event["data"] for event in events]) if events else answer.text
        seen[path.replace(cursor, "")] = (answer.status, re.sub(UNRELATED, "", text))
    return seen


@on_one_database
def test_hidden_acts_change_no_answer_to_an_outsider(chat: Chat) -> None:
    """A block, a report, invitations, and messages, reactions and pins in a private room are hidden from Eve (Z6)."""
    quiet = everything_that_eve_sees(chat, is_eventful=False)
    assert everything_that_eve_sees(chat.again(), is_eventful=True) == quiet
