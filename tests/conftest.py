"""The settings of all tests: their order, their scale and the signal handling of their processes; and one browser."""

import gc
import os
import signal
from typing import TYPE_CHECKING

import pytest
from _pytest.runner import runtestprotocol

from scale import IS_SLOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

WAITING = {"browser", "e2e", "faults"}
"""Folders of tests that wait for servers or pages, a few at a time; the others are many and short."""
SLOW_TIMEOUT_SECONDS = 3_600


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """The browser of all tests of this process: Playwright allows one."""
    from e2e.browsers import chromium

    with chromium() as browser:
        yield browser


def pytest_configure() -> None:
    """Restore the default handling of SIGINT and SIGHUP, here and in every process that a test starts.

    A shell makes a background job ignore SIGINT, nohup makes it ignore SIGHUP, and children inherit that. Tests of
    Ctrl-C and of a closed terminal would fail there.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    gc.disable()  # until all tests are collected, since none of them is garbage


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several processes, start the long tests first, so that the short ones keep all cores busy to the end."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: WAITING.isdisjoint(item.path.parts))
    if IS_SLOW:
        for item in items:
            item.add_marker(pytest.mark.timeout(SLOW_TIMEOUT_SECONDS))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Among several processes, report a successful test once: four messages about each would cost 1 ms of CPU."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return None
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        if report.when == "call" or not report.passed:
            item.ihook.pytest_runtest_logreport(report=report)
    return True


def pytest_collection_finish() -> None:
    """Exclude the thousands of collected tests, which live to the end, from garbage collection; make that rarer."""
    gc.freeze()
    gc.set_threshold(10_000, 10, 20)
    gc.enable()
