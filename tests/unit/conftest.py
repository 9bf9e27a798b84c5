"""Unit tests: every rule of the domain, on memory adapters. They need pytest and minichat, none of its dependencies."""

import pytest

from builders import MemoryChat


@pytest.fixture
def chat() -> MemoryChat:
    return MemoryChat()


@pytest.fixture
def people(chat):
    return chat.people("ann", "bob", "carl")


@pytest.fixture
def ann(people):
    return people[0]


@pytest.fixture
def bob(people):
    return people[1]


@pytest.fixture
def carl(people):
    return people[2]
