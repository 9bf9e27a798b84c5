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
    """A superuser of the server, who signs in without a window and opens one for what only a window shows."""

    def __init__(self, profiles: Profiles, inspection: InspectionWindow, server: RunningServer, name: str) -> None:
        super().__init__(profiles, f"http://127.0.0.1:{server.port}")
        self._inspection = inspection
        self._leaves_traces = True  # the cookie
        self.username = f"{name.lower()}-admin{next(_numbers)}"
        made = run_minichat(
            server.log.parent, "createsuperuser", "--username", self.username, "--password-stdin", says=PASSWORD
        )
        assert made.returncode == 0, made

    def signs_in(self) -> PlainPages:
        """Sign in without a window, and return the first page."""
        return self.reads("/admin/").presses("Sign in", username=self.username, password=PASSWORD)

    def reads(self, address: str) -> PlainPages:
        """Read a page of the administration without a window, such as `/admin/people/`."""
        request = self._lent().context.request
        return PlainPages(request, self._inspection, urljoin(self.base, address))

    def shows(self, plain: PlainPages) -> None:
        """Show the address of a page in the window, which opens if need be."""
        if self._watched:
            self.page.goto(plain.url)
        else:
            self.opens(plain.url.removeprefix(f"{self.base}/"))

    def finds_the_page_accessible(self) -> None:
        """Check the page that the window shows as `PlainPages` does."""
        self.page.wait_for_load_state()
        self._inspection.checks(self.page.content(), self._lent().options.get("viewport", DESKTOP))
