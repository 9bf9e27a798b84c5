"""The command line under test, in this process: a command then takes 20 ms instead of 400 ms.

This module knows nothing of the commands' work. `servers.run` runs a command as a process, for tests of exit codes,
signals, limits of the system and the start itself.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from click.testing import CliRunner

import minichat.adapters.peewee as adapter
from launcher import cheap_hashing
from minichat.adapters import passwords
from minichat.cli import main
from servers import environment, run_launched


def run_minichat(folder: Path, *args: str, says: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `minichat ARGS` in `folder`, with `says` on its standard input and these MINICHAT_ settings alone.

    Raises what the command does not catch, which would be a traceback. `serve` forks, so it runs in a fork of the
    launcher. The hashes of passwords are cheap, as those of the started servers.
    """
    if args[0] == "serve" and "--help" not in args:
        return run_launched(folder, *args, **settings)
    with (
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, environment(**settings), clear=True),
        mock.patch.multiple(passwords, **cheap_hashing()),
        closed_databases(),
    ):
        done = CliRunner().invoke(main, args, input=says, prog_name="minichat", catch_exceptions=False)
    return subprocess.CompletedProcess(args, done.exit_code, done.stdout, done.stderr)


@contextlib.contextmanager
def closed_databases() -> Iterator[None]:
    """Close the databases that the block opens when it ends, as the end of a process would."""
    opened: list[adapter.ChatDatabase] = []

    def open_database(*args: Any, **options: Any) -> adapter.ChatDatabase:
        database = original(*args, **options)
        opened.append(database)
        return database

    original = adapter.open_database
    with mock.patch.object(adapter, "open_database", open_database):
        try:
            yield
        finally:
            for database in opened:
                database.close_connections()
