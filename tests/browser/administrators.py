"""Administrators at the pages of `/admin/`, each in a browser profile of their own."""

import itertools
from urllib.parse import urljoin

from browser.inspection import InspectionWindow
from browser.people import Visitor
from browser.plain_pages import PlainPages
from browser.profiles import DESKTOP, Profiles
from commands import run_minichat
from e2e.crowd import PASSWORD
from servers import RunningServer

_numbers = itertools.count(1)


class Administrator(Visitor):
    """A superuser of the server; `signs_in` opens the pages."""

    def __init__(self, profiles: Profiles, inspection: InspectionWindow, server: RunningServer, name: str) -> None:
        super().__init__(profiles, f"http://127.0.0.1:{server.port}")
        self._inspection = inspection
        self.username = f"{name.lower()}-admin{next(_numbers)}"
        made = run_minichat(
            server.log.parent, "createsuperuser", "--username", self.username, "--password-stdin", says=PASSWORD
        )
        assert made.returncode == 0, made

    def signs_in(self, page: str = "people") -> None:
        """Sign in, and open a page of the administration."""
        self.opens(f"admin/{page}/")
        self.fills(username=self.username, password=PASSWORD)
        self.presses("Sign in")

    def goes_to(self, area: str) -> None:
        """Follow a link of the navigation."""
        self.page.get_by_role("navigation", name="Pages").get_by_role("link", name=area, exact=True).click()

    def reads(self, address: str) -> PlainPages:
        """Read a page of the administration without a window, such as `/admin/people/`."""
        return PlainPages(self.page.request, self._inspection, urljoin(self.page.url, address))

    def finds_the_page_accessible(self) -> None:
        """Check the page that the window shows as `PlainPages` does."""
        self.page.wait_for_load_state()
        self._inspection.checks(self.page.content(), self._lent().options.get("viewport", DESKTOP))
