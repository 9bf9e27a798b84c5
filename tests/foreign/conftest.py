"""A server that a test may kill, its people, and the programs of docs/clients.md."""

from collections.abc import Iterator

import pytest

from e2e.crowd import Person, register
from foreign.mortal import MortalServer


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[MortalServer]:
    server = MortalServer(tmp_path_factory.mktemp("mortal"))
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def people(server, request) -> list[Person]:
    """Ann and Bob, new ones for each test."""
    mark = f"{abs(hash((request.node.nodeid, server.port))):x}"[:8]
    return register(server.running, f"ann{mark}", f"bob{mark}")
