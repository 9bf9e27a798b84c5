"""A real browser, and pages of other origins than the server's for it to open."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first has no windows, so that opening a page costs a fifth of the CPU."""
# No sandbox inside a container, no requests but those of the pages under test, and one process for all tabs that a
# profile has at a site: in a process of its own, a tab would compile every module of the web client again.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--process-per-site",
]
SECONDS = 1_000


@contextmanager
def chromium() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "there is no Chromium: `make browser` installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


class EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><link rel=icon href=data:,><title>elsewhere</title>")

    def log_message(self, *args):
        """Say nothing."""


@contextmanager
def empty_pages(port: int = 0) -> Iterator[int]:
    """The port of another web server, as `localhost` and as `127.0.0.1`: two origins. Raises OSError."""
    with ThreadingHTTPServer(("127.0.0.1", port), EmptyPage) as pages:
        thread = threading.Thread(target=pages.serve_forever)
        thread.start()
        try:
            yield pages.server_port
        finally:
            pages.shutdown()
            thread.join()


class Watched:
    """A page in a fresh profile, with its console messages and its requests."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.set_default_timeout(20 * SECONDS)
        page.add_init_script(
            "window.violations = []; addEventListener('securitypolicyviolation',"
            " event => violations.push(`${event.violatedDirective}: ${event.blockedURI}`), true)"
        )
        page.on("console", lambda message: self._heard(message.type, message.text))
        page.on("pageerror", lambda error: self._heard("error", f"{error}"))
        page.on("request", lambda request: self.asked.append(request.url))

    def _heard(self, kind: str, text: str) -> None:
        if kind in {"error", "warning", "assert"}:
            self.complaints.append(text)

    def all_complaints(self) -> list[Any]:
        return [*self.complaints, *self.page.evaluate("window.violations")]


@contextmanager
def opened(browser: Browser, url: str) -> Iterator[Watched]:
    with browser.new_context() as context:
        watched = Watched(context.new_page())
        watched.page.goto(url)
        yield watched
