"""The security headers on every answer (W2). tests/e2e/test_serving.py tests the answers of gunicorn itself."""

import re

import pytest
from werkzeug.wrappers import Response

from api.client import PASSWORD, Chat
from api.conftest import MakeChat, on_one_database
from api.document import path_of

pytestmark = on_one_database

ALWAYS = {
    "X-Content-Type-Options": r"nosniff",
    "Referrer-Policy": r"no-referrer",
    "X-Frame-Options": r"DENY",
    "Cross-Origin-Resource-Policy": r"cross-origin|same-origin",
    "Content-Security-Policy": r"(?!.*unsafe)default-src 'none';.*frame-ancestors 'none'.*",
    "Strict-Transport-Security": r"max-age=\d{7,}; includeSubDomains",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")


@pytest.fixture
def chat(make_chat: MakeChat) -> Chat:
    return make_chat(MINICHAT_PUBLIC_URL="https://chat.example.org")


def check(response: Response) -> None:
    for name, pattern in ALWAYS.items():
        values = response.headers.getlist(name)
        assert len(values) == 1, (name, values, response)
        assert re.fullmatch(pattern, values[0]), (name, values, response)


class TestSecurityHeaders:
    def test_every_route_and_method_sends_the_security_headers(self, chat: Chat) -> None:
        ann = chat.person("ann")
        client = chat.app.test_client()
        statuses = set()
        for rule in chat.app.url_map.iter_rules():
            # A known name for a file; for any other place in a path, an id that may not exist.
            path = re.sub(r"\{(\w+)\}", lambda place: "docs.js" if "name" in place[1] else "1", path_of(rule))
            for method in METHODS:
                for headers in ({}, {"Authorization": f"Bearer {ann.token}"}):
                    with client.open(path, method=method, headers=headers) as response:
                        check(response)
                        statuses.add(response.status_code)
        assert {200, 302, 400, 401, 404, 405} <= statuses

    def test_a_304_has_the_security_headers(self, chat: Chat) -> None:
        client = chat.app.test_client()
        for path in ("/api/assets/docs.js", f"/avatars/{chat.person('ann').shows_a_picture()}.webp"):
            with client.get(path) as first, client.get(path, headers={"If-None-Match": first.headers["ETag"]}) as again:
                assert again.status_code == 304
                check(again)

    def test_a_preflight_has_the_security_headers(self, chat: Chat) -> None:
        asked = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "PUT"}
        response = chat.app.test_client().options("/api/auth/me/", headers=asked)
        assert response.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
        check(response)

    def test_a_refusal_before_routing_has_the_security_headers(self, chat: Chat) -> None:
        client = chat.app.test_client()
        large = client.post("/api/auth/login/", data=b" " * 300_000, content_type="application/json")
        hostless = client.get("/healthz", headers={"Host": "a b"})
        assert (large.status_code, hostless.status_code) == (413, 400)
        check(large)
        check(hostless)

    def test_a_server_error_has_the_security_headers(self, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise RuntimeError

        monkeypatch.setattr(chat.database, "execute_sql", fail)
        response = chat.app.test_client().post("/api/auth/login/", json={"username": "ann", "password": "x"})
        assert response.status_code == 500
        check(response)

    def test_the_pages_are_isolated_from_other_windows_and_devices(self, chat: Chat) -> None:
        page = chat.anyone.gets("/api/")
        assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in page.headers["Permissions-Policy"]

    @pytest.mark.parametrize("path", ["/", "/api/", "/admin/sign-in/"])
    def test_the_pages_run_only_our_own_scripts(self, chat: Chat, path: str) -> None:
        policy = chat.app.test_client().get(path).headers["Content-Security-Policy"]
        directives = dict(directive.strip().split(" ", 1) for directive in policy.split(";"))
        assert directives["default-src"] == "'none'"
        assert directives["script-src"] == "'self'"

    def test_answers_with_tokens_forbid_storing(self, chat: Chat) -> None:
        ann = chat.person("ann")
        for answer in (
            chat.anyone.posts("/api/auth/login/", username="ann", password=PASSWORD),
            chat.anyone.posts("/api/auth/token/refresh/", refresh=ann.refresh),
            chat.anyone.posts("/api/auth/login/", username="ann", password="wrong"),
        ):
            assert answer.headers["Cache-Control"] == "no-store"
