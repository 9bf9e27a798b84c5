"""The chat under a path such as `/chat`: every address in every answer begins with it, and every address works.

The path comes from the public URL, from a trusted proxy that reports what it removes, or from the server's SCRIPT_NAME.
tests/e2e/test_under_a_path.py has a real proxy and a browser.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse
from werkzeug.wrappers import Response

from api.client import PASSWORD, Chat
from api.conftest import MakeChat, on_one_database
from api.document import path_of
from api.routes import OVER_HTTP, Route

pytestmark = on_one_database

ROOT = "/chat"
ELSEWHERE = "https://example.com/e.png"
"""The picture of a profile, which is on another server."""


class Entrance(NamedTuple):
    """One way to stand under a path."""

    settings: Mapping[str, str]
    base: str
    """The start of complete URLs."""
    path: str = ROOT
    """The start of the paths that reach the application."""
    headers: Mapping[str, str] = {}
    address: str = "http://localhost"


PUBLIC_URL = {"MINICHAT_PUBLIC_URL": "https://example.org/chat"}
ENTRANCES = {
    "public URL, and the proxy passes the path on": Entrance(PUBLIC_URL, "https://example.org/chat"),
    "public URL, and the proxy removes the path": Entrance(PUBLIC_URL, "https://example.org/chat", path=""),
    "a trusted proxy reports the path that it removes": Entrance(
        {"MINICHAT_TRUSTED_PROXIES": "1"}, "http://localhost/chat", path="", headers={"X-Forwarded-Prefix": ROOT}
    ),
    "a trusted proxy reports the path and passes it on": Entrance(
        {"MINICHAT_TRUSTED_PROXIES": "1"}, "http://localhost/chat", headers={"X-Forwarded-Prefix": ROOT}
    ),
    "SCRIPT_NAME": Entrance({}, "http://localhost/chat", path="", address="http://localhost/chat"),
}


class Client:
    """A browser at one entrance. It keeps no cookies, unless `cookie` holds some."""

    def __init__(self, chat: Chat, entrance: Entrance) -> None:
        self.chat = chat
        self.entrance = entrance
        self.cookie = ""
        self._client: FlaskClient = chat.app.test_client(use_cookies=False)

    def opens(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **kwargs: Any) -> TestResponse:
        """Send a request to a path below the root, and check every address in the answer."""
        given = {**self.entrance.headers, "Cookie": self.cookie, **(headers or {})}
        target, _, query = f"{self.entrance.path}{path}".partition("?")
        response = self._client.open(
            target, method=method, query_string=query, base_url=self.entrance.address, headers=given, **kwargs
        )
        for address in addresses_in(response):
            is_complete = address.startswith(("http:", "https:"))
            start = self.entrance.base if is_complete else ROOT
            assert address == ELSEWHERE or f"{address}/".startswith(f"{start}/"), (method, path, address)
        return response

    def follows(self, address: str) -> TestResponse:
        return self.opens("GET", address.removeprefix(self.entrance.base).removeprefix(ROOT))


def addresses_in(response: Response) -> Iterator[str]:
    """Yield the complete URLs and the paths in an answer: its headers, its JSON, its page."""
    headers = response.headers
    yield from re.findall("<([^>]+)>", headers.get("Link", ""))
    yield from filter(None, [headers.get("Location")])
    yield from re.findall(r"[Pp]ath=([^;]+)", headers.get("Set-Cookie", ""))
    body = response.get_json(silent=True) if response.is_json else None
    if isinstance(body, dict) and "servers" in body:  # the OpenAPI document, which has examples, too
        yield from (server["url"] for server in body["servers"])
    elif response.is_json or response.mimetype == "text/event-stream":
        yield from re.findall(r'"(https?://[^"]+)"', response.get_data(as_text=True))
    if response.mimetype == "text/html":
        found = re.findall(r'(?:src|href|action|data-main)="([^"]*)"', response.get_data(as_text=True))
        yield from (address for address in found if not address.startswith(("#", "?", "data:", "javascript:")))


@pytest.fixture(params=list(ENTRANCES.values()), ids=list(ENTRANCES))
def client(request: pytest.FixtureRequest, make_chat: MakeChat) -> Client:
    return Client(make_chat(**request.param.settings), request.param)


def test_every_address_in_every_answer_begins_with_the_path(make_chat: MakeChat) -> None:
    entrance = ENTRANCES["public URL, and the proxy passes the path on"]
    client = Client(make_chat(**entrance.settings), entrance)
    paged: set[str] = set()
    ann, bob = client.chat.people("ann", "bob")
    picture = bob.shows_a_picture()
    for route in (one for one in OVER_HTTP if one.path != "/metrics"):
        ann.deletes(f"/api/chat/users/{bob.id}/block/")  # of the route before
        room = ann.makes_room("Kitchen", with_=[bob])
        ann.says("hello", in_=room)
        message = ann.says("hello again", in_=room)
        places = {"room": room["id"], "message": message["id"], "other": bob.id, "session": ann.session_id}
        places |= ann.invitation_to(room)
        path = route.path.format(**places, picture=picture)
        path += "?q=b" if "q" in route.query else "?limit=1" if "limit" in route.query else ""
        headers = {"Authorization": f"Bearer {(bob if route.is_for_others else ann).token}"}
        with client.opens(
            route.method, path, headers=headers, **route.request(**places, refresh=ann.refresh)
        ) as response:
            assert response.status_code in {200, 201, 202, 204, 409}, (route, response.get_data(as_text=True))
            paged.update({route.path} if "Link" in response.headers else ())
        if ends_the_session(route):
            client.chat = client.chat.again()
            ann, bob = client.chat.people("ann", "bob")
            picture = bob.shows_a_picture()
    assert len(paged) >= 5


def ends_the_session(route: Route) -> bool:
    return "password" in (route.body or {}) or any(
        part in route.path for part in ("logout", "sessions", "refresh", "confirm")
    )


def test_every_path_is_found_under_the_prefix_as_without_it(client: Client) -> None:
    for rule in client.chat.app.url_map.iter_rules():
        path = re.sub(r"\{(\w+)\}", lambda place: "docs.js" if "name" in place[1] else "1", path_of(rule))
        with client.opens("GET", path) as below, client.chat.app.test_client().get(path) as plain:
            assert (below.status_code, below.mimetype) == (plain.status_code, plain.mimetype), path
    assert client.opens("GET", "/nothing").status_code == 404


@pytest.mark.parametrize("path", ["/", ""])
def test_the_web_client_names_its_files_and_the_api_under_the_path(client: Client, path: str) -> None:
    with client.opens("GET", path) as page:
        found = list(addresses_in(page))
        assert f'data-api="{ROOT}"' in page.get_data(as_text=True)
    assert f"{ROOT}/web/start.js" in found
    assert len(found) >= 4
    for address in found:
        with client.follows(address) as file:
            assert file.status_code == 200, address


def test_the_documentation_names_its_files_under_the_path(client: Client) -> None:
    with client.opens("GET", "/api/") as page:
        found = list(addresses_in(page))
    assert len(found) == 5
    for address in found:
        with client.follows(address) as file:
            assert file.status_code == 200, address


def test_the_document_names_the_server_under_its_path(client: Client) -> None:
    servers = [server["url"] for server in client.opens("GET", "/api/openapi.json").json["servers"]]  # type: ignore[index]
    assert servers[0] == client.entrance.base
    assert servers[1:] in ([], [ROOT])


def test_pictures_are_found_at_the_addresses_of_the_answers(client: Client) -> None:
    ann = client.chat.person("ann")
    headers = {"Authorization": f"Bearer {ann.token}"}
    for kind in ("image/svg+xml", "image/webp"):
        avatar = client.opens("GET", "/api/auth/me/", headers=headers).json["avatar"]  # type: ignore[index]
        with client.follows(avatar) as picture:
            assert (picture.status_code, picture.mimetype) == (200, kind)
        changed = client.opens("PATCH", "/api/auth/profile/", headers=headers, json={"avatar": avatar})
        assert changed.json["avatar"] == avatar  # type: ignore[index]
        ann.shows_a_picture()


def test_an_administrator_signs_in_acts_and_signs_out(client: Client) -> None:
    client.chat.person("ann")
    client.chat.app.extensions["minichat"].services.registration.create_superuser("root", PASSWORD)

    def submit(page: str, path: str, **fields: str) -> TestResponse:
        shown = client.opens("GET", page)
        client.cookie = shown.headers.get("Set-Cookie", client.cookie).partition(";")[0]
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', shown.text)
        assert token
        answer = client.opens("POST", path, data={**fields, "csrf_token": token[1]})
        client.cookie = answer.headers.get("Set-Cookie", client.cookie).partition(";")[0]
        return answer

    to_sign_in = client.opens("GET", "/admin/people/").headers["Location"]
    assert to_sign_in == f"{ROOT}/admin/sign-in/?back={ROOT}/admin/people/"
    entered = submit("/admin/sign-in/", "/admin/sign-in/", username="root", password=PASSWORD)
    assert entered.headers["Location"] == f"{ROOT}/admin/people/"
    assert f"Path={ROOT}/admin;" in f"{entered.headers['Set-Cookie']};"
    people = client.follows(entered.headers["Location"])
    assert "ann" in people.text
    for address in addresses_in(people):
        with client.follows(address) as found:
            is_of_a_form = any(part in address for part in ("/language/", "/sign-out/"))
            assert found.status_code in ({404} if is_of_a_form else {200, 302}), address
    [page_of_ann] = [address for address in addresses_in(people) if "/admin/people/1/" in address]
    [disable] = [address for address in addresses_in(client.follows(page_of_ann)) if "/disable/" in address]
    acted = submit(disable.removeprefix(ROOT), disable.removeprefix(ROOT))
    assert acted.headers["Location"].startswith(f"{ROOT}/admin/people/")
    assert "ann is disabled" in client.follows(acted.headers["Location"]).text
    assert submit("/admin/people/", "/admin/sign-out/").headers["Location"] == f"{ROOT}/admin/sign-in/"
    assert client.opens("GET", "/admin/people/").status_code == 302


def test_events_hold_addresses_under_the_path(client: Client) -> None:
    ann, bob = client.chat.people("ann", "bob")
    start = ann.gets("/api/chat/sync/").body["cursor"]
    ann.says("hello", in_=ann.makes_room("Kitchen", with_=[bob]))
    headers = {"Authorization": f"Bearer {ann.token}"}
    for path in ("sync", "events"):
        with client.opens("GET", f"/api/chat/{path}/?after={start}", headers=headers) as answer:
            assert f"{client.entrance.base}/avatars/" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "hostile", ["//evil.example", "/a/../..", "https://evil.example", "/\\evil.example", '/"><script>', "/a;Path=/"]
)
def test_a_hostile_prefix_leads_nowhere(make_chat: MakeChat, hostile: str) -> None:
    for settings in ({"MINICHAT_TRUSTED_PROXIES": "1"}, {}):
        client = make_chat(**settings).app.test_client()
        headers = {"X-Forwarded-Prefix": hostile}
        assert 'data-api=""' in client.get("/", headers=headers).text
        assert "evil" not in client.get("/", headers=headers).text
        assert client.get("/admin/", headers=headers).headers["Location"] == "/admin/sign-in/"
        assert "evil" not in client.get("/api/", headers=headers).text
        assert "Path=/admin;" in f"{client.get('/admin/sign-in/', headers=headers).headers['Set-Cookie']};"
        document = client.get("/api/openapi.json", headers=headers).json
        assert document is not None
        assert document["servers"] == [{"url": "http://localhost"}]


def test_a_prefix_from_a_client_has_no_effect_without_a_trusted_proxy(chat: Chat) -> None:
    response = chat.app.test_client().get("/", headers={"X-Forwarded-Prefix": "/chat"})
    assert 'src="/web/start.js"' in response.text


def test_a_prefix_from_a_proxy_does_not_change_the_public_url(make_chat: MakeChat) -> None:
    chat = make_chat(MINICHAT_PUBLIC_URL="https://chat.example.org", MINICHAT_TRUSTED_PROXIES="1")
    ann = chat.person("ann")
    headers = {"X-Forwarded-Prefix": "/intern"}
    assert (
        ann.sends("GET", "/api/auth/me/", headers=headers).body["avatar"] == "https://chat.example.org/avatars/1-A.svg"
    )
    assert 'src="/intern/web/start.js"' in chat.app.test_client().get("/", headers=headers).text
