"""`MINICHAT_REGISTRATION` and `MINICHAT_DIRECTORY`: who can register, and which people a user finds."""

from typing import Any
from urllib.parse import urlencode

import pytest

from api.client import PASSWORD, Answer, Chat, Json, Person
from api.conftest import MakeChat, on_one_database
from api.routes import OVER_HTTP
from minichat.api.context import context_of

ENDING = {"/api/auth/register/", "/api/auth/me/", "/api/auth/logout/", "/api/auth/login/", "/api/auth/sessions/"}
"""Routes that show the name in their own request, or end the session."""
REGISTER = "/api/auth/register/"
DEAD_TOKEN = "A" * 43
BODIES: list[dict[str, Any]] = [
    {"json": {"username": "root", "password": PASSWORD}},
    {"json": {"username": "new", "password": PASSWORD}},
    {"json": {"username": "!", "password": 5, "color": "red"}},
    {"json": {}},
]
"""A taken and a free name, a wrong body and an empty one: a closed gate answers all of them alike."""


def root_of(chat: Chat) -> Person:
    """Create a superuser as the command does, and log in."""
    context_of(chat.app).services.registration.create_superuser("root", PASSWORD)
    answer = chat.anyone.posts("/api/auth/login/", username="root", password=PASSWORD)
    return Person(chat, answer.body["user"], answer.body["tokens"])


def without_request_id(answer: Answer) -> Json:
    return {name: value for name, value in answer.body.items() if name != "request_id"}


@on_one_database
class TestClosed:
    @pytest.fixture
    def chat(self, make_chat: MakeChat) -> Chat:
        return make_chat(MINICHAT_REGISTRATION="closed")

    @pytest.mark.parametrize("body", [*BODIES, {"data": "{"}, {"json": [], "headers": {"Content-Encoding": "gzip"}}])
    def test_every_registration_is_refused_before_anything_is_read(self, chat: Chat, body: dict[str, Any]) -> None:
        root_of(chat)
        statements: list[object] = []
        chat.database.query_hooks.append(statements.append)
        answer = chat.anyone.sends("POST", REGISTER, **body)
        chat.database.query_hooks.remove(statements.append)
        assert (answer.status, answer.code, statements) == (403, "registration_closed", [])

    def test_an_invitation_opens_no_closed_server(self, chat: Chat) -> None:
        root = root_of(chat)
        token = root.invites(root.makes_room("Kitchen"))["token"]
        answer = chat.anyone.posts(REGISTER, username="ann", password=PASSWORD, invite=token)
        assert (answer.status, answer.code) == (403, "registration_closed")

    def test_a_closed_server_shows_its_mode_and_a_sentence(self, chat: Chat) -> None:
        assert chat.anyone.gets("/api/info/").body["registration"] == "closed"
        answer = chat.anyone.sends("POST", REGISTER, json={}, headers={"Accept-Language": "ru"})
        assert answer.body["detail"] == "Зарегистрироваться здесь нельзя. Аккаунт может создать администратор сервера."


@on_one_database
class TestInvite:
    @pytest.fixture
    def chat(self, make_chat: MakeChat) -> Chat:
        return make_chat(MINICHAT_REGISTRATION="invite")

    @pytest.mark.parametrize("invite", [{}, {"invite": None}, {"invite": ""}, {"invite": 5}, {"invite": DEAD_TOKEN}])
    def test_without_a_valid_invitation_every_body_gets_the_same_answer(self, chat: Chat, invite: Json) -> None:
        root_of(chat)
        answers = [chat.anyone.sends("POST", REGISTER, json=body["json"] | invite) for body in BODIES]
        assert {(answer.status, answer.code) for answer in answers} == {(403, "invitation_required")}
        assert len({str(without_request_id(answer)) for answer in answers}) == 1

    @pytest.mark.parametrize("body", BODIES[:2])
    def test_the_refusal_looks_up_no_name(self, chat: Chat, body: dict[str, Any]) -> None:
        root_of(chat)
        statements: list[Any] = []
        chat.database.query_hooks.append(statements.append)
        chat.anyone.sends("POST", REGISTER, json=body["json"] | {"invite": DEAD_TOKEN})
        chat.database.query_hooks.remove(statements.append)
        assert len(statements) == 1
        assert "invitation" in str(statements)
        assert "username_key" not in str(statements)

    def test_a_valid_invitation_admits_with_all_usual_checks(self, chat: Chat) -> None:
        root = root_of(chat)
        token = root.invites(root.makes_room("Kitchen", private=True), uses=1)["token"]
        assert chat.anyone.posts(REGISTER, username="root", password=PASSWORD, invite=token).code == "username_taken"
        assert chat.anyone.posts(REGISTER, username="!", password="x", invite=token).errors.keys() == {
            "username",
            "password",
        }
        answer = chat.anyone.posts(REGISTER, username="ann", password=PASSWORD, invite=token)
        assert (answer.status, answer.body["room"]["name"]) == (201, "Kitchen")
        answer = chat.anyone.posts(REGISTER, username="bob", password=PASSWORD, invite=token)
        assert (answer.status, answer.code) == (403, "invitation_required")

    def test_malformed_json_is_named_as_everywhere(self, chat: Chat) -> None:
        answer = chat.anyone.sends("POST", REGISTER, data="{", content_type="application/json")
        assert (answer.status, answer.code) == (400, "malformed_json")

    def test_a_server_by_invitation_shows_its_mode(self, chat: Chat) -> None:
        assert chat.anyone.gets("/api/info/").body["registration"] == "invite"


class TestShared:
    @pytest.fixture
    def chat(self, make_chat: MakeChat) -> Chat:
        return make_chat(MINICHAT_DIRECTORY="shared")

    @pytest.fixture
    def room(self, ann: Person, bob: Person) -> Json:
        """A private room of Ann's. Bob is there as well, by an invitation."""
        room = ann.makes_room("Kitchen", private=True)
        assert bob.posts("/api/chat/invites/accept/", token=ann.invites(room)["token"]).status == 200
        return room

    def test_lists_and_search_show_acquaintances(self, chat: Chat, ann: Person, bob: Person, room: Json) -> None:
        def names(path: str, **query: object) -> list[str]:
            body = ann.gets(path, **query).body
            return [one.get("user", one)["username"] for one in (body["users"] if isinstance(body, dict) else body)]

        assert names("/api/auth/users/") == names("/api/chat/online-users/") == ["ann", "bob"]
        assert names("/api/auth/search/", q="b") == ["bob"]
        assert names("/api/auth/search/", q="eve") == []
        bob.leaves(room)
        assert names("/api/auth/users/") == names("/api/chat/online-users/") == ["ann"]
        assert chat.anyone.gets("/api/info/").body["directory"] == "shared"

    def test_a_stranger_gets_the_answers_of_an_id_that_names_nobody(self, ann: Person, eve: Person, room: Json) -> None:
        def answers(user_id: int) -> list[tuple[int, Any]]:
            path = f"/api/chat/rooms/{room['id']}"
            given = [
                ann.gets(f"/api/auth/users/{user_id}/"),
                ann.posts("/api/chat/create-direct-chat/", user_id=user_id),
                ann.posts(f"{path}/participants/", user_id=user_id),
                ann.patches(f"{path}/participants/{user_id}/", role="moderator"),
                ann.deletes(f"{path}/participants/{user_id}/"),
                ann.deletes(f"{path}/participants/{user_id}/?ban=true"),
                ann.deletes(f"{path}/bans/{user_id}/"),
                ann.posts(f"/api/chat/users/{user_id}/block/"),
                ann.deletes(f"/api/chat/users/{user_id}/block/"),
                ann.posts("/api/chat/rooms/", name="Tea", participants=[user_id]),
                ann.posts("/api/chat/messages/", room=room["id"], content="hi", mention_ids=[user_id]),
                ann.gets("/api/chat/search/", q="hi", user=user_id),
            ]
            return [
                (answer.status, without_request_id(answer) if answer.is_refusal else answer.body) for answer in given
            ]

        assert answers(eve.id) == answers(999_999)
        assert [status for status, _ in answers(eve.id)] == [
            *(404, 404, 404, 404, 404, 404),
            *(204, 404, 204),
            *(400, 400, 200),
        ]

    def test_no_route_shows_a_stranger(self, chat: Chat, eve: Person) -> None:
        """Eve sends every request, with the ids of a stranger, of the stranger's room and of a message."""
        stranger = chat.person("zinaida")
        own, room = eve.makes_room("Square"), stranger.makes_room("Kitchen", private=True)
        hidden = stranger.says("hello", in_=room)
        told = {
            "message": hidden["id"],
            "session": stranger.session_id,
            "invite": stranger.invites(room)["id"],
            "picture": "x",
        }
        words = {"token": DEAD_TOKEN, "refresh": "x", "reset": "x", "verification": "x"}
        for place in (room, own):
            for route in OVER_HTTP:
                if route.path in ENDING:
                    continue
                places = {**told, "room": place["id"], "other": stranger.id}
                query = {"q": "zina"} if "q" in route.query else {}
                path = f"{route.path.format(**places)}?{urlencode(query)}"
                answer = eve.sends(route.method, path, **route.request(**places, **words))
                assert "zinaida" not in answer.text, (str(route), answer.text)

    def test_an_existing_direct_chat_goes_on(self, ann: Person, bob: Person, room: Json) -> None:
        direct = ann.chats_with(bob)
        bob.leaves(room)
        assert ann.chats_with(bob)["id"] == direct["id"]
        bob.says("still here", in_=direct)
        assert ann.gets(f"/api/auth/users/{bob.id}/").status == 200

    def test_authors_of_readable_messages_stay_visible(self, ann: Person, bob: Person, room: Json) -> None:
        message = bob.says("so long", in_=room)
        bob.sends("PUT", f"/api/chat/messages/{message['id']}/reactions/👍/")
        bob.leaves(room)
        assert ann.history(room).body["messages"][0]["user"]["username"] == "bob"
        reactions = ann.gets(f"/api/chat/messages/{message['id']}/reactions/").body
        assert reactions[0]["user"]["username"] == "bob"
        assert ann.gets(f"/api/auth/users/{bob.id}/").code == "user_not_found"
        assert ann.deletes(f"/api/chat/rooms/{room['id']}/participants/{bob.id}/?ban=true").status == 204
        assert ann.gets(f"/api/chat/rooms/{room['id']}/bans/").body[0]["username"] == "bob"

    def test_a_block_of_somebody_who_has_left_can_be_removed(self, ann: Person, bob: Person, room: Json) -> None:
        path = f"/api/chat/users/{bob.id}/block/"
        assert ann.posts(path).status == 204
        bob.leaves(room)
        assert ann.posts(path).code == "user_not_found"
        assert ann.gets("/api/chat/blocks/").body[0]["username"] == "bob"
        assert ann.deletes(path).status == 204
        assert ann.gets("/api/chat/blocks/").body == []
