"""Unit tests: every rule of the domain, on memory adapters. They need pytest and minichat, none of its dependencies."""

import pytest

from builders import MemoryChat


@pytest.fixture
def chat() -> MemoryChat:
    return MemoryChat()
