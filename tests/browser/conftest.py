"""One server and one browser for all tests of a process, and new people for each test."""

import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from playwright.sync_api import Browser

from browser.administrators import Administrator
from browser.elsewhere import DEVELOPMENT_PORT, copy_client, serving_files
from browser.inspection import InspectionWindow
from browser.people import Person, Visitor
from browser.profiles import PATIENCE_MS, Profiles
from servers import RunningServer, serving


class Copy(NamedTuple):
    folder: Path
    origin: str


Somebody = TypeVar("Somebody", bound=Visitor)
SCREENSHOTS = Path(__file__).parents[2] / ".cache" / "browser"
_REPORT = pytest.StashKey[pytest.TestReport]()


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """A web server at another origin, whose pages may call the API."""
    folder = tmp_path_factory.mktemp("copy")
    with serving_files(folder) as port:
        yield Copy(folder, f"http://localhost:{port}")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, copy: Copy) -> Iterator[RunningServer]:
    """The server of all tests that neither stop nor configure theirs."""
    allowed: dict[str, Any] = {} if copy.origin.endswith(f":{DEVELOPMENT_PORT}") else {"cors_origins": copy.origin}
    folder = tmp_path_factory.mktemp("web-client")
    with serving(folder, "--workers", "2", rate_limits="off", **allowed) as server:
        copy_client(copy.folder, f"http://127.0.0.1:{server.port}")
        yield server


@pytest.fixture(scope="session")
def profiles(browser: Browser) -> Iterator[Profiles]:
    with Profiles(browser) as profiles:
        yield profiles


@pytest.fixture(scope="session")
def inspection(browser: Browser, server: RunningServer) -> InspectionWindow:
    """The window that checks pages of the administration. No page opens before the first check."""
    return InspectionWindow(browser, f"http://127.0.0.1:{server.port}")


class People:
    """Makes the people of one test, and closes their pages at its end."""

    def __init__(self, profiles: Profiles, server: RunningServer, request: pytest.FixtureRequest) -> None:
        self._profiles = profiles
        self._server = server
        self._request = request
        self.all: list[Visitor] = []

    def visitor(self) -> Visitor:
        """Return somebody without an account."""
        return self._added(Visitor(self._profiles, f"http://127.0.0.1:{self._server.port}"))

    def person(self, name: str, server: RunningServer | None = None) -> Person:
        """Register somebody. `name` is their first name, and their username begins with it."""
        return self._added(Person(self._profiles, server or self._server, name))

    def administrator(self, name: str = "Root") -> Administrator:
        """Make a superuser, who has not signed in."""
        # Not a part of `people`: a file that has servers of its own has no window for administrators.
        inspection: InspectionWindow = self._request.getfixturevalue("inspection")
        return self._added(Administrator(self._profiles, inspection, self._server, name))

    def _added(self, somebody: Somebody) -> Somebody:
        self.all.append(somebody)
        return somebody


@pytest.fixture
def people(profiles: Profiles, server: RunningServer, request: pytest.FixtureRequest) -> Iterator[People]:
    """Make people: `people.person("Ann")`. An unexpected complaint of one of their pages fails the test."""
    made = People(profiles, server, request)
    try:
        yield made
        report = request.node.stash.get(_REPORT, None)
        if report is not None and report.failed:
            _photograph(made, request.node.nodeid)
            for one in made.all:
                one.in_a_new_profile()  # nobody uses the profiles of a failed test
        complaints = [complaint for one in made.all for complaint in one.complaints.unexpected()]
        assert complaints == []
    finally:
        for one in made.all:
            one.closes_everything()


@pytest.fixture
def ann(people: People) -> Person:
    return people.person("Ann")


@pytest.fixture
def bob(people: People) -> Person:
    return people.person("Bob")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[_REPORT] = report
    return report


def _photograph(people: People, test: str) -> None:
    """Keep a picture of every page of a failed test."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"\W+", "-", test.rpartition("/")[2])
    for number, page in enumerate(page for one in people.all for page in one.pages):
        path = SCREENSHOTS / f"{name}-{number}.png"
        page.screenshot(path=path, timeout=PATIENCE_MS)
        print(f"A picture of the page is in {path}.")  # noqa: T201 - shown with the failure
