"""CORS (W1): files for every origin, everything else for the listed ones, and no answer that a cache could mix up."""

import re

import pytest
from werkzeug.wrappers import Response

from api.client import Chat
from api.conftest import MakeChat, on_one_database
from api.document import path_of
from minichat.domain.errors import Unavailable

pytestmark = on_one_database

LOCAL, EVIL = "http://localhost:3000", "https://evil.example"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")
FOR_ALL = {"avatars.get_placeholder", "avatars.get_picture", "docs.asset", "web.start", "web.file"}
"""The routes of pictures and of the files of pages."""


def allows(response: Response) -> list[str]:
    assert "Access-Control-Allow-Credentials" not in response.headers
    return response.headers.getlist("Access-Control-Allow-Origin")


def varies_by_origin(response: Response) -> bool:
    """Whether the answer says so, once, and in one header, since many programs read only the first."""
    lines = response.headers.getlist("Vary")
    assert len(lines) <= 1, lines
    return [name for line in lines for name in re.split(", *", line)].count("Origin") == 1


def check_depends_on_origin(response: Response, origin: str | None) -> None:
    assert varies_by_origin(response), (response, response.headers)
    assert allows(response) == ([LOCAL] if origin == LOCAL else []), response


def check_is_for_all(response: Response) -> None:
    assert "Origin" not in response.headers.get("Vary", "")
    assert allows(response) == ["*"]
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_every_route_and_method_says_on_what_its_answer_depends(chat: Chat) -> None:
    ann = chat.person("ann")
    client = chat.app.test_client()
    statuses, for_all = set(), set()
    for rule in chat.app.url_map.iter_rules():
        path = re.sub(r"\{(\w+)\}", lambda place: "docs.js" if "name" in place[1] else "1", path_of(rule))
        for method in METHODS:
            for number, origin in enumerate((None, LOCAL, EVIL)):
                headers = {} if origin is None else {"Origin": origin}
                if number:
                    headers["Authorization"] = f"Bearer {ann.token}"
                with client.open(path, method=method, headers=headers) as response:
                    statuses.add(response.status_code)
                    if rule.endpoint in FOR_ALL and method in {"GET", "HEAD", "OPTIONS"}:
                        check_is_for_all(response)
                        for_all.add(rule.endpoint)
                    else:
                        check_depends_on_origin(response, origin)
    assert {200, 302, 400, 401, 404, 405} <= statuses
    assert for_all == FOR_ALL


def test_an_avatar_that_a_page_has_shown_can_be_fetched_by_another_page(chat: Chat) -> None:
    """The image sends no `Origin`, and a cache keeps the answer for a year, for everybody."""
    client = chat.app.test_client()
    for path in (f"/avatars/{chat.person('ann').shows_a_picture()}.webp", "/avatars/1-A.svg", "/api/assets/docs.js"):
        with client.get(path) as first, client.get(path, headers={"Origin": EVIL}) as second:
            for response in (first, second):
                assert response.status_code == 200
                assert "public" in response.headers["Cache-Control"] or "max-age" in response.headers["Cache-Control"]
                check_is_for_all(response)
            tag = first.headers.get("ETag", "none")
        with client.get(path, headers={"If-None-Match": tag}) as again:
            assert again.status_code == (200 if tag == "none" else 304)
            check_is_for_all(again)
    with client.get("/avatars/nothing.webp") as missing:
        assert missing.status_code == 404
        check_is_for_all(missing)


def test_a_page_that_sends_its_token_with_every_request_may_fetch_an_avatar(chat: Chat) -> None:
    asked = {
        "Origin": EVIL,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,x-request-id",
    }
    response = chat.app.test_client().options("/avatars/1-A.svg", headers=asked)
    check_is_for_all(response)
    assert response.status_code == 200
    named = {name.lower() for name in response.headers["Access-Control-Allow-Headers"].split(", ")}
    assert {"authorization", "x-request-id"} <= named
    assert "GET" in response.headers["Access-Control-Allow-Methods"]


def test_a_preflight_allows_the_headers_of_the_api_and_not_those_of_tracing(chat: Chat) -> None:
    """As Sentry and OpenTelemetry add them to requests to every host (getsentry/sentry-javascript#6077)."""
    asked = {
        "Origin": LOCAL,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,baggage,content-type,sentry-trace,traceparent",
    }
    response = chat.app.test_client().options("/api/chat/messages/", headers=asked)
    assert (response.status_code, allows(response)) == (200, [LOCAL])
    assert response.headers["Access-Control-Allow-Headers"] == "authorization, content-type"


@pytest.mark.parametrize("origin", [None, LOCAL, EVIL])
def test_a_refused_request_says_on_what_its_answer_depends(chat: Chat, origin: str | None) -> None:
    client = chat.app.test_client()
    headers = {} if origin is None else {"Origin": origin}
    large = {"data": b" " * 300_000, "content_type": "application/json"}
    for status, response in (
        (413, client.post("/api/auth/login/", headers=headers, **large)),
        (415, client.post("/api/auth/login/", headers=headers, data="a=b", content_type="text/plain")),
        (400, client.get("/healthz", headers={**headers, "Host": "a b"})),
        (401, client.get("/api/chat/events/", headers=headers)),
        (404, client.get("/nothing", headers=headers)),
        (404, client.get("/metrics", headers={**headers, "X-Forwarded-For": "1"})),
    ):
        assert response.status_code == status
        check_depends_on_origin(response, origin)


@pytest.mark.parametrize("origin", [None, LOCAL])
def test_a_failure_says_on_what_its_answer_depends(
    chat: Chat, origin: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {} if origin is None else {"Origin": origin}
    for error, status in ((Unavailable("away"), 503), (RuntimeError("a bug"), 500)):

        def fail(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        monkeypatch.setattr(chat.database, "execute_sql", fail)
        response = chat.app.test_client().get("/readyz", headers=headers)
        login = chat.app.test_client().post(
            "/api/auth/login/", headers=headers, json={"username": "ann", "password": "x"}
        )
        assert login.status_code == status
        for one in (response, login):
            check_depends_on_origin(one, origin)


@pytest.mark.parametrize("origin", [None, LOCAL])
def test_a_stream_says_on_what_its_answer_depends(chat: Chat, origin: str | None) -> None:
    headers = {"Authorization": f"Bearer {chat.person('ann').token}"} | ({} if origin is None else {"Origin": origin})
    for path in ("/api/chat/events/", "/api/chat/sync/", "/api/auth/me/export/"):
        with chat.app.test_client().get(path, headers=headers) as response:
            assert response.status_code == 200
            check_depends_on_origin(response, origin)


def test_a_throttled_request_says_on_what_its_answer_depends(make_chat: MakeChat) -> None:
    chat = make_chat(MINICHAT_RATE_LIMITS="on")
    chat.often(10_000, "POST", "/api/auth/login/")
    for origin in (None, LOCAL):
        headers = {} if origin is None else {"Origin": origin}
        response = chat.app.test_client().post("/api/auth/login/", headers=headers)
        assert response.status_code == 429
        check_depends_on_origin(response, origin)


def test_a_page_with_a_cookie_says_on_what_its_answer_depends(chat: Chat) -> None:
    page = chat.app.test_client().get("/admin/sign-in/")
    assert set(page.headers["Vary"].split(", ")) == {"Origin", "Cookie"}


def test_the_shell_of_an_app_may_call_if_it_is_listed(make_chat: MakeChat) -> None:
    shells = ["capacitor://localhost", "ionic://localhost", "tauri://localhost", "app://-"]
    client = make_chat(MINICHAT_CORS_ORIGINS=",".join(shells).upper()).app.test_client()
    for origin in (*shells, "app://other", "capacitor://localhost:1"):
        response = client.get("/api/auth/me/", headers={"Origin": origin})
        assert allows(response) == ([origin] if origin in shells else [])
