"""`make screenshots`: the pictures of the README and the administration, taken of the story in Debian's Chromium.

The messages of the demo and the browser's clock have a fixed time, so every run takes the same pictures.
The fonts are Debian's. This program knows the client's log-in form and font, and the names of rooms.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Literal, NamedTuple
from unittest import mock

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from commands import run_minichat
from e2e.browsers import SECONDS, chromium
from e2e.crowd import wait_until
from minichat import wiring
from minichat.domain.model import SECOND
from minichat.story import PASSWORD
from servers import RunningServer, serving

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
TOLD_AT = 1_795_525_200_000
"""2026-11-24T13:00:00Z, a Tuesday."""
QUALITY = 75
ONLINE = ("anna", "james", "priya", "misha", "sofia", "katya")
LAST = 2**53 - 1
"""More than the number of any message."""
INTER = ':root { --font: "Emoji in colour", Inter, sans-serif }'
"""The style for an interface font that all machines can have: that of the system differs from one to the next."""
ARE_IMAGES_THERE = """[...document.images].every((image) => image.complete || image.loading === "lazy")"""


class Picture(NamedTuple):
    name: str
    viewer: str
    room: str
    scheme: Literal["light", "dark"]
    width: int
    height: int
    scale: float
    typist: str
    """The person who is typing."""
    is_phone: bool = False


PICTURES = (
    Picture("desktop-light", "james", "Backend", "light", 1200, 760, 1.25, "misha"),
    Picture("desktop-dark", "james", "Backend", "dark", 1200, 760, 1.25, "misha"),
    Picture("phone", "anna", "Launch 3.0 🚀", "light", 390, 760, 1.5, "sofia", is_phone=True),
)


class AdminPicture(NamedTuple):
    """A picture of a page of the administration."""

    name: str
    page: str
    """The address below `/admin/`."""
    scheme: Literal["light", "dark"]
    width: int
    height: int
    scale: float
    is_phone: bool = False


ADMIN_PICTURES = (
    AdminPicture("administration-people", "people/", "light", 1100, 620, 1.25),
    AdminPicture("administration-room", "rooms/5/", "light", 1100, 760, 1.25),
    AdminPicture("administration-person", "people/3/", "dark", 390, 760, 1.5, is_phone=True),
)
ADMINISTRATOR = "root"


def take(pictures: Sequence[Picture | AdminPicture], folder: Path, browser: Browser) -> None:
    """Take the pictures into the folder."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, story_server(Path(name)) as server:
        for picture in pictures:
            file = folder / f"{picture.name}.webp"
            png = taken(browser, server, picture) if isinstance(picture, Picture) else page_of(browser, server, picture)
            file.write_bytes(compressed(png))
            print(f"{file.stat().st_size:>7} {file}")  # noqa: T201 - a program


@contextmanager
def story_server(folder: Path) -> Iterator[RunningServer]:
    """Serve the story, told at the fixed time."""
    with mock.patch.object(wiring, "now", return_value=TOLD_AT):
        told = run_minichat(folder, "demo", "--story")
        assert told.returncode == 0, told.stderr
        made = run_minichat(folder, "createsuperuser", "--username", ADMINISTRATOR, "--password-stdin", says=PASSWORD)
    assert made.returncode == 0, made.stderr
    with serving(folder, rate_limits="off", log_level="warning") as server:
        yield server


def taken(browser: Browser, server: RunningServer, picture: Picture) -> bytes:
    """Log in, open the room, wait until all is there, and return the page as a PNG."""
    with profile(browser, picture) as context:
        page = context.new_page()
        page.set_default_timeout(10 * SECONDS)
        page.clock.set_fixed_time(TOLD_AT / SECOND)
        for username in ONLINE:
            room_of(server, token_of(server, username), picture.room)
        token = token_of(server, picture.viewer)
        room = room_of(server, token, picture.room)
        server.call("POST", f"/api/chat/rooms/{room}/read/", {"seq": LAST}, token)  # the same for every picture
        log_in(page, server, picture.viewer)
        page.get_by_text(picture.room, exact=True).first.click()
        page.get_by_role("log").wait_for()
        wait_until(lambda: page.evaluate(ARE_IMAGES_THERE), "the images")
        server.call("POST", f"/api/chat/rooms/{room}/typing/", {}, token_of(server, picture.typist))
        page.get_by_text("is typing").locator("visible=true").first.wait_for()
        return page.screenshot(animations="disabled")


def profile(browser: Browser, picture: Picture | AdminPicture) -> BrowserContext:
    return browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        device_scale_factor=picture.scale,
        color_scheme=picture.scheme,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
        bypass_csp=True,  # for the style of this program
        has_touch=picture.is_phone,
        is_mobile=picture.is_phone,
    )


def page_of(browser: Browser, server: RunningServer, picture: AdminPicture) -> bytes:
    """Sign in to the administration, open the page, and return it as a PNG."""
    with profile(browser, picture) as context:
        page = context.new_page()
        page.set_default_timeout(10 * SECONDS)
        page.goto(f"http://127.0.0.1:{server.port}/admin/{picture.page}")
        page.get_by_label("Username").fill(ADMINISTRATOR)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("navigation").first.wait_for()
        page.add_style_tag(content=INTER)
        return page.screenshot(animations="disabled")


def log_in(page: Page, server: RunningServer, username: str) -> None:
    page.goto(f"http://127.0.0.1:{server.port}/")
    page.add_style_tag(content=INTER)
    page.locator("input[name=username]").fill(username)
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")


def token_of(server: RunningServer, username: str) -> str:
    answer = server.call("POST", "/api/auth/login/", {"username": username, "password": PASSWORD})
    return str(answer.json["tokens"]["access"])


def room_of(server: RunningServer, token: str, name: str) -> int | None:
    """Return the id of the person's room of that name."""
    rooms = server.call("GET", "/api/chat/rooms/", token=token).json
    return next((room["id"] for room in rooms if room["name"] == name), None)


def compressed(png: bytes) -> bytes:
    file = BytesIO()
    Image.open(BytesIO(png)).convert("RGB").save(file, "WEBP", quality=QUALITY, method=6)
    return file.getvalue()


if __name__ == "__main__":
    with chromium() as one:
        take((*PICTURES, *ADMIN_PICTURES), Path(sys.argv[1]) if sys.argv[1:] else FOLDER, one)
