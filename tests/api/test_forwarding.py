"""The client, scheme, host and path of a request, with and without proxies in front (P2)."""

import socket
from typing import Any

import pytest

from api.client import HANDSHAKE, Chat
from api.conftest import MakeChat, on_one_database
from minichat.api.forwarding import AddressMiddleware

PROXY = "10.0.0.9"


def environ_of(
    *, proxies: int = 1, hosts: tuple[str, ...] = (), public_url: str | None = None, **given: str
) -> dict[str, Any]:
    """Return the WSGI environment that the application gets for this one, from a proxy at `PROXY`."""
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], _start: object) -> list[bytes]:
        seen.update(environ)
        return []

    middleware = AddressMiddleware(
        app,
        trusted_proxies=proxies,
        allowed_hosts=hosts,
        public_url=public_url,
        first_segments={"api", "avatars", "ws", "admin", "healthz"},
    )
    usual = {
        "REMOTE_ADDR": PROXY,
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "chat.example.org",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "RAW_URI": "/api/",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/api/",
    }
    middleware({**usual, **given}, lambda *_: None)
    return seen


class TestTheClient:
    @pytest.mark.parametrize(
        ("forwarded", "client"),
        [
            ("198.51.100.8", "198.51.100.8"),
            ("198.51.100.8:40001", "198.51.100.8"),
            ("[2001:db8::5]:40000", "2001:db8::5"),
            ("::ffff:198.51.100.8", "198.51.100.8"),
            ("203.0.113.1, 198.51.100.8", "198.51.100.8"),
            ("203.0.113.1,,198.51.100.8, ,", "198.51.100.8"),
            ("203.0.113.1,198.51.100.8:40001", "198.51.100.8"),
            ('", 198.51.100.8', "198.51.100.8"),
            ('"203.0.113.1, 198.51.100.8', "198.51.100.8"),
            *((odd, PROXY) for odd in ("unknown", "_hidden", "<script>", "999.1.1.1", "a" * 300, "", " , ", "unix:")),
            ("198.51.100.8, unknown", PROXY),
            ("203.0.113.1, 198.51.100.8/24", PROXY),
        ],
    )
    def test_the_entry_of_our_proxy_is_the_client(self, forwarded: str, client: str) -> None:
        assert environ_of(HTTP_X_FORWARDED_FOR=forwarded)["REMOTE_ADDR"] == client

    @pytest.mark.parametrize(
        ("forwarded", "client"),
        [
            ("203.0.113.1, 198.51.100.8, 10.0.0.7", "198.51.100.8"),
            ("198.51.100.8, 10.0.0.7", "198.51.100.8"),
            ("198.51.100.8", "198.51.100.8"),
            ("unknown, 10.0.0.7", "10.0.0.7"),
            ("203.0.113.1, <script>, unknown", PROXY),
        ],
    )
    def test_each_trusted_proxy_adds_an_entry(self, forwarded: str, client: str) -> None:
        assert environ_of(proxies=2, HTTP_X_FORWARDED_FOR=forwarded)["REMOTE_ADDR"] == client

    @pytest.mark.parametrize(
        ("peer", "client"),
        [("::ffff:198.51.100.8", "198.51.100.8"), ("fe80::1%2", "fe80::1"), ("", ""), ("unix:", ""), ("::1", "::1")],
    )
    def test_the_peer_of_the_connection_is_an_address_too(self, peer: str, client: str) -> None:
        assert environ_of(proxies=0, REMOTE_ADDR=peer)["REMOTE_ADDR"] == client

    @pytest.mark.parametrize("name", ["FORWARDED", "X_REAL_IP", "TRUE_CLIENT_IP", "CF_CONNECTING_IP", "X_FORWARDED"])
    def test_no_other_header_names_the_client(self, name: str) -> None:
        given: dict[str, Any] = {f"HTTP_{name}": "for=203.0.113.1;proto=https;host=evil.example"}
        environ = environ_of(**given)
        assert [environ[key] for key in ("REMOTE_ADDR", "wsgi.url_scheme", "HTTP_HOST")] == [
            *(PROXY, "http", "chat.example.org")
        ]


class TestTheScheme:
    @pytest.mark.parametrize(
        ("forwarded", "scheme"),
        [
            *(("https", "https"), ("HTTPS", "https"), ("wss", "https"), ("WSS", "https"), ("ws", "http")),
            *(("http", "http"), (" https ", "https"), ("http, https", "https"), ("https,http", "http")),
            *(("ftp", "http"), ("javascript", "http"), ("", "http"), ("https://", "http"), ('"https"', "http")),
        ],
    )
    def test_the_scheme_is_http_or_https(self, forwarded: str, scheme: str) -> None:
        assert environ_of(HTTP_X_FORWARDED_PROTO=forwarded)["wsgi.url_scheme"] == scheme

    @pytest.mark.parametrize("forwarded", ["https,http", "https", "http,https,http"])
    def test_the_outermost_of_two_proxies_names_the_scheme(self, forwarded: str) -> None:
        assert environ_of(proxies=2, HTTP_X_FORWARDED_PROTO=forwarded)["wsgi.url_scheme"] == "https"

    def test_an_unknown_scheme_keeps_that_of_the_connection(self) -> None:
        given: dict[str, Any] = {"wsgi.url_scheme": "https", "HTTP_X_FORWARDED_PROTO": "gopher"}
        assert environ_of(**given)["wsgi.url_scheme"] == "https"


class TestTheHost:
    @pytest.mark.parametrize(
        ("forwarded", "host"),
        [
            *(("Chat.Example.ORG.", "chat.example.org"), ("chat_api:8000", "chat_api:8000"), ("[::1]:80", "[::1]")),
            *(("evil.example, a.example", "a.example"), (" a.example ", "a.example"), ("", "chat.example.org")),
            *(("a b", ""), ("u@a.example", ""), ("a.example/b", ""), ("<script>", ""), ("a" * 300, "")),
        ],
    )
    def test_the_proxy_names_the_host(self, forwarded: str, host: str) -> None:
        assert environ_of(HTTP_X_FORWARDED_HOST=forwarded)["HTTP_HOST"] == host

    def test_the_default_port_is_that_of_the_forwarded_scheme(self) -> None:
        given: dict[str, Any] = {"HTTP_X_FORWARDED_HOST": "a.example:443", "HTTP_X_FORWARDED_PROTO": "wss"}
        assert environ_of(**given)["HTTP_HOST"] == "a.example"

    def test_the_forwarded_port_has_no_effect(self) -> None:
        assert environ_of(HTTP_X_FORWARDED_PORT="8443")["HTTP_HOST"] == "chat.example.org"

    def test_only_allowed_hosts_are_taken_from_the_proxy(self) -> None:
        hosts = ("chat.example.org", ".example.com")
        named = [
            environ_of(hosts=hosts, HTTP_X_FORWARDED_HOST=name)["HTTP_HOST"] for name in ("A.Example.com.", "b.example")
        ]
        assert named == ["a.example.com", ""]

    @pytest.mark.parametrize(
        ("target", "host"),
        [
            *(("http://a.example/api/", "a.example"), ("https://A.Example:443", "a.example:443"), ("http:///api/", "")),
            *(("http://user@a.example/", ""), ("http://[::1/", ""), ("a.example:443", ""), ("*", "chat.example.org")),
        ],
    )
    def test_a_complete_url_as_target_replaces_the_host(self, target: str, host: str) -> None:
        assert environ_of(RAW_URI=target)["HTTP_HOST"] == host

    @pytest.mark.parametrize("given", [{"HTTP_HOST": ""}, {"HTTP_HOST": "", "HTTP_X_FORWARDED_HOST": " "}])
    def test_only_http_1_0_may_name_no_host(self, given: dict[str, Any]) -> None:
        """HAProxy's health check does that, if nobody configures it."""
        assert environ_of(**given)["HTTP_HOST"] == ""
        old: dict[str, Any] = {**given, "SERVER_PROTOCOL": "HTTP/1.0"}
        assert environ_of(**old)["HTTP_HOST"] == "127.0.0.1:8000"
        assert environ_of(**old, SERVER_NAME="::1")["HTTP_HOST"] == "[::1]:8000"
        assert environ_of(**old, hosts=(".example.com", "a.example"))["HTTP_HOST"] == "a.example"
        assert environ_of(**old, hosts=(".example.com",))["HTTP_HOST"] == "example.com"
        assert environ_of(**old, public_url="https://b.example:8443/c")["HTTP_HOST"] == "b.example:8443"
        assert environ_of(**old, SERVER_NAME="/run/minichat.sock", SERVER_PORT="")["HTTP_HOST"] == ""


class TestThePath:
    @pytest.mark.parametrize(
        ("given", "root", "path"),
        [
            ({"PATH_INFO": "/chat/api/"}, "", "/chat/api/"),
            ({"PATH_INFO": "/api/", "HTTP_X_FORWARDED_PREFIX": "/chat"}, "/chat", "/api/"),
            ({"PATH_INFO": "/chat/api/", "HTTP_X_FORWARDED_PREFIX": "/chat"}, "/chat", "/api/"),
            ({"PATH_INFO": "/chat/api/", "HTTP_X_FORWARDED_PREFIX": "/chat/"}, "/chat", "/api/"),
            ({"PATH_INFO": "/chat", "HTTP_X_FORWARDED_PREFIX": "/chat"}, "/chat", "/"),
            ({"PATH_INFO": "/chatter/api/", "HTTP_X_FORWARDED_PREFIX": "/chat"}, "/chat", "/chatter/api/"),
            ({"PATH_INFO": "/api/", "HTTP_X_FORWARDED_PREFIX": "/evil, /chat"}, "/chat", "/api/"),
            ({"PATH_INFO": "/api/", "HTTP_X_FORWARDED_PREFIX": "/"}, "", "/api/"),
            ({"PATH_INFO": "/api/", "SCRIPT_NAME": "/chat"}, "/chat", "/api/"),
            ({"PATH_INFO": "/chat/api/", "SCRIPT_NAME": "/chat"}, "/chat", "/chat/api/"),
            ({"PATH_INFO": "api/", "SCRIPT_NAME": "/chat/"}, "/chat", "/api/"),
            ({"PATH_INFO": "ter/api/", "SCRIPT_NAME": "/chat"}, "/chat", "/chatter/api/"),
            ({"PATH_INFO": "/api/", "SCRIPT_NAME": "/in", "HTTP_X_FORWARDED_PREFIX": "/out"}, "/out/in", "/api/"),
            ({"PATH_INFO": "/api/", "SCRIPT_NAME": "/in", "HTTP_X_FORWARDED_PREFIX": "/out/in"}, "/out/in", "/api/"),
            ({"PATH_INFO": "/api/", "public_url": "https://a.example/chat"}, "/chat", "/api/"),
            ({"PATH_INFO": "/chat/api/", "public_url": "https://a.example/chat"}, "/chat", "/api/"),
            ({"SCRIPT_NAME": "/chat", "public_url": "https://a.example/chat"}, "/chat", "/api/"),
            ({"SCRIPT_NAME": "/in", "public_url": "https://a.example/out/in"}, "/out/in", "/api/"),
            ({"SCRIPT_NAME": "/chat", "public_url": "https://a.example"}, "/chat", "/api/"),
            ({"HTTP_X_FORWARDED_PREFIX": "/in", "public_url": "https://a.example/chat"}, "/in", "/api/"),
            (
                {"PATH_INFO": "/x/admin/", "HTTP_X_FORWARDED_PREFIX": "/x", "public_url": "https://a.example"},
                "/x",
                "/x/admin/",
            ),
        ],
    )
    def test_the_path_is_below_the_prefix(self, given: dict[str, Any], root: str, path: str) -> None:
        environ = environ_of(**given)
        assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == (root, path)

    @pytest.mark.parametrize(
        ("given", "path"),
        [
            ("/api/auth/me/", "/api/auth/me/"),
            ("/api/api/auth/me/", "/api/auth/me/"),
            ("/api/", "/api/"),
            ("/api/api/", "/api/"),
            ("/api", "/api"),
            ("/api/healthz", "/healthz"),
            ("/healthz", "/healthz"),
            ("/api/openapi.json", "/api/openapi.json"),
        ],
    )
    def test_a_prefix_that_begins_our_own_paths_is_removed_if_one_of_them_remains(self, given: str, path: str) -> None:
        environ = environ_of(PATH_INFO=given, public_url="https://a.example/api")
        assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/api", path)

    def test_each_trusted_proxy_reports_the_part_that_it_removed(self) -> None:
        environ = environ_of(proxies=2, HTTP_X_FORWARDED_PREFIX="/evil, /out/, /in")
        assert environ["SCRIPT_NAME"] == "/out/in"

    @pytest.mark.parametrize(
        "hostile",
        [
            *("//evil.example", "/a/../..", "/a\r\nSet-Cookie: a=b", "https://evil.example", "/\\evil.example", "/a b"),
            *('/"><script>', "/%2f%2fevil.example", "/a;Path=/", "/a//b", "/" + "a" * 300, "chat"),
        ],
    )
    def test_a_prefix_that_is_no_path_has_no_effect(self, hostile: str) -> None:
        assert environ_of(HTTP_X_FORWARDED_PREFIX=hostile)["SCRIPT_NAME"] == ""
        assert environ_of(SCRIPT_NAME=hostile, HTTP_X_FORWARDED_PREFIX="/chat")["SCRIPT_NAME"] == "/chat"


def test_nothing_is_taken_from_a_proxy_that_is_not_trusted() -> None:
    plain = environ_of(proxies=0)
    forged: dict[str, Any] = {
        "HTTP_X_FORWARDED_FOR": "203.0.113.1",
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_FORWARDED_HOST": "evil.example",
        "HTTP_X_FORWARDED_PREFIX": "/chat",
    }
    assert environ_of(proxies=0, **forged) == {**plain, **forged}


@on_one_database
class TestRequests:
    @pytest.mark.parametrize(
        ("host", "status"),
        [
            *(("chat.example.org", 200), ("Chat.Example.ORG", 200), ("chat.example.org.", 200), ("chat_api:8000", 200)),
            *(("[::1]:8000", 200), ("[0::1]", 200), ("a.example.com:8000", 200), ("evil.example", 400), ("", 400)),
            *(("chat.example.org.evil.example", 400), ("user@chat.example.org", 400), ("chat.example.org:0", 400)),
            *(("chat.example.org,evil.example", 400), ("chat.example.org evil.example", 400), ("a" * 8_000, 400)),
        ],
    )
    def test_the_settings_and_the_requests_have_one_definition_of_a_host(
        self, make_chat: MakeChat, host: str, status: int
    ) -> None:
        chat = make_chat(MINICHAT_ALLOWED_HOSTS="CHAT.example.org.,.example.com,[0:0::1],chat_api")
        response = chat.app.test_client().get("/healthz", headers={"Host": host})
        assert response.status_code == status
        if status == 400:
            assert response.content_type == "application/problem+json"

    @pytest.mark.parametrize("scheme", ["wss", "WSS", "https"])
    def test_urls_have_the_scheme_that_the_client_used(self, behind: Chat, scheme: str) -> None:
        ann = behind.person("ann")
        answer = ann.sends("GET", "/api/auth/me/", headers={"X-Forwarded-Proto": scheme})
        assert answer.body["avatar"] == "https://localhost/avatars/1-A.svg"

    @pytest.mark.parametrize(
        ("scheme", "origin", "status"),
        [
            *(("wss", "https://localhost", 400), ("WSS", "https://LocalHost", 400), ("ws", "http://localhost", 400)),
            *(("ws", "https://localhost", 403), ("wss", "http://localhost", 403), ("wss", "https://evil.example", 403)),
        ],
    )
    def test_a_page_of_the_forwarded_address_opens_sockets(
        self, behind: Chat, scheme: str, origin: str, status: int
    ) -> None:
        """The check of the origin precedes that of the cursor, which is wrong."""
        ann = behind.person("ann")
        room = ann.makes_room("Kitchen")
        headers = {"X-Forwarded-Proto": scheme, "Origin": origin, "X-Forwarded-Host": "LOCALHOST.", **HANDSHAKE}
        with socket.socket() as connection:
            environ = {"gunicorn.socket": connection, "SERVER_PROTOCOL": "HTTP/1.1"}
            answer = ann.sends("GET", f"/ws/chat/{room['id']}/?after=none", headers=headers, environ_overrides=environ)
        assert answer.status == status

    def test_sessions_and_the_audit_log_show_one_form_of_an_address(self, behind: Chat) -> None:
        behind.person("ann")
        body = {"username": "ann", "password": "correct horse battery"}
        for forwarded in ("198.51.100.8:40001", "[2001:db8::5]:40000", "<script>", "::ffff:198.51.100.8", "a" * 300):
            answer = behind.anyone.sends("POST", "/api/auth/login/", json=body, headers={"X-Forwarded-For": forwarded})
            assert answer.status == 200, answer
        shown = behind.sql("SELECT ip FROM session ORDER BY id").fetchall()
        logged = behind.sql("SELECT ip FROM audit WHERE event = 'session.opened' ORDER BY id").fetchall()
        addresses = [("198.51.100.8",), ("2001:db8::5",), ("127.0.0.1",), ("198.51.100.8",), ("127.0.0.1",)]
        assert shown[1:] == logged == addresses

    @pytest.fixture
    def behind(self, make_chat: MakeChat) -> Chat:
        """A chat behind one proxy at 127.0.0.1."""
        return make_chat(MINICHAT_TRUSTED_PROXIES="1")
