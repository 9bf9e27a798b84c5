"""The kinds of database for tests of running servers, and the mark of a test that runs on one kind only."""

import pytest

from postgres import migrated
from servers import SECRET


def on_sqlite() -> dict[str, str]:
    """Return the settings of a server with a SQLite file in its own folder."""
    return {"secret_key": SECRET}


def on_postgres() -> dict[str, str]:
    """Return the settings of a server with a new database on the shared PostgreSQL."""
    return {"database_url": migrated(), "secret_key": SECRET, "allowed_hosts": "127.0.0.1"}


on_sqlite_only = pytest.mark.parametrize("new_database", [on_sqlite], ids=["sqlite"], indirect=True)
"""Marks a test of code that does not depend on the database: HTTP, frames, signals, limits in memory."""
