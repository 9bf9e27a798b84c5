"""API tests: the whole application on a real SQLite file, over WSGI. Only time and password hashes are stand-ins."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from api.client import Chat
from api.document import Document
from minichat.adapters.memory import MemoryClock, PlainPasswords
from minichat.adapters.passwords import Argon2Passwords
from minichat.adapters.peewee import Sqlite, migrating, open_database
from minichat.app import create_app, services_on
from minichat.config import Settings

SECRET = "k8Jq2mWz7Rt5Yx1Nc4Vb9Lp3Hs6Gd0Fa"
A_MONDAY = 1_736_155_800_123
"""2025-01-06T09:30:00.123Z: in the past, because PyJWT compares `iat` with the time of the machine."""

MakeChat = Callable[..., Chat]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database, to copy."""
    path = tmp_path_factory.mktemp("template") / "chat.sqlite3"
    database = open_database(f"sqlite:///{path}")
    migrating.upgrade(database)
    database.close_connections()
    return path


class InAHurry:
    """A client who takes what there is of a stream and goes away. (Those who stay: tests/e2e/test_live.py)"""

    def __init__(self, environ: dict[str, Any], gone: Callable[[], None]) -> None:
        gone()

    def cut(self) -> None:
        pass

    def forget(self) -> None:
        pass


class Stage:
    """An app that is built once and given a fresh database and clock by each test: building it takes 100 ms."""

    def __init__(self, root: Path, template: Path, *, slow_passwords: bool = False, **environ: str) -> None:
        self._template = template
        settings = Settings.load({"MINICHAT_SECRET_KEY": SECRET, "MINICHAT_RATE_LIMITS": "off", **environ}, root=root)
        self._path = settings.database_path
        self._clock = MemoryClock(A_MONDAY)
        self._database: Sqlite = open_database(settings.database_url)
        passwords = Argon2Passwords() if slow_passwords else PlainPasswords()
        services = services_on(self._database, settings, clock=self._clock, passwords=passwords)
        self.app = create_app(
            settings, database=self._database, services=services, clock=self._clock, watch_client=InAHurry
        )
        self.document = Document(self.app)

    def chat(self) -> Chat:
        """The app with an empty database."""
        self.close()
        for ending in ("-wal", "-shm"):
            self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
        shutil.copy(self._template, self._path)
        self._clock.now = A_MONDAY
        return Chat(self.app, self._database, self._clock, self.document, self.chat)

    def close(self) -> None:
        self._database.close_connections()


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("stage"), template)
    yield stage
    stage.close()


@pytest.fixture
def chat(stage: Stage) -> Chat:
    """A chat with the settings that minichat has by itself."""
    return stage.chat()


@pytest.fixture
def make_chat(tmp_path: Path, template: Path) -> Iterator[MakeChat]:
    """Make a chat with other settings: `make_chat(MINICHAT_REFRESH_GRACE="0")`, or with real password hashes."""
    stages = []

    def make(*, slow_passwords: bool = False, **environ: str) -> Chat:
        root = tmp_path / f"chat-{len(stages)}"
        root.mkdir()
        stages.append(Stage(root, template, slow_passwords=slow_passwords, **environ))
        return stages[-1].chat()

    yield make
    for stage in stages:
        stage.close()
