"""The deployment of a run: hosts with their servers, databases, Redis and disk."""

import json
import os
import random
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from e2e.crowd import check_database, wait_until
from faults.clock import ShiftableClock, launcher
from faults.disk import Disk, small_disk
from postgres import RunningPostgres
from scale import scaled
from servers import SECRET, RunningRedis, RunningServer, free_port, running_redis, serving

WORKERS = 2
"""On a host with SQLite."""
WORKERS_OF_TWO_HOSTS = scaled(1, 2)
"""On each of two hosts."""
# The base URL is fixed, so that an event is the same from every host and port.
SETTINGS = {
    "secret_key": SECRET,
    "rate_limits": "off",
    "log_level": "warning",
    "public_url": "http://chat.example",
    "allowed_hosts": "chat.example,127.0.0.1",
}


class Host:
    """`minichat serve` at one address: stopped, killed, and started there again."""

    def __init__(self, folder: Path, workers: int, **settings: str) -> None:
        """Creates `folder`."""
        folder.mkdir()
        self._workers = workers
        self.port = free_port()
        self.clock = ShiftableClock(folder)
        self._folder = folder
        self._settings: dict[str, Any] = {**SETTINGS, **settings}
        self._running = ExitStack()
        self._earlier_logs = ""
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        running = serving(
            self._folder,
            *("--workers", f"{self._workers}"),
            port=self.port,
            variables=self.clock.variables,
            by=launcher(),
            **self._settings,
        )
        self.server: RunningServer = self._running.enter_context(running)

    def terminate(self) -> None:
        """Stop it with SIGTERM, and wait for its end."""
        code = self.server.stop()
        assert code == 0, f"the server stopped with {code}:\n{self.server.said}"
        self._end()

    def kill(self) -> None:
        """Kill all its processes at once."""
        os.killpg(self.server.process.pid, signal.SIGKILL)
        self._end()

    def _end(self) -> None:
        self._running.close()
        self._earlier_logs += self.server.said

    def kill_worker(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)

    def wait_for_workers(self, but: Sequence[int] = ()) -> None:
        """Wait until all workers run, and none of `but`."""
        wait_until(
            lambda: len(self.server.workers) == self._workers and not set(but) & set(self.server.workers),
            "the replacement of workers",
            patience=60,
        )

    @property
    def pids(self) -> list[int]:
        return [self.server.process.pid, *self.server.workers]

    @property
    def complaints(self) -> list[str]:
        """Return the lines of its log that report unexpected errors."""
        lines = (self._earlier_logs + self.server.said).splitlines()
        return [line for line in lines if _is_complaint(line)]

    def close(self) -> None:
        self._running.close()


def _is_complaint(line: str) -> bool:
    try:
        said = json.loads(line)
    except ValueError:
        return "Traceback" in line or "Error" in line
    return "exception" in said or "Traceback" in line


class Site:
    """A deployment: the ports for clients, and a check of its data."""

    name: str

    def __init__(self, hosts: Sequence[Host], disk: Disk) -> None:
        self.hosts = hosts
        self.disk = disk
        self.doors: Sequence[int] = self.own_doors

    @property
    def own_doors(self) -> list[int]:
        return [host.port for host in self.hosts]

    def some_host(self) -> Host:
        return random.choice(self.hosts)

    @property
    def pids(self) -> list[int]:
        """All processes that write to the disk."""
        return [pid for host in self.hosts for pid in host.pids]

    def check(self) -> None:
        """Fail unless the database is consistent and its counters are correct."""
        raise NotImplementedError  # each subclass has its own


class SqliteSite(Site):
    """One host, and a file on its disk."""

    name = "SQLite"

    def __init__(self, hosts: Sequence[Host], disk: Disk, database: Path) -> None:
        super().__init__(hosts, disk)
        self.database = database

    def check(self) -> None:
        check_database(self.database)


class PostgresSite(Site):
    """Two hosts, which share a PostgreSQL and a Redis. Their URL also names the place of a standby."""

    name = "PostgreSQL and Redis"

    def __init__(
        self,
        hosts: Sequence[Host],
        disk: Disk,
        postgres: RunningPostgres,
        standby: RunningPostgres,
        redis: RunningRedis,
        database: str,
    ) -> None:
        super().__init__(hosts, disk)
        self.postgres = postgres
        """The primary."""
        self.standby = standby
        """The place of a standby, which runs only during a failover."""
        self.redis = redis
        self.database = database
        """Its URL."""

    @property
    def pids(self) -> list[int]:
        return self.postgres.pids

    def fail_over(self) -> None:
        """Let the standby become the primary."""
        self.standby.promote()
        self.postgres, self.standby = self.standby, self.postgres

    def check(self) -> None:
        check_database(self.database)


@contextmanager
def on_sqlite(folder: Path, tell: Callable[[str], object], *, on_small_disk: bool) -> Iterator[SqliteSite]:
    """Deploy on SQLite, on a small disk if a fault fills it. `tell` gets a sentence without one."""
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(tell)) if on_small_disk else Disk(folder)
        database = disk.folder / "chat.sqlite3"
        host = Host(folder / "host", WORKERS, database_url=f"sqlite:///{database}")
        stack.callback(host.close)
        yield SqliteSite([host], disk, database)


@contextmanager
def on_postgres(folder: Path, tell: Callable[[str], object], *, on_small_disk: bool) -> Iterator[PostgresSite]:
    """Deploy on PostgreSQL and Redis, likewise."""
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(tell)) if on_small_disk else Disk(folder)
        parent = disk.folder if on_small_disk else None
        postgres, standby = RunningPostgres(parent=parent), RunningPostgres(parent=parent, starts=False)
        stack.callback(postgres.remove)
        stack.callback(standby.remove)
        redis = stack.enter_context(running_redis(folder))
        database = f"{postgres.url()},{standby.folder}&target_session_attrs=read-write"
        hosts = []
        for name in ("host1", "host2"):
            hosts.append(Host(folder / name, WORKERS_OF_TWO_HOSTS, database_url=database, redis_url=redis.url))
            stack.callback(hosts[-1].close)
        yield PostgresSite(hosts, disk, postgres, standby, redis, database)
