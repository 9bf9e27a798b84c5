"""What all tests share: their order, their scale and the signals that their processes begin with."""

import gc
import os
import signal

import pytest

from scale import IS_SLOW

WAITING = {"e2e", "faults"}
"""Folders of tests that wait for servers, a few at a time; the others are many and short."""
SLOW_TIMEOUT_SECONDS = 3_600


def pytest_configure() -> None:
    """Give SIGINT its default effect back, here and so in every process that a test starts.

    A shell lets a background job ignore SIGINT, and children inherit that. What Ctrl-C does could not be tested there.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long tests where several run at once: the short ones fill the cores up to the end."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: WAITING.isdisjoint(item.path.parts))
    if IS_SLOW:
        for item in items:
            item.add_marker(pytest.mark.timeout(SLOW_TIMEOUT_SECONDS))


def pytest_collection_finish() -> None:
    """Leave the thousands of collected tests, which stay, out of each search for garbage."""
    gc.collect()
    gc.freeze()
