"""What tests of a running server share: databases of each kind, and two people at the `server` of their module."""

import pytest

from e2e.crowd import register
from postgres import migrated
from servers import SECRET


def on_sqlite():
    return {"secret_key": SECRET}


def on_postgres():
    return {"database_url": migrated(), "secret_key": SECRET, "allowed_hosts": "127.0.0.1"}


@pytest.fixture(scope="module", params=[on_sqlite, on_postgres], ids=["sqlite", "postgres"])
def new_database(request):
    """Get the settings of a server that begins with an empty database, a new one each time.

    A test that asks for this, or for `database`, runs on each kind. SQLite's is a file in the server's own folder.
    """
    return request.param


@pytest.fixture
def database(new_database):
    """The settings of a server of one's own."""
    return new_database()


@pytest.fixture
def people(server, request):
    """Ann and Bob, new ones for each test."""
    mark = f"{abs(hash(request.node.name)):x}"[:8]
    return register(server, f"ann{mark}", f"bob{mark}")


@pytest.fixture
def ann(people):
    return people[0]


@pytest.fixture
def bob(people):
    return people[1]
