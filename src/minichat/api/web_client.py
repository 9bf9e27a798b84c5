"""The files of the web client, as this server sends them.

Their addresses hold a digest of all files, so browsers can keep each file forever, and one page never loads files of
two versions. All files are read once, because an upgrade may replace them on disk below a running worker. `files` sends
them.
"""

import functools
import hashlib
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from minichat.api.files import TYPES, File, digest_of, packed, without_comments
from minichat.api.joined_modules import join

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

INDEX = "index.html"
START = "start.js"
"""The one file without a digest in its address. It reports a page whose version this server does not have."""
_MAIN = "scripts/main.js"
_CHAT = "scripts/views/chat.js"
"""The part of the client that a browser loads when somebody is logged in."""
JOINED = {"scripts/joined/first.js": _MAIN, "scripts/joined/chat.js": _CHAT}
"""The files with all modules that these two need: a browser would request more than a hundred."""
_STYLES = "styles/all.css"
"""All style sheets of the page in one file: a browser shows nothing before it has them."""
_STYLE_SHEET = re.compile(r'<link rel="stylesheet" href="web/(styles/[^"/]+)">\n?\s*')
_LINK = re.compile(r'\b(href|src|data-main)="web/([^"]+)"')
_SCRIPT = '<script type="module"'
_LANGUAGES = ("en", "ru")
_REMEMBERED_PATHS = 8


class WebClient:
    def __init__(self, folder: "Traversable", made: Mapping[str, Callable[[], bytes]]) -> None:
        """Read the files of the folder. `made` are files that are made when a browser first requests them."""
        contents = {name: without_comments(name, content) for name, content in sorted(_contents(folder))}
        modules = {name: content.decode() for name, content in contents.items() if name.endswith(".js")}
        contents |= {name: content.encode() for name, content in join(modules, JOINED).items()}
        self._index, contents[_STYLES] = _with_one_style_sheet(contents.pop(INDEX).decode(), contents)
        names_and_contents = ((name.encode(), hashlib.sha256(it).digest()) for name, it in contents.items())
        self.digest = digest_of([self._index.encode(), *map(b"\0".join, names_and_contents)])
        first, later = JOINED.items()
        self._preloads = "".join(
            f'<link rel="{kind}" href="web/{name}">'
            for kind, names in (("modulepreload", first), ("later", later))
            for name in names
        )
        self._contents = contents
        self._made = made
        self._files: dict[str, File] = {}
        self.index = functools.lru_cache(_REMEMBERED_PATHS)(self._index_under)

    def file(self, name: str) -> File | None:
        """Return a file by its path in the folder, or None if there is none."""
        if name not in self._files:
            content = self._made[name]() if name in self._made else self._contents.get(name)
            if content is None:
                return None
            self._files[name] = packed(name, content, digest_of([content]) if name == START else self.digest)
        return self._files[name]

    def _index_under(self, root: str) -> File:
        """Return the page of a server that stands under the path `root`, with the addresses of the files there."""

        def address(name: str) -> str:
            return escape(f"{root}/web/{name if name == START else f'{self.digest}/{name}'}")

        def link(found: re.Match[str]) -> str:
            attribute, name = found.groups()
            return f'{attribute}="{address(name)}"' if name in self._contents else found[0]

        page = _LINK.sub(link, self._index.replace(_SCRIPT, self._preloads + _SCRIPT, 1))
        page = page.replace('data-api=""', f'data-api="{escape(root)}"', 1)
        return packed(INDEX, page.encode(), digest_of([page.encode()]))


@functools.cache
def web_client() -> WebClient:
    """Return the web client of this package. The first call takes a few milliseconds."""
    made = {f"emoji.{language}.json": functools.partial(_emoji, language) for language in _LANGUAGES}
    return WebClient(files("minichat") / "web", made)


def _emoji(language: str) -> bytes:
    from minichat.api.emoji_data import emoji_data  # late, because most workers start without a request for it

    return emoji_data(language)


def _contents(folder: "Traversable", prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield the path and the content of each file in the folder that has one of our types."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _contents(entry, f"{prefix}{entry.name}/")
        elif posixpath.splitext(entry.name)[1] in TYPES:
            yield prefix + entry.name, entry.read_bytes()


def _with_one_style_sheet(page: str, contents: Mapping[str, bytes]) -> tuple[str, bytes]:
    """Return the page with one link in place of those to its style sheets, and their joined contents."""
    joined = b"\n".join(contents[name] for name in _STYLE_SHEET.findall(page))
    link = f'<link rel="stylesheet" href="web/{_STYLES}">'
    links = iter([link])
    return _STYLE_SHEET.sub(lambda _: next(links, ""), page), joined
