"""`make screenshots`: the pictures of the README, taken of the story in Debian's Chromium.

The story is told at a fixed time, and the browser's clock stands at that time, so every run takes the same pictures.
The fonts are Debian's, because a browser without them shows boxes. This program knows the page's log-in form and the
names of rooms, and nothing else of the client.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Literal, NamedTuple
from unittest import mock

from PIL import Image
from playwright.sync_api import Browser, Page

from commands import run_minichat
from e2e.browsers import SECONDS, chromium
from minichat import wiring
from minichat.story import PASSWORD
from servers import RunningServer, serving

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
TOLD_AT = 1_795_525_200_000
"""2026-11-24T13:00:00Z, a Tuesday."""
QUALITY = 82
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <cachedir>{folder}</cachedir>
  <alias binding="strong"><family>system-ui</family><prefer><family>Inter</family></prefer></alias>
  <alias binding="strong"><family>sans-serif</family><prefer><family>Inter</family></prefer></alias>
  <alias binding="strong"><family>emoji</family><prefer><family>Noto Color Emoji</family></prefer></alias>
  <include ignore_missing="yes">/etc/fonts/conf.d</include>
</fontconfig>
"""


class Picture(NamedTuple):
    name: str
    room: str
    scheme: Literal["light", "dark"]
    width: int
    height: int
    scale: float
    typist: str
    """The person who is typing."""
    is_phone: bool = False


PICTURES = (
    Picture("desktop-light", "Backend", "light", 1280, 800, 1.5, "misha"),
    Picture("desktop-dark", "Backend", "dark", 1280, 800, 1.5, "misha"),
    Picture("phone", "Launch 3.0 🚀", "light", 390, 780, 2, "sofia", is_phone=True),
)


def take_all(folder: Path) -> None:
    """Take all pictures into the folder."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, story_server(Path(name)) as server:
        fonts = Path(name) / "fonts.conf"
        fonts.write_text(FONTS.format(folder=f"{name}/fonts"), encoding="utf-8")
        with chromium(FONTCONFIG_FILE=str(fonts)) as browser:
            for picture in PICTURES:
                file = folder / f"{picture.name}.webp"
                file.write_bytes(compressed(taken(browser, server, picture)))
                print(f"{file.stat().st_size:>7} {file}")  # noqa: T201 - a program


@contextmanager
def story_server(folder: Path) -> Iterator[RunningServer]:
    """Serve the story, told at the fixed time."""
    with mock.patch.object(wiring, "now", return_value=TOLD_AT):
        told = run_minichat(folder, "demo", "--story")
    assert told.returncode == 0, told.stderr
    with serving(folder, rate_limits="off", log_level="warning") as server:
        yield server


def taken(browser: Browser, server: RunningServer, picture: Picture) -> bytes:
    """Log in, open the room, wait until all is there, and return the page as a PNG."""
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        device_scale_factor=picture.scale,
        color_scheme=picture.scheme,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
        has_touch=picture.is_phone,
        is_mobile=picture.is_phone,
    )
    with context:
        page = context.new_page()
        page.set_default_timeout(10 * SECONDS)
        page.clock.set_fixed_time(TOLD_AT)
        log_in(page, server)
        page.get_by_text(picture.room, exact=True).first.click()
        page.get_by_role("log").wait_for()
        be_online(server, picture)
        page.wait_for_function("[...document.images].every((image) => image.complete)")
        page.get_by_text("typing").first.wait_for()
        return page.screenshot(animations="disabled")


def log_in(page: Page, server: RunningServer) -> None:
    page.goto(f"http://127.0.0.1:{server.port}/")
    page.locator("input[name=username]").fill("anna")
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")


def be_online(server: RunningServer, picture: Picture) -> None:
    """Let some people use the chat, one of whom types in the room."""
    for username in ("james", "priya", "dasha", "katya", picture.typist):
        answer = server.call("POST", "/api/auth/login/", {"username": username, "password": PASSWORD})
        token = answer.json["tokens"]["access"]
        rooms = server.call("GET", "/api/chat/rooms/", token=token).json
        if username == picture.typist:
            [room] = [room["id"] for room in rooms if room["name"] == picture.room]
            server.call("POST", f"/api/chat/rooms/{room}/typing/", {}, token=token)


def compressed(png: bytes) -> bytes:
    file = BytesIO()
    Image.open(BytesIO(png)).convert("RGB").save(file, "WEBP", quality=QUALITY, method=6)
    return file.getvalue()


if __name__ == "__main__":
    take_all(Path(sys.argv[1]) if sys.argv[1:] else FOLDER)
