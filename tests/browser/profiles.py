"""Browser profiles that people of the tests use one after the other.

A new profile starts a process and loads every file of the client: that costs three times as much as one more page in a
profile that has the files. So a profile returns to the pool, unless somebody has changed more of it than can be undone.
"""

from types import TracebackType
from typing import Any, Self

from playwright.sync_api import Browser, BrowserContext, Error, Page, ViewportSize

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
PATIENCE_MS = 10_000
SESSION = "minichat:session"
"""The key under which the client stores the refresh token and the id of its user."""
_USUAL: dict[str, Any] = {"viewport": DESKTOP, "locale": "en-GB", "reduced_motion": "reduce"}
_QUIET_FILE = "web/start.js"
"""A file of the client that does nothing in a tab of its own: its address has a storage, and no client runs."""
_STORE = """([key, session]) => {
  localStorage.clear();
  sessionStorage.clear();
  if (session !== null) localStorage.setItem(key, session);
}"""
_REPORT_VIOLATIONS = (
    "addEventListener('securitypolicyviolation',"
    " event => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`), true)"
)


class Profile:
    """A browser profile, and the page in which it waits for its next user."""

    def __init__(self, browser: Browser, options: dict[str, Any]) -> None:
        self.context: BrowserContext = browser.new_context(**_USUAL | options)
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.add_init_script(_REPORT_VIOLATIONS)
        self._waiting: Page | None = None

    def prepare(self, base: str, session: str | None) -> None:
        """Empty the storage, and let the client at this address find the session there."""
        page = self._waiting or self.context.new_page()
        if page.url != f"{base}/{_QUIET_FILE}":
            page.goto(f"{base}/{_QUIET_FILE}")
        page.evaluate(_STORE, [SESSION, session])
        self.context.clear_cookies()
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="null", reduced_motion="reduce")
        history = self.context.new_cdp_session(page)
        history.send("Page.resetNavigationHistory")
        history.detach()
        self._waiting = page

    def open_page(self) -> Page:
        """Return the page that waits, or a new one."""
        page, self._waiting = self._waiting, None
        return page or self.context.new_page()

    def wait(self, base: str) -> None:
        """Undo what the user has changed. Raises Error if that fails."""
        self.context.unroute_all()
        self.context.set_offline(False)
        first, *others = self.context.pages
        for page in others:
            page.close()
        first.goto(f"{base}/{_QUIET_FILE}")
        self._waiting = first


class Profiles:
    """The pool of one process."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._waiting: list[Profile] = []

    def take(self, base: str, session: str | None) -> Profile:
        """Return a usual profile that holds nothing but the session."""
        profile = self._waiting.pop() if self._waiting else Profile(self._browser, {})
        profile.prepare(base, session)
        return profile

    def make(self, options: dict[str, Any], base: str, session: str | None) -> Profile:
        """Return a new profile with some options of its own."""
        stored = [] if session is None else [{"name": SESSION, "value": session}]
        state = {"origins": [{"origin": base, "localStorage": stored}]}
        return Profile(self._browser, {**options, "storage_state": state})

    def give_back(self, profile: Profile, base: str) -> None:
        try:
            profile.wait(base)
        except (Error, ValueError):  # its server has ended, or all its pages are closed
            profile.context.close()
        else:
            self._waiting.append(profile)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for profile in self._waiting:
            profile.context.close()
