"""Behaviour that all routes share: paths, problems, languages, request ids, headers, CORS, pages."""

import itertools
import re
from typing import Any

import pytest

from api.client import Chat, Person
from api.conftest import MakeChat, on_one_database
from api.routes import OVER_HTTP, Route
from minichat.domain.errors import Unavailable

LOCAL = "http://localhost:3000"


@pytest.fixture
def ann(chat: Chat) -> Person:
    return chat.person("ann")


RANDOM = (
    r'eyJ[\w.-]+|(?<=/avatars/)[\w-]{22}|(?:(?<="ticket":")|(?<="token":")|(?<=#invite=))[\w-]{32}'
    r'|(?<="cursor":")[\w.-]+|(?<=retry: )\d+'
)
"""Values that differ between two runs: tokens, names of pictures, tickets, cursors of the log, and pauses."""


def asked(chat: Chat, route: Route, path: str) -> tuple[int, str]:
    """Send the route's request to a path. Return the status and the text of the answer, without random values."""
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Kitchen", with_=[bob])
    message = ann.says("hello", in_=room)
    places = {
        "room": room["id"],
        "other": bob.id,
        "message": message["id"],
        "refresh": ann.refresh,
        "session": ann.session_id,
        **ann.invitation_to(room),
    }
    if "{picture}" in route.path:
        places["picture"] = ann.shows_a_picture()
    path = path.format(**places) + ("?q=bob" if "q" in route.query else "")
    sender = bob if route.is_for_others else ann
    answer = sender.sends(route.method, path, headers={"X-Request-ID": "same"}, **route.request(**places))
    return answer.status, re.sub(RANDOM, "random", answer.text)


class TestPaths:
    @on_one_database
    @pytest.mark.parametrize("route", OVER_HTTP, ids=str)
    def test_a_path_answers_the_same_without_its_last_slash(self, chat: Chat, route: Route) -> None:
        status, text = asked(chat, route, route.path.rstrip("/"))
        assert status in {200, 201, 202, 204}
        if route.path.endswith("/"):
            assert asked(chat.again(), route, route.path) == (status, text)

    @pytest.mark.databases("postgres")
    @pytest.mark.parametrize("route", OVER_HTTP, ids=str)
    def test_every_route_answers_on_postgresql(self, chat: Chat, route: Route) -> None:
        assert asked(chat, route, route.path)[0] in {200, 201, 202, 204}

    @pytest.mark.parametrize("path", ["/api/auth/nothing/", "/x", "/api/auth", "/API/auth/me/", "/api//auth/me/"])
    def test_an_unknown_path_is_404_for_everybody(self, chat: Chat, ann: Person, path: str) -> None:
        for person in (chat.anyone, ann):
            answer = person.sends("GET", path)
            assert (answer.status, answer.code) == (404, "not_found")

    def test_a_repeated_path_keeps_its_routes(self, chat: Chat, ann: Person) -> None:
        path = f"/api/chat/rooms/{ann.makes_room('Kitchen')['id']}/"
        for name in ("Parlour", "Attic"):
            assert ann.patches(path, name=name).body["name"] == name
            assert ann.gets(path).body["name"] == name
            assert ann.gets("/api/chat/rooms/0/").code == "room_not_found"
            answer = ann.posts(path)
            assert (answer.status, answer.headers["Allow"]) == (405, "DELETE, GET, HEAD, OPTIONS, PATCH, PUT")

    def test_another_method_on_a_known_path_is_405(self, chat: Chat, ann: Person) -> None:
        for person in (chat.anyone, ann):
            answer = person.sends("DELETE", "/api/auth/profile/")
            assert (answer.status, answer.code) == (405, "method_not_allowed")
            assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, PATCH, PUT"


@on_one_database
class TestProblems:
    def test_a_problem_has_all_its_members(self, ann: Person) -> None:
        answer = ann.sends("GET", "/api/chat/rooms/99/", headers={"X-Request-ID": "abc-1"})
        assert answer.body == {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "Room not found.",
            "code": "room_not_found",
            "request_id": "abc-1",
        }
        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_a_problem_names_each_wrong_field_in_sentences(self, ann: Person) -> None:
        answer = ann.posts("/api/chat/rooms/", name="", description="x" * 1001)
        assert answer.body["errors"] == {
            "name": ["This can't be blank."],
            "description": ["Use at most 1000 characters."],
        }

    @pytest.mark.parametrize(
        ("languages", "is_russian"),
        [
            ("ru", True),
            ("ru-RU,ru;q=0.9,en;q=0.8", True),
            ("de,ru;q=0.5", True),
            ("RU", True),
            ("en,ru;q=0.5", False),
            ("en-GB", False),
            ("de", False),
            ("*", False),
            ("ru;q=0", False),
            ("ru;q=0,*", False),
            (None, False),
        ],
    )
    def test_a_problem_is_russian_or_english(self, ann: Person, languages: str | None, is_russian: bool) -> None:
        headers = {} if languages is None else {"Accept-Language": languages}
        for answer in (
            ann.sends("POST", "/api/chat/rooms/", json={}, headers=headers),
            ann.sends("GET", "/api/chat/rooms/99/", headers=headers),
            ann.sends("PATCH", "/nothing", headers=headers),
        ):
            sentences = [answer.body["detail"], *(text for texts in answer.errors.values() for text in texts)]
            assert [bool(re.search("[а-я]", sentence)) for sentence in sentences] == [is_russian] * len(sentences)
            assert "Accept-Language" in answer.headers["Vary"]

    def test_confirmations_are_russian_or_english(self, ann: Person) -> None:
        answer = ann.sends("POST", "/api/auth/logout/", headers={"Accept-Language": "ru"})
        assert answer.body == {"message": "Вы вышли из аккаунта."}

    def test_the_problem_of_a_bug_reveals_nothing(
        self, chat: Chat, ann: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def breaks(*_: object, **__: object) -> None:
            raise RuntimeError("SELECT secret FROM traceback")

        monkeypatch.setattr(chat.database, "execute_sql", breaks)
        response = chat.app.test_client().get("/api/auth/me/", headers={"Authorization": f"Bearer {ann.token}"})
        assert response.status_code == 500
        assert response.json is not None
        assert response.json["code"] == "internal_error"
        assert not re.search("secret|Traceback|RuntimeError|SELECT", response.text)
        assert response.headers["X-Content-Type-Options"] == "nosniff"

    def test_a_request_without_the_database_is_503(
        self, chat: Chat, ann: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_: object, **__: object) -> None:
            raise Unavailable("disk I/O error in /secret/path")

        monkeypatch.setattr(chat.database, "execute_sql", away)
        answer = ann.gets("/api/auth/me/")
        assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "unavailable", "1")
        assert "secret" not in answer.text

    def test_a_failed_write_of_presence_does_not_stop_a_read(
        self, chat: Chat, ann: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_: object) -> None:
            raise Unavailable("the disk is full")

        chat.clock.advance(60)
        monkeypatch.setattr(type(chat.app.extensions["minichat"].services.sessions), "note_activity", away)
        assert ann.gets("/api/auth/me/").status == 200

    def test_a_request_that_a_deadlock_aborted_is_retried(
        self, chat: Chat, ann: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rooms = type(chat.app.extensions["minichat"].services.rooms)
        create, conflicts = rooms.create, [Unavailable("deadlock detected", is_conflict=True)]

        def conflicts_once(*args: Any, **kwargs: Any) -> Any:
            if conflicts:
                raise conflicts.pop()
            return create(*args, **kwargs)

        monkeypatch.setattr(rooms, "create", conflicts_once)
        assert ann.posts("/api/chat/rooms/", name="Tea").status == 201
        assert not conflicts


@on_one_database
class TestRequestIds:
    @pytest.mark.parametrize("sane", ["abc-123", "A" * 128, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"])
    def test_a_valid_request_id_is_returned(self, ann: Person, sane: str) -> None:
        for path in ("/api/auth/me/", "/nothing"):
            assert ann.sends("GET", path, headers={"X-Request-ID": sane}).headers["X-Request-ID"] == sane

    @pytest.mark.parametrize("odd", ["", " ", "a b", "A" * 129, "<script>", "é", "a,b", 'a"b', "{}"])
    def test_an_invalid_request_id_is_replaced(self, ann: Person, odd: str) -> None:
        given = ann.sends("GET", "/api/auth/me/", headers={"X-Request-ID": odd}).headers["X-Request-ID"]
        assert re.fullmatch("[0-9a-f]{24}", given)

    def test_each_request_gets_a_new_id(self, ann: Person) -> None:
        assert len({ann.gets("/api/auth/me/").headers["X-Request-ID"] for _ in range(5)}) == 5


@on_one_database
class TestHeaders:
    def test_every_answer_has_the_security_headers(self, chat: Chat, ann: Person) -> None:
        # `api.document` checks the other headers, on every answer of every test.
        for answer in (ann.gets("/api/auth/me/"), chat.anyone.gets("/api/auth/me/"), ann.gets("/nothing")):
            policy = answer.headers["Content-Security-Policy"]
            assert policy == "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
            assert "Strict-Transport-Security" not in answer.headers
            assert not answer.headers.get("Set-Cookie")
            assert "Server" not in answer.headers or "Werkzeug" not in answer.headers["Server"]

    def test_hsts_is_sent_behind_tls(self, make_chat: MakeChat) -> None:
        chat = make_chat(MINICHAT_PUBLIC_URL="https://chat.example.org")
        answer = chat.anyone.gets("/healthz")
        assert re.search(r"max-age=\d{7,}", answer.headers["Strict-Transport-Security"])
        user = chat.person("ann").user
        assert user["avatar"] == "https://chat.example.org/avatars/1-A.svg"

    def test_the_pages_have_a_policy_without_inline_script(self, chat: Chat) -> None:
        page = chat.anyone.gets("/api/")
        assert page.status == 200
        policy = page.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe-inline" not in policy
        assert not re.search(r"<script(?! src=)|<style|style=|onload=", page.text)
        addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(addresses) >= 3
        for address in addresses:
            assert address.startswith("/api/")
            assert chat.anyone.gets(address).status == 200

    @pytest.mark.parametrize("name", ["x.js", "..%2f..%2fapp.py", "index.html", "swagger-ui.css.map", "../docs.py"])
    def test_only_known_files_are_served(self, chat: Chat, name: str) -> None:
        assert chat.anyone.gets(f"/api/assets/{name}").status == 404


@on_one_database
class TestHosts:
    def test_any_host_is_accepted_unless_there_is_a_list(self, make_chat: MakeChat) -> None:
        chat = make_chat(MINICHAT_ALLOWED_HOSTS="chat.example.org,.example.com")
        client = chat.app.test_client()
        for host, status in {
            "chat.example.org": 200,
            "chat.example.org:8000": 200,
            "a.example.com": 200,
            "evil.example": 400,
            "chat.example.org.evil.example": 400,
        }.items():
            response = client.get("/healthz", headers={"Host": host})
            assert response.status_code == status, host
            if status == 400:
                assert response.content_type == "application/problem+json"
                assert response.headers["X-Content-Type-Options"] == "nosniff"

    def test_urls_begin_with_the_host_of_the_request(self, chat: Chat, ann: Person) -> None:
        headers = {"Authorization": f"Bearer {ann.token}", "Host": "chat.example.org:8080"}
        me = chat.app.test_client().get("/api/auth/me/", headers=headers).json
        assert me is not None
        assert me["avatar"].startswith("http://chat.example.org:8080/avatars/")

    def test_x_forwarded_headers_count_only_behind_known_proxies(self, chat: Chat, make_chat: MakeChat) -> None:
        forwarded = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
        form = {"username": "eve", "password": "correct horse battery"}
        here = chat.anyone.sends("POST", "/api/auth/register/", json=form, headers=forwarded)
        assert here.body["user"]["avatar"] == "http://localhost/avatars/1-E.svg"
        assert chat.sql("SELECT ip FROM session").fetchone()[0] == "127.0.0.1"
        behind = make_chat(MINICHAT_TRUSTED_PROXIES="1", MINICHAT_ALLOWED_HOSTS="localhost,evil.example")
        there = behind.anyone.sends("POST", "/api/auth/register/", json=form, headers=forwarded)
        assert there.body["user"]["avatar"] == "https://evil.example/avatars/1-E.svg"
        assert behind.sql("SELECT ip FROM session").fetchone()[0] == "6.6.6.6"


@on_one_database
class TestCors:
    def preflight(self, chat: Chat, origin: str, path: str = "/api/auth/me/") -> dict[str, str]:
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,x-request-id,last-event-id",
        }
        answer = chat.anyone.sends("OPTIONS", path, headers=headers)
        assert answer.status in {200, 204}
        return {name: value for name, value in answer.headers if name.startswith("Access-Control") or name == "Vary"}

    @pytest.mark.parametrize("origin", [LOCAL, "http://127.0.0.1:3000"])
    def test_a_known_origin_may_call(self, chat: Chat, origin: str) -> None:
        allowed = self.preflight(chat, origin)
        assert allowed["Access-Control-Allow-Origin"] == origin
        assert "Origin" in allowed["Vary"]
        assert {"PUT", "PATCH", "DELETE"} <= set(allowed["Access-Control-Allow-Methods"].split(", "))
        assert {name.lower() for name in allowed["Access-Control-Allow-Headers"].split(", ")} == {
            *("authorization", "content-type", "idempotency-key", "x-request-id", "last-event-id")
        }
        assert "Access-Control-Allow-Credentials" not in allowed

    @pytest.mark.parametrize(
        "origin",
        [
            "http://evil.example",
            "null",
            "http://localhost:3000.evil.example",
            "https://localhost:3000",
            "http://localhost:30001",
            "http://LOCALHOST:3000x",
            "http://sub.localhost:3000",
            "*",
            "",
            "http://localhost.3000",
            "http://127a0b0c1:3000",
            "nullhttp://localhost:3000",
        ],
    )
    def test_an_unknown_origin_may_not_call(self, chat: Chat, ann: Person, origin: str) -> None:
        assert not [name for name in self.preflight(chat, origin) if name.startswith("Access-Control-Allow")]
        answer = ann.sends("GET", "/api/auth/me/", headers={"Origin": origin})
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]

    def test_answers_expose_the_headers_that_clients_need(self, chat: Chat, ann: Person) -> None:
        for person, path in ((ann, "/api/auth/me/"), (chat.anyone, "/api/auth/me/"), (ann, "/nothing")):
            headers = person.sends("GET", path, headers={"Origin": LOCAL}).headers
            assert headers["Access-Control-Allow-Origin"] == LOCAL
            assert "Origin" in headers["Vary"]
            exposed = set(headers["Access-Control-Expose-Headers"].split(", "))
            assert {"Link", "Retry-After", "X-Request-ID", "Idempotency-Replayed"} <= exposed

    def test_the_allowed_origins_are_a_setting(self, make_chat: MakeChat) -> None:
        chat = make_chat(MINICHAT_CORS_ORIGINS="https://chat.example.org")
        assert self.preflight(chat, "https://chat.example.org")["Access-Control-Allow-Origin"]
        assert "Access-Control-Allow-Origin" not in self.preflight(chat, LOCAL)


class TestPages:
    """Lists are plain arrays, paged by key. `Link` holds the URLs of the next and previous page (RFC 8288)."""

    @pytest.fixture
    def lists(self, chat: Chat, ann: Person) -> dict[str, list[object]]:
        """Return every list that pages by cursor, with its ids in order."""
        people = [chat.person(f"user{number}") for number in range(6)]
        everybody = [ann.id, *(person.id for person in people)]
        rooms = []
        for number in range(7):
            if number % 2:
                chat.clock.advance(1)
            rooms.append(ann.makes_room(f"{number}", with_=people)["id"])
        public = [people[0].makes_room(f"p{number}")["id"] for number in range(5)]
        strangers = [chat.person(f"xeno{number}").id for number in range(6)]
        for stranger in strangers:
            ann.deletes(f"/api/chat/rooms/{rooms[0]}/participants/{stranger}/?ban=true")
        everybody += strangers
        return {
            "/api/auth/users/": everybody,
            "/api/chat/online-users/": everybody,
            "/api/chat/rooms/": rooms[::-1],
            "/api/chat/rooms/?scope=public": public[::-1],
            f"/api/chat/rooms/{rooms[0]}/participants/": everybody[:7],
            f"/api/chat/rooms/{rooms[0]}/bans/": strangers[::-1],
        }

    @staticmethod
    def ids(body: object) -> list[object]:
        items = body["participants"] if isinstance(body, dict) else body
        assert isinstance(items, list)
        return [item.get("id") or item["user"]["id"] for item in items]

    def test_links_lead_through_the_whole_list_and_back(self, ann: Person, lists: dict[str, list[object]]) -> None:
        for (path, ids), limit in itertools.product(lists.items(), (1, 2, 3, 5, 7, 200)):
            pages, url = [], f"http://localhost{path}{'&' if '?' in path else '?'}limit={limit}"
            while True:
                answer = ann.follows(url)
                pages.append(self.ids(answer.body))
                assert len(pages[-1]) <= limit
                assert (answer.link("prev") is None) == (len(pages) == 1), path
                if answer.link("next") is None:
                    break
                url = answer.link("next") or ""
                assert f"limit={limit}" in url
                assert ("scope=public" in url) == ("scope=public" in path)
            assert [one for page in pages for one in page] == ids, path
            for page in pages[-2::-1]:
                answer = ann.follows(answer.link("prev") or "")
                assert self.ids(answer.body) == page, path

    def test_a_page_holds_50_items_by_default(self, chat: Chat, ann: Person) -> None:
        for number in range(51):
            chat.person(f"user{number}")
        first = ann.gets("/api/auth/users/")
        assert (len(first.body), len(ann.follows(first.link("next") or "").body)) == (50, 2)
        assert "Link" not in ann.gets("/api/auth/users/", limit=200).headers

    def test_a_new_item_does_not_move_the_next_page(self, chat: Chat, ann: Person) -> None:
        rooms = []
        for number in range(4):
            chat.clock.advance(1)
            rooms.append(ann.makes_room(f"{number}"))
        first = ann.gets("/api/chat/rooms/", limit=2)
        chat.clock.advance(1)
        ann.makes_room("new")
        assert [room["name"] for room in ann.follows(first.link("next") or "").body] == ["1", "0"]

    def test_links_are_complete_urls_of_the_public_address(self, make_chat: MakeChat) -> None:
        chat = make_chat(MINICHAT_PUBLIC_URL="https://chat.example.org/base")
        ann = chat.person("ann")
        chat.person("bob")
        link = ann.gets("/api/auth/users/", limit=1).link("next") or ""
        assert link.startswith("https://chat.example.org/base/api/auth/users/?limit=1&cursor=")

    def test_cursors_of_text_keys_survive_any_script(self, chat: Chat, ann: Person) -> None:
        for name in ("ёжик", "たなか", "ünal", "a_b.c-d"):
            chat.person(name)
        names, answer = [], ann.gets("/api/auth/users/", limit=1)
        while True:
            names += [person["username"] for person in answer.body]
            if not (url := answer.link("next")):
                break
            answer = ann.follows(url)
        assert names == ["a_b.c-d", "ann", "ünal", "ёжик", "たなか"]


class TestHealth:
    def test_the_process_is_alive_and_ready(self, chat: Chat) -> None:
        assert chat.anyone.gets("/healthz").body == {"status": "ok"}
        assert chat.anyone.gets("/readyz").body == {"status": "ok"}

    def test_a_process_without_its_database_is_alive_and_not_ready(self, make_new_chat: MakeChat) -> None:
        chat = make_new_chat()
        chat.sql('ALTER TABLE "change" RENAME TO gone')
        assert chat.anyone.gets("/healthz").status == 200
        answer = chat.anyone.gets("/readyz")
        assert (answer.status, answer.code) == (503, "unavailable")


@on_one_database
@pytest.mark.parametrize(
    ("languages", "detail"),
    [
        ("en-US,ru;q=0.5", "There is nothing at this address."),
        ("en-GB,ru", "There is nothing at this address."),
        ("ru-RU,en;q=0.5", "По этому адресу ничего нет."),
        ("de,ru;q=0.3,en;q=0.2", "По этому адресу ничего нет."),
        ("ru;q=0, en", "There is nothing at this address."),
        ("*", "There is nothing at this address."),
    ],
)
def test_a_language_with_a_region_is_that_language(chat: Chat, languages: str, detail: str) -> None:
    answer = chat.anyone.sends("GET", "/nowhere/", headers={"Accept-Language": languages})
    assert answer.body["detail"] == detail
