"""Fixtures for tests of running servers: shared servers, databases of each kind, a browser, and two people."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from e2e.browsers import opened
from e2e.crowd import register
from e2e.databases import on_postgres, on_sqlite
from servers import RunningServer, serving


class SharedServers:
    """Servers that many tests share; each kind is started once, and each test creates its own people and rooms.

    A test that kills, stops, fills or reconfigures a server starts its own.
    """

    def __init__(self, folders: pytest.TempPathFactory, stack: ExitStack, serve: Any = serving) -> None:
        """`serve` starts a server as `serving` does."""
        self._folders = folders
        self._stack = stack
        self._serve = serve
        self._running: dict[tuple[object, ...], RunningServer] = {}

    def get(self, new_database, *, workers: int = 2, **settings: Any) -> RunningServer:
        """Return the server with this kind of database, number of workers and settings, without rate limits."""
        kind = (new_database, workers, *sorted(settings.items()))
        if kind not in self._running:
            folder = self._folders.mktemp("shared")
            settings = {"rate_limits": "off", **new_database(), **settings}
            self._running[kind] = self._stack.enter_context(self._serve(folder, "--workers", f"{workers}", **settings))
        return self._running[kind]


@pytest.fixture(scope="session")
def shared_servers(tmp_path_factory) -> Iterator[SharedServers]:
    with ExitStack() as stack:
        yield SharedServers(tmp_path_factory, stack)


@pytest.fixture(scope="module", params=[on_sqlite, on_postgres], ids=["sqlite", "postgres"])
def new_database(request):
    """Return the settings of a server with a new, empty database at each call.

    A test that asks for this, or for `database`, runs on each kind. SQLite's is a file in the server's own folder.
    """
    return request.param


@pytest.fixture
def database(new_database):
    """The settings of a server for this test only."""
    return new_database()


@pytest.fixture(scope="module")
def server(shared_servers, new_database):
    """The shared server with two workers and no rate limits."""
    return shared_servers.get(new_database)


@pytest.fixture
def mark(server, request):
    """The end of the test's usernames."""
    return f"{abs(hash((request.node.nodeid, server.port))):x}"[:8]


@pytest.fixture
def ann(server, mark):
    """A user, who is new for each test."""
    return register(server, f"ann{mark}")[0]


@pytest.fixture
def bob(server, mark):
    return register(server, f"bob{mark}")[0]


@pytest.fixture
def people(ann, bob):
    return [ann, bob]


@pytest.fixture(scope="module")
def load(browser):
    """`load(url)` returns a page that has just loaded the URL: one page per URL, since a new one costs 1 s of CPU."""
    with ExitStack() as stack:
        pages: dict[str, Any] = {}

        def load(url):
            if url in pages:
                pages[url].reload()  # which ends all that the earlier test did there
            else:
                pages[url] = stack.enter_context(opened(browser, url)).page
            return pages[url]

        yield load
