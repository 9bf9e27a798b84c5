"""The web client's files: their addresses, caching, compression and policy. tests/browser/ opens them in a browser."""

import gzip
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from api.client import Chat
from api.conftest import MakeChat, on_one_database
from minichat.api.web_client import WebClient

pytestmark = on_one_database

FOLDER = Path(str(files("minichat") / "web"))
FOREVER = "public, max-age=31536000, immutable"
NO_CODING: dict[str, str] = {}
GZIP = {"Accept-Encoding": "gzip, deflate, br, zstd"}


def get(chat: Chat, path: str, **options: Any) -> TestResponse:
    return chat.app.test_client().get(path, **options)


def addresses(page: str) -> list[str]:
    return re.findall(r'(?:src|href|data-main)="([^"]+)"', page)


@pytest.fixture
def base(chat: Chat) -> str:
    """The start of the addresses of the files of this version."""
    found = re.search(r'data-main="(/web/[0-9a-f]{16}/)scripts/main.js"', get(chat, "/").text)
    assert found
    return found[1]


def made_of(folder: Path, **contents: str) -> WebClient:
    needed = {"index_html": "<html>", "start_js": "", "scripts/main_js": "", "scripts/views/chat_js": ""}
    for name, content in (needed | contents).items():
        file = folder / ".".join(name.rsplit("_", 1))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return WebClient(folder, {})


class TestPage:
    def test_the_page_names_only_files_that_exist(self, chat: Chat) -> None:
        named = addresses(get(chat, "/").text)
        assert "/web/start.js" in named
        for address in named:
            assert get(chat, address).status_code == 200, address

    def test_the_page_has_no_inline_script_or_style(self, chat: Chat) -> None:
        page = get(chat, "/").text
        assert not re.search(r"<script(?![^>]* src=)|<style|\bstyle=|\bon\w+=|javascript:", page)

    def test_the_page_names_the_joined_modules_of_the_first_load_and_of_the_chat(self, tmp_path: Path) -> None:
        client = made_of(
            tmp_path,
            index_html='<html data-main="web/scripts/main.js"><script type="module" src="web/start.js"></script>',
            **{
                "scripts/main_js": 'import {app} from "./app.js";\nconst later = () => import("./later.js");\n',
                "scripts/app_js": "export const app = 1;",
                "scripts/later_js": "",
                "scripts/views/chat_js": 'import {app} from "../app.js";\nimport {room} from "./room.js";',
                "scripts/views/room_js": "export const room = 2;",
            },
        )
        page = client.index("").plain().decode()
        named = re.findall(rf'<link rel="(\w+)" href="/web/{client.digest}/([^"]+)">', page)
        assert named == [
            ("modulepreload", "scripts/joined/first.js"),
            ("modulepreload", "scripts/main.js"),
            ("later", "scripts/joined/chat.js"),
            ("later", "scripts/views/chat.js"),
        ]
        for name, expected in ((named[0][1], b"app = 1;"), (named[2][1], b"room = 2;")):
            joined = client.file(name)
            assert joined
            assert expected in joined.plain()

    def test_the_page_has_one_style_sheet_with_all_its_styles_in_their_order(self, tmp_path: Path) -> None:
        client = made_of(
            tmp_path,
            index_html="".join(f'<link rel="stylesheet" href="web/styles/{name}.css">\n  ' for name in ("b", "a")),
            **{"styles/a_css": "a { top: 0 }", "styles/b_css": "b { top: 0 }", "styles/c_css": "c { top: 0 }"},
        )
        assert re.findall("<link[^>]+>", client.index("").plain().decode()) == [
            f'<link rel="stylesheet" href="/web/{client.digest}/styles/all.css">'
        ]
        joined = client.file("styles/all.css")
        assert joined
        assert joined.plain() == b"b { top: 0 }\na { top: 0 }"

    def test_a_browser_checks_the_page_each_time_and_gets_a_304_while_it_is_the_same(self, chat: Chat) -> None:
        first = get(chat, "/")
        assert first.headers["Cache-Control"] == "no-cache"
        again = get(chat, "/", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["Cache-Control"] == "no-cache"
        assert "script-src 'self'" in again.headers["Content-Security-Policy"]

    def test_a_change_of_a_file_changes_the_page(self, tmp_path: Path) -> None:
        page = '<html data-main="web/scripts/main.js">'
        before = made_of(tmp_path, index_html=page, **{"scripts/main_js": "1"})
        after = made_of(tmp_path, index_html=page, **{"scripts/main_js": "2"})
        assert before.digest != after.digest
        assert before.index("").digest != after.index("").digest
        assert before.index("").digest != before.index("/chat").digest

    def test_the_policy_allows_our_files_alone_and_pictures_from_elsewhere(self, make_chat: MakeChat) -> None:
        def policy(**settings: str) -> dict[str, str]:
            text = get(make_chat(**settings), "/").headers["Content-Security-Policy"]
            return dict(f"{directive.strip()} ".split(" ", 1) for directive in text.split(";"))

        directives = policy()
        assert directives["script-src"].split() == directives["connect-src"].split() == ["'self'"]
        assert directives["img-src"].split() == ["'self'", "https:", "data:", "blob:"]
        assert directives["require-trusted-types-for"].split() == ["'script'"]
        for name in ("default-src", "base-uri", "form-action", "frame-ancestors", "trusted-types"):
            assert directives[name].split() == ["'none'"], name
        # Pictures of people have the public URL, and the page may be open at another address.
        assert "http://chat.lan:8000" in policy(MINICHAT_PUBLIC_URL="http://chat.lan:8000/chat")["img-src"]
        assert "http://" not in policy(MINICHAT_PUBLIC_URL="https://chat.example.org")["img-src"]


class TestFiles:
    def test_every_file_of_the_folder_has_its_type_and_may_be_kept_forever(self, chat: Chat, base: str) -> None:
        types = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
        found = [path for path in FOLDER.rglob("*") if path.suffix in types]
        assert len(found) >= 3
        for path in found:
            answer = get(chat, base + path.relative_to(FOLDER).as_posix(), headers=NO_CODING)
            assert answer.status_code == 200, path
            if path.suffix != ".js":  # tests/web/test_joined_modules.py compares the modules
                source = path.read_text(encoding="utf-8").splitlines()
                assert all(line in ("", source[number]) for number, line in enumerate(answer.text.splitlines())), path
            assert answer.mimetype == types[path.suffix]
            assert answer.mimetype_params == {"charset": "utf-8"}
            assert answer.headers["Cache-Control"] == FOREVER
            assert answer.headers["X-Content-Type-Options"] == "nosniff"

    def test_comments_that_fill_lines_are_not_sent(self, tmp_path: Path) -> None:
        script = '/**\n * The job.\n */\nlet a = "/* b */";\n  /** @type {c} */\n  let d = /** @type {e} */ (a);\n'
        client = made_of(tmp_path, **{"scripts/main_js": script, "styles/a_css": "/* f\n*/\ng { top: 0 } /* h */\n"})
        main, style = client.file("scripts/main.js"), client.file("styles/a.css")
        assert main
        assert style
        assert main.plain().decode() == '\n\n\nlet a = "/* b */";\n\n  let d = /** @type {e} */ (a);\n'
        assert style.plain().decode() == "\n\ng { top: 0 } /* h */\n"

    def test_the_folder_holds_only_files_that_are_served(self) -> None:
        unknown = [path for path in FOLDER.rglob("*") if path.is_file() and path.suffix not in {".js", ".css", ".svg"}]
        assert [path.name for path in unknown] == ["index.html"]

    def test_files_are_compressed_for_browsers_that_accept_it(self, chat: Chat, base: str) -> None:
        path = f"{base}scripts/main.js"
        packed, plain = get(chat, path, headers=GZIP), get(chat, path, headers={"Accept-Encoding": "gzip;q=0, br"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "Content-Encoding" not in plain.headers
        assert gzip.decompress(packed.data) == plain.data
        assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
        assert int(packed.headers["Content-Length"]) == len(packed.data)

    def test_a_head_request_gets_the_headers_alone(self, chat: Chat, base: str) -> None:
        for path in ("/", "/web/start.js", f"{base}scripts/main.js"):
            client = chat.app.test_client()
            head, full = client.head(path, headers=GZIP), client.get(path, headers=GZIP)
            assert (head.status_code, head.data) == (200, b"")
            for name in ("Content-Length", "Content-Type", "Content-Encoding", "ETag", "Cache-Control"):
                assert head.headers[name] == full.headers[name], (path, name)

    def test_a_browser_that_has_a_file_gets_a_304(self, chat: Chat, base: str) -> None:
        for path in ("/web/start.js", f"{base}scripts/main.js"):
            etag = get(chat, path, headers=GZIP).headers["ETag"]
            assert get(chat, path, headers={"If-None-Match": etag}).status_code == 304
            assert get(chat, path, headers={"If-None-Match": 'W/"another"'}).status_code == 200

    def test_the_emoji_of_each_language_are_found(self, chat: Chat, base: str) -> None:
        for language in ("en", "ru"):
            answer = get(chat, f"{base}emoji.{language}.json")
            assert (answer.status_code, answer.mimetype) == (200, "application/json")
            assert answer.headers["Cache-Control"] == FOREVER
            assert answer.json
            assert answer.json["groups"][0]["emoji"][0][0] == "😀"
        assert get(chat, f"{base}emoji.de.json").status_code == 404

    def test_the_files_of_another_version_are_not_found(self, chat: Chat) -> None:
        answer = get(chat, f"/web/{'0' * 16}/scripts/main.js")
        assert answer.status_code == 404
        assert answer.headers["Cache-Control"] == "no-store"

    def test_the_start_module_has_one_address_for_all_versions(self, chat: Chat) -> None:
        answer = get(chat, "/web/start.js")
        assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
        assert answer.headers["Cache-Control"] == "no-cache"

    @pytest.mark.parametrize(
        "name",
        [
            *("", "index.html", "nothing.js", "scripts", "scripts/", "../app.py", "..%2f..%2fapp.py"),
            *("scripts/../start.js", "//etc/passwd", "%00", "scripts//main.js", "Scripts/main.js", "scripts/main.js/"),
        ],
    )
    def test_only_the_files_of_the_folder_are_found(self, chat: Chat, base: str, name: str) -> None:
        assert get(chat, base + name).status_code == 404
