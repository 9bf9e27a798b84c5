"""API tests: the whole application on real databases, over WSGI. Only time and password hashes are stand-ins.

On SQLite, all tests run. On PostgreSQL, only the tests that reach SQL run: lists, rooms, messages, moderation,
sessions, profiles, live updates, exports, privacy, and one request to every route. Parsing, headers, documents, limits,
texts, logs, metrics, forged tokens, uploads and the rules for names and passwords do not depend on the database. Their
modules or classes are marked `on_one_database`. The queries themselves have contract tests.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from typing import Any, Self

import pytest

import sqlite
from api.administrators import Browser
from api.client import PASSWORD, Chat, Json, Person
from api.document import Document
from api.registrations import Registrations
from folders import fast_folder
from minichat.adapters.counters import MemoryRequestCounter
from minichat.adapters.memory import MemoryClock, MemoryMailer, PlainPasswords
from minichat.adapters.peewee import ChatDatabase, open_database
from minichat.adapters.tally import QueueTally
from minichat.api.context import context_of, current_device
from minichat.app import create_app
from minichat.config import Settings
from minichat.domain.ports import OwnConnection, PasswordHasher
from minichat.wiring import services_on
from postgres import EmptyDatabase
from settings import settings_from

SECRET = "k8Jq2mWz7Rt5Yx1Nc4Vb9Lp3Hs6Gd0Fa"
A_MONDAY = 1_736_155_800_123
"""2025-01-06T09:30:00.123Z: in the past, because PyJWT compares `iat` with the time of the machine."""

MakeChat = Callable[..., Chat]
MakeDatabase = Callable[[], "SqliteFile | PostgresDatabase"]


class GoneClient:
    """A client that has gone already: its stream sends the past events and ends. tests/e2e/test_live.py has others."""

    can_take_over = False

    def __init__(self, environ: dict[str, Any], on_closed: Callable[[], None]) -> None:
        on_closed()

    def take_over(self) -> OwnConnection:
        raise AssertionError("nothing can be taken over")

    def disconnect(self) -> None:
        pass

    def stop(self) -> None:
        pass


class SqliteFile:
    """An SQLite file that is fast to empty."""

    settings: Mapping[str, str] = {}

    def close(self) -> None:
        """Do nothing: the folder is removed with the file."""

    def empty(self, database: ChatDatabase, settings: Settings) -> None:
        sqlite.empty(database, settings.database_path)


class PostgresDatabase:
    """A PostgreSQL database that is fast to empty, on the server of this test process."""

    def __init__(self) -> None:
        self._database = EmptyDatabase()
        url, hosts = self._database.url, ".example.com,.example.org,localhost"
        self.settings = {"MINICHAT_DATABASE_URL": url, "MINICHAT_ALLOWED_HOSTS": hosts}

    def empty(self, _database: ChatDatabase, _settings: Settings) -> None:
        """Keep the app's connections: new ones would load PostgreSQL's catalogue again, which takes 10 ms."""
        self._database.empty()

    def close(self) -> None:
        self._database.close()


class WeightedCounter(MemoryRequestCounter):
    """A counter of requests in which one request can stand for many."""

    weight = 1

    def add(self, key: str, seconds: int) -> int:
        """Count the request `weight` times."""
        for _ in range(self.weight - 1):
            super().add(key, seconds)
        return super().add(key, seconds)

    def empty(self) -> None:
        super().__init__()


class Stage:
    """An app that many tests share, because building it takes 100 ms. Each test empties the database."""

    def __init__(
        self,
        kind: MakeDatabase,
        *,
        passwords: Callable[[], PasswordHasher] = PlainPasswords,
        mailer: MemoryMailer | None = None,
        **environ: str,
    ) -> None:
        self._open = ExitStack()
        root = self._open.enter_context(fast_folder())
        self._kept = kind()
        given = {"MINICHAT_SECRET_KEY": SECRET, "MINICHAT_RATE_LIMITS": "off", **self._kept.settings, **environ}
        self._settings = settings = settings_from(given, root=root)
        self._clock = MemoryClock(A_MONDAY)
        self._database: ChatDatabase = open_database(settings.database_url)
        tally = QueueTally(self._clock)
        services = services_on(
            self._database,
            settings,
            clock=self._clock,
            passwords=passwords(),
            tally=tally,
            mailer=mailer,
            current_device=current_device,
        )
        self._counter = WeightedCounter()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("minichat.app.MemoryRequestCounter", lambda: self._counter)
            self.app = create_app(
                settings,
                database=self._database,
                services=services,
                clock=self._clock,
                watch_client=GoneClient,
                tally=tally,
            )
        self.document = Document(self.app)
        # Requests to register count where requests are limited.
        self._registrations = Registrations(self._database) if given["MINICHAT_RATE_LIMITS"] == "off" else None

    def chat(self) -> Chat:
        """Return the app with an empty database and empty request counts."""
        self._kept.empty(self._database, self._settings)
        self._clock.now = A_MONDAY
        self._counter.empty()
        context_of(self.app).tokens._read.cache_clear()  # `Registrations` repeats tokens
        return Chat(self.app, self._database, self._clock, self.document, self.chat, self._counter, self._registrations)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close_connections()
        self._kept.close()
        self._open.close()


on_each_database = pytest.mark.databases("sqlite", "postgres")
"""For tests that reach SQL. This is the default."""
on_one_database = pytest.mark.databases("sqlite")
"""For modules, classes and tests whose results do not depend on the database."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that uses a database on the kinds that its nearest marker names."""
    if "kind" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("databases") or on_each_database.mark
        metafunc.parametrize("kind", marker.args, indirect=True, scope="session")


class Stages:
    """Builds stages, and keeps one for each kind of database and settings. The state of its app stays between tests."""

    def __init__(self, open_: ExitStack) -> None:
        self._open = open_
        self._kinds: dict[str, MakeDatabase] = {"sqlite": SqliteFile, "postgres": PostgresDatabase}
        self.of = cache(self.new)

    def new(self, kind: str, **given: Any) -> Stage:
        """Build a stage, whose app has no state yet."""
        return self._open.enter_context(Stage(self._kinds[kind], **given))


@pytest.fixture(scope="session")
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of database."""
    return str(request.param)


@pytest.fixture(scope="session")
def stages() -> Iterator[Stages]:
    with ExitStack() as opened:
        yield Stages(opened)


@pytest.fixture(scope="session")
def stage(stages: Stages, kind: str) -> Stage:
    return stages.of(kind)


@pytest.fixture
def chat(stage: Stage) -> Chat:
    """A chat with the default settings."""
    return stage.chat()


@pytest.fixture
def make_chat(stages: Stages, kind: str) -> MakeChat:
    """Make a chat with other settings: `make_chat(MINICHAT_REFRESH_GRACE="0")`, or with real password hashes."""
    return lambda **given: stages.of(kind, **given).chat()


@pytest.fixture
def make_new_chat(stages: Stages, kind: str) -> MakeChat:
    """Make a chat with a new app, whose counts and caches are empty."""
    return lambda **given: stages.new(kind, **given).chat()


@pytest.fixture
def root(chat: Chat) -> None:
    """A superuser."""
    chat.app.extensions["minichat"].services.registration.create_superuser("root", PASSWORD)


@pytest.fixture
def admin(chat: Chat, root: None) -> Browser:
    """The administration, where `root` has signed in."""
    browser = Browser(chat)
    assert browser.signs_in().status_code == 302
    return browser


@pytest.fixture
def people(chat: Chat) -> list[Person]:
    """Ann, Bob and Eve. A module that needs others has a `people` of its own, which begins with Ann and Bob."""
    return chat.people("ann", "bob", "eve")


@pytest.fixture
def ann(people: list[Person]) -> Person:
    return people[0]


@pytest.fixture
def bob(people: list[Person]) -> Person:
    return people[1]


@pytest.fixture
def eve(people: list[Person]) -> Person:
    return people[2]


@pytest.fixture
def room(ann: Person, bob: Person) -> Json:
    """A public room of Ann's, with Bob in it."""
    return ann.makes_room("Kitchen", with_=[bob])
