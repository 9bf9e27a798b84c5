"""One definition of a host, an origin, a client's address and a path prefix."""

import pytest

from minichat.addresses import AllowedHosts, Authority, authority, client_address, host, origin, path_prefix


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("chat_api:8000", "chat_api:8000"),
        ("Chat.Example.ORG", "chat.example.org"),
        ("chat.example.org.", "chat.example.org"),
        ("chat.example.org.:80", "chat.example.org"),
        ("chat.example.org:443", "chat.example.org:443"),
        ("chat.example.org:", "chat.example.org"),
        ("chat.example.org:08080", "chat.example.org:8080"),
        ("127.0.0.1:1", "127.0.0.1:1"),
        ("localhost:65535", "localhost:65535"),
        ("[::1]", "[::1]"),
        ("[0:0:0:0:0:0:0:1]:8000", "[::1]:8000"),
        ("[2001:DB8::5]", "[2001:db8::5]"),
        ("[fe80::1%25eth0]:8000", "[fe80::1]:8000"),
        ("[fe80::1%eth0]", "[fe80::1]"),
        ("xn--80a1acny.xn--p1ai", "xn--80a1acny.xn--p1ai"),
        (f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}.:65535", f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}:65535"),
    ],
)
def test_a_host_has_one_canonical_form(written, meant):
    found = authority(written)
    assert found is not None
    assert found.text("http") == meant
    again = authority(meant)
    assert again is not None
    assert again.text("http") == meant


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "a b", " a", "a\n", "a/b", "a?b", "a#b", "a,b", "user@chat.example.org", "user:secret@a"),
        *("a..b", ".a", "a..", ".", "-a", "a-", "*", "*.a", "a:0", "a:65536", "a:99999", "a:123456", "a:8a", "a:+80"),
        *("a:80:80", "::1", "[::1", "::1]", "[]", "[::1].", "[::g]", "[127.0.0.1]", "[::1]a", "[::1]80"),
        *("чат.рф", "a\u212a", "a:８０", "a" * 64, f"{'a.' * 126}ab", "\0", "<script>", "%61"),
    ],
)
def test_a_text_that_is_no_host_is_none(text):
    assert authority(text) is None


def test_the_default_port_of_the_scheme_is_left_out():
    written = [Authority("a", port).text(scheme) for scheme in ("http", "https", "ftp") for port in (80, 443)]
    assert written == ["a", "a:443", "a:80", "a", "a:80", "a:443"]


class TestAllowedHosts:
    @pytest.mark.parametrize(
        ("name", "is_allowed"),
        [
            *(("chat.example.org", True), ("example.com", True), ("a.example.com", True), ("a.b.example.com", True)),
            *(("[::1]", True), ("chat_api", True), ("example.org", False), ("a.chat.example.org", False)),
            *(("evilexample.com", False), ("example.com.evil.example", False), ("", False), (".example.com", True)),
        ],
    )
    def test_a_name_allows_itself_and_a_leading_dot_its_subdomains(self, name, is_allowed):
        assert (name in AllowedHosts(("chat.example.org", ".example.com", "[::1]", "chat_api"))) == is_allowed

    def test_an_empty_list_allows_every_host(self):
        assert "elsewhere.example" in AllowedHosts(())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://Chat.Example.org", "https://chat.example.org"),
        ("http://chat_api:80", "http://chat_api"),
        ("https://[0::1]:3000", "https://[::1]:3000"),
        ("https://chat.example.org.", "https://chat.example.org"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("ionic://localhost:8080", "ionic://localhost:8080"),
        ("tauri://localhost", "tauri://localhost"),
        ("app://-", "app://-"),
        ("app://.", "app://."),
        ("chrome-extension://gmbmikajjgmnabiglmofipeabaddhgne", "chrome-extension://gmbmikajjgmnabiglmofipeabaddhgne"),
    ],
)
def test_an_origin_has_one_canonical_form(written, meant):
    assert origin(written) == meant


@pytest.mark.parametrize(
    "text",
    [
        *("null", "*", "", "://a", "1a://b", "file://", "https://", "https://a/", "https://a/b", "https://u@a"),
        *("https://a:", "https://a:0", "https://*.a", "https://-", "app://a/b", "app://a b", "app://*", "a b://c"),
    ],
)
def test_a_text_that_no_page_has_as_its_origin_is_none(text):
    assert origin(text) is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("198.51.100.8", "198.51.100.8"),
        ("198.51.100.8:40001", "198.51.100.8"),
        (" 198.51.100.8 ", "198.51.100.8"),
        ("[198.51.100.8]:40001", "198.51.100.8"),
        ("2001:db8::5", "2001:db8::5"),
        ("2001:0DB8:0::5", "2001:db8::5"),
        ("[2001:db8::5]", "2001:db8::5"),
        ("[2001:db8::5]:40000", "2001:db8::5"),
        ('"[2001:db8::5]:40000"', "2001:db8::5"),
        ("::ffff:198.51.100.8", "198.51.100.8"),
        ("::FFFF:198.51.100.8", "198.51.100.8"),
        ("::ffff:198.51.100.8:40001", "198.51.100.8"),
        ("[::ffff:198.51.100.8]:40001", "198.51.100.8"),
        ("::ffff:c633:6408", "198.51.100.8"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%eth0]:40000", "fe80::1"),
        ("[fe80::1%<script>]", "fe80::1"),
    ],
)
def test_a_client_has_one_address_however_a_proxy_writes_it(written, meant):
    assert client_address(written) == meant


@pytest.mark.parametrize(
    "text",
    [
        *("", "unknown", "_hidden", "_SEVKISEK", "<script>alert(1)</script>", "999.1.1.1", "a" * 300, "1" * 300),
        *("198.51.100.8:x", "198.51.100.8:", "198.51.100.8:123456", "198.51.100", "198.51.100.008", "1", "unix:"),
        *("2001:db8::5:40000", "[2001:db8::5", "2001:db8::5]", "[2001:db8::5]40000", "[]", "[::1]x", "::g"),
        *(
            "198.51.100.8, 203.0.113.9",
            "for=198.51.100.8",
            "localhost",
            "198.51.100.8/24",
            "198.51.100.8\n1",
            "١.١.١.١",
        ),
    ],
)
def test_a_text_that_is_no_address_is_none(text):
    assert client_address(text) is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("", ""), ("/", ""), ("/chat", "/chat"), ("/chat/", "/chat"), ("/..a", "/..a")),
        ("/a/b-c_d.e~f@g+1", "/a/b-c_d.e~f@g+1"),
    ],
)
def test_a_path_prefix_has_no_slash_at_its_end(written, meant):
    assert path_prefix(written) == meant


@pytest.mark.parametrize(
    "text",
    [
        *("chat", "//evil.example", "/a//b", "//", "/a/../..", "/..", "/.", "/a/./b", "/a b", "/a\r\nX: y", "/a\n"),
        *(
            '/a"b',
            "/a<b",
            "/a;b",
            "/a,b",
            "/a?b",
            "/a#b",
            "/a\\b",
            "/a%2e%2e",
            "/чат",
            "https://evil.example",
            "/a" * 101,
        ),
    ],
)
def test_a_text_that_is_no_path_prefix_is_none(text):
    assert path_prefix(text) is None


def test_a_host_without_a_port_is_a_host():
    assert host("chat_api") == "chat_api"
    assert host("chat_api:8000") is None
