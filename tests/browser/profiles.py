"""Browser profiles that people of the tests use one after the other.

A new profile starts a process and loads every file of the client. That costs one and a half times as much CPU as one
more load in a profile that has the files, and four times as much as a log-in on a page that has loaded them. So a
profile returns to the pool, unless somebody has changed more of it than can be undone. Its page stays at the log-in if
nothing of its last user is left there.
"""

import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from playwright.sync_api import Browser, BrowserContext, CDPSession, ConsoleMessage, Error, Page, ViewportSize, WebError

DESKTOP: ViewportSize = {"width": 1080, "height": 720}
"""A small one: without a GPU, the cores paint each pixel."""
PHONE: ViewportSize = {"width": 390, "height": 844}
PATIENCE_MS = 10_000
SESSION = "minichat:session"
"""The key under which the client stores the refresh token and the id of its user."""
_USUAL: dict[str, Any] = {"viewport": DESKTOP, "locale": "en-GB", "reduced_motion": "reduce"}
_NOWHERE = "about:blank"
_LOG_IN = "#/"
"""The address at which the client shows the log-in after a log-out."""
_STORE = """([key, session]) => {
  localStorage.clear();
  sessionStorage.clear();
  if (session !== null) localStorage.setItem(key, session);
}"""
# An init script runs in each document that its page loads, at any address.
_STORE_AT = f"""([key, session, origin]) => {{
  if (location.origin === origin) ({_STORE})([key, session]);
}}"""
# A client compares its session with the storage when its tab gets the focus: another tab may have changed it.
_ENTER = f"""async ([key, session, address]) => {{
  ({_STORE})([key, session]);
  if (session === null) document.adoptedStyleSheets = [];
  location.hash = address;
  dispatchEvent(new Event("focus"));
  const waits = () => session !== null && document.querySelector("#app > .chat") === null;
  for (let attempt = 0; attempt < 500 && waits(); attempt += 1) await new Promise(done => setTimeout(done, 10));
  document.adoptedStyleSheets = [];
}}"""
_LEAVE = f"""async ([key, address]) => {{
  const isOut = () => document.querySelector("#app > .welcome") !== null && location.hash === address &&
    history.state === null && document.querySelector("dialog, [role=menu], .toast") === null &&
    document.documentElement.lang === navigator.language.slice(0, 2);
  if (document.querySelector("#app > .chat") === null || localStorage.getItem(key) === null) return false;
  ({_STORE})([key, null]);
  dispatchEvent(new Event("focus"));
  for (const toast of document.querySelectorAll(".toast")) toast.lastElementChild.click();
  const sheet = new CSSStyleSheet();
  sheet.insertRule(".welcome {{ display: none }}");
  document.adoptedStyleSheets = [sheet];
  for (let attempt = 0; attempt < 200 && !isOut(); attempt += 1) await new Promise(done => setTimeout(done, 10));
  stop();
  await new Promise(done => setTimeout(done, 10));
  return isOut();
}}"""
"""Returns whether the page is at the log-in and nothing else. No request is left whose failure the browser reports.

The log-in is hidden while the page waits: its large gradients would cost a fifth of the CPU of a change of the user.
"""
_REPORT_VIOLATIONS = (
    "addEventListener('securitypolicyviolation',"
    " event => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`), true)"
)


def listen(context: BrowserContext, hear: Callable[[str], None]) -> None:
    """Hear each exception, error and warning of the pages of a profile."""

    def hear_error(found: WebError) -> None:
        if found.page is not None and found.page.url != _NOWHERE:  # it has no storage, so init scripts fail there
            hear(f"{found.error.stack or found.error}")

    def hear_message(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "assert"}:
            hear(f"{message.text} ({message.location['url']})")

    context.on("weberror", hear_error)
    context.on("console", hear_message)


def _ignore(complaint: str) -> None:
    """Hear the complaints of a profile that nobody uses."""


class Profile:
    """A browser profile, and the page in which it waits for its next user."""

    def __init__(self, browser: Browser, options: dict[str, Any]) -> None:
        self.options = options
        self.context: BrowserContext = browser.new_context(**_USUAL | options)
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.add_init_script(_REPORT_VIOLATIONS)
        self._waiting: Page | None = None
        self._history: tuple[Page, CDPSession] | None = None
        self._session: str | None = None
        self._end_storing: Callable[[], None] | None = None
        self.complain: Callable[[str], None] = _ignore
        """Hears the errors and warnings of the pages."""
        listen(self.context, self._hear)

    def _hear(self, complaint: str) -> None:
        self.complain(complaint)

    def prepare(self, base: str, session: str | None) -> None:
        """Let the client at this address find the session, and nothing else, in its storage."""
        self._session = session
        page = self._waiting or self.context.new_page()
        usual = self.options.get("viewport", DESKTOP)
        if page.viewport_size != usual:
            page.set_viewport_size(usual)
        self._waiting = page
        if not self.waits_at(base):
            self.load_later(base)
        if self._history is None or self._history[0] != page:
            self._history = page, self.context.new_cdp_session(page)
        self._history[1].send("Page.resetNavigationHistory")

    def waits_at(self, base: str) -> bool:
        """Return whether the page shows the log-in of the client at this address."""
        return self._waiting is not None and self._waiting.url == f"{base}/{_LOG_IN}"

    def load_later(self, base: str) -> None:
        """Let the next page load the client."""
        if self._waiting is not None:
            self._leave(self._waiting, base)

    def _leave(self, page: Page, base: str) -> None:
        """Leave the client, and let the next one at this address find the session, and nothing else, in its storage."""
        if page.url != _NOWHERE:
            page.goto(_NOWHERE)
        if self._end_storing is None:
            found = json.dumps([SESSION, self._session, base])
            self._end_storing = page.add_init_script(f"({_STORE_AT})({found})").close

    def _stop_storing(self) -> None:
        if self._end_storing is not None:
            self._end_storing()
            self._end_storing = None

    def open_page(self) -> Page:
        """Return the page that waits, or a new one."""
        page, self._waiting = self._waiting, None
        return page or self.context.new_page()

    def go(self, page: Page, base: str, address: str) -> None:
        """Go to the address, where the client finds the session: as after a log-in in another tab if it is loaded."""
        if page.url == f"{base}/{_LOG_IN}" and (address == "" or address.startswith("#/")):
            page.evaluate(_ENTER, [SESSION, self._session, address or _LOG_IN])
            return
        if page.url == f"{base}/{_LOG_IN}":
            self._leave(page, base)
        page.goto(f"{base}/{address}")
        self._stop_storing()

    def wait(self, base: str, *, is_spotless: bool) -> None:
        """Undo what the user has changed. `is_spotless`: the client itself can do so. Raises Error if that fails."""
        self.complain = _ignore
        self._stop_storing()
        first, *others = self.context.pages
        for page in others:
            page.close()
        is_at_home = first.url.partition("#")[0] == f"{base}/"
        if not (is_spotless and is_at_home and first.evaluate(_LEAVE, [SESSION, _LOG_IN])):
            first.goto(_NOWHERE)
            first.emulate_media(color_scheme="null", reduced_motion="reduce")
            self.context.clear_cookies()  # a page that stays at the log-in has none
        first.mouse.move(0, 0)  # the page of the next user does not appear below a pointer
        self._waiting = first


class Profiles:
    """The pool of one process."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._waiting: list[Profile] = []

    def take(self, options: dict[str, Any], base: str, session: str | None) -> Profile:
        """Return a profile with these options that holds nothing but the session."""
        suitable = [profile for profile in self._waiting if profile.options == options]
        if suitable:
            profile = max(suitable, key=lambda profile: profile.waits_at(base))
            self._waiting.remove(profile)
        else:
            profile = Profile(self._browser, options)
        profile.prepare(base, session)
        return profile

    def make(self, options: dict[str, Any], base: str, session: str | None) -> Profile:
        """Return a new profile with these options and the session."""
        stored = [] if session is None else [{"name": SESSION, "value": session}]
        state = {"origins": [{"origin": base, "localStorage": stored}]}
        return Profile(self._browser, {**options, "storage_state": state})

    def give_back(self, profile: Profile, base: str, *, is_spotless: bool) -> None:
        try:
            profile.wait(base, is_spotless=is_spotless)
        except (Error, ValueError):  # all its pages are closed
            profile.context.close()
        else:
            self._waiting.append(profile)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for profile in self._waiting:
            profile.context.close()
