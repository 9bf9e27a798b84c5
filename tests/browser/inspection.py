"""A window that shows pages of the administration one after the other without loading them, to check each of them.

A load would compile axe-core again, which costs more than all its checks of a page. In this window the browser parses
the HTML of each page into the same document, so axe-core stays, and so do the origin and the policy. The script of the
pages has run before and does not run again: HTML from another window has the script's changes.
"""

from functools import cached_property

from playwright.sync_api import Browser, CDPSession, Page, ViewportSize

from browser.accessibility import violations_of
from browser.profiles import DESKTOP, PATIENCE_MS, listen

_COVERED = """async () => {
  if (document.readyState !== "complete") await new Promise(done => addEventListener("load", done));
  const covered = element => {
    element.scrollIntoView({block: "center"});
    const [{left, top, width, height}] = element.getClientRects();
    return !element.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  };
  const controls = [...document.querySelectorAll("a:not(.skip), button, input, select, textarea, summary")];
  return controls.filter(one => one.checkVisibility() && covered(one)).map(one => `covered: ${one.outerHTML}`);
}"""
"""Returns the controls of the loaded page that get no click at their middle."""


class InspectionWindow:
    """Opens at the first page, and closes with the browser."""

    def __init__(self, browser: Browser, base: str) -> None:
        self._browser = browser
        self._base = base
        self._complaints: list[str] = []

    def checks(self, html: str, size: ViewportSize = DESKTOP) -> None:
        """Fail for what axe-core finds in a page, its controls that no pointer reaches, and errors in the console."""
        self._complaints.clear()
        self._page.set_viewport_size(size)
        # Unlike `set_content`, this does not run in the page, whose policy forbids to write HTML.
        self._protocol.send("Page.setDocumentContent", {"frameId": self._frame, "html": html})
        covered, violations = self._page.evaluate(_COVERED), violations_of(self._page)
        problems = [*covered, *violations, *self._complaints]
        assert not problems, "\n".join(problems)

    @cached_property
    def _page(self) -> Page:
        page = self._browser.new_page(reduced_motion="reduce")
        page.set_default_timeout(PATIENCE_MS)
        listen(page.context, self._complaints.append)
        page.goto(f"{self._base}/admin/sign-in/")
        return page

    @cached_property
    def _protocol(self) -> CDPSession:
        return self._page.context.new_cdp_session(self._page)

    @cached_property
    def _frame(self) -> str:
        frame: str = self._protocol.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        return frame
