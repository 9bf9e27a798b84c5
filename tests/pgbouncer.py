"""A real PgBouncer in front of a PostgreSQL under test."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from folders import memory_parent
from postgres import SERVANT, RunningPostgres
from servers import PATIENCE, end

PORT = 6432
CONFIGURATION = """
[databases]
* = host={postgres}
[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = 200
"""


class RunningPgBouncer:
    """Leads to every database of a PostgreSQL, through a socket in its own folder."""

    def __init__(self, postgres: RunningPostgres, mode: str, size: int) -> None:
        self._folder = Path(mkdtemp(prefix="minichat-pgbouncer-", dir=memory_parent()))
        user = SERVANT if os.geteuid() == 0 else None  # it refuses to run as root
        (self._folder / "users").write_text('"minichat" ""\n')
        text = CONFIGURATION.format(postgres=postgres.folder, port=PORT, folder=self._folder, mode=mode, size=size)
        (self._folder / "pgbouncer.ini").write_text(text)
        if user is not None:
            os.chown(self._folder, pwd.getpwnam(user).pw_uid, -1)
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [_program(), self._folder / "pgbouncer.ini"],
                user=user,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_it_listens()
        except BaseException:
            self.remove()
            raise

    def through(self, url: str) -> str:
        """Return the URL that leads to the same database through PgBouncer."""
        return f"{url.partition('?')[0]}?host={self._folder}&port={PORT}"

    def remove(self) -> None:
        end(self._process)
        shutil.rmtree(self._folder)

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            with socket.socket(socket.AF_UNIX) as client:
                try:
                    client.connect(f"{self._folder}/.s.PGSQL.{PORT}")
                except OSError:
                    is_too_late = time.monotonic() > deadline or self._process.poll() is not None
                    assert not is_too_late, f"PgBouncer does not start:\n{(self._folder / 'log').read_text()}"
                    time.sleep(0.01)
                else:
                    return


@contextmanager
def running_pgbouncer(
    postgres: RunningPostgres, mode: str = "transaction", size: int = 5
) -> Iterator[RunningPgBouncer]:
    """Run a PgBouncer with `size` connections to each database."""
    pgbouncer = RunningPgBouncer(postgres, mode, size)
    try:
        yield pgbouncer
    finally:
        pgbouncer.remove()


def _program() -> str:
    found = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    assert found is not None, "these tests need Debian's package pgbouncer: run `make pgbouncer`"
    return found
