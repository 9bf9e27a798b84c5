"""For all tests: what pytest itself needs."""

import gc
import os

import pytest

WAITING = {"e2e", "faults"}
"""Folders of tests that wait for servers, a few at a time; the others are many and short."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several run at once, begin with what takes long: what is short fills the cores up to the end."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: WAITING.isdisjoint(item.path.parts))


def pytest_collection_finish() -> None:
    """Leave the twelve thousand collected tests, which stay, out of each search for garbage."""
    gc.collect()
    gc.freeze()
