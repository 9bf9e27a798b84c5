"""Two people for tests that share a `server` of their module."""

import pytest

from e2e.crowd import register


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
