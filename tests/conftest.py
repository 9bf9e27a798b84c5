"""The settings of all tests: their order, their scale and the signal handling of their processes; and one browser."""

import gc
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest.runner import runtestprotocol

from folders import memory_parent
from scale import IS_SLOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

WAITING = ("faults", "generated", "web", "browser", "e2e")
"""Folders of tests that wait for servers, pages or programs; the others compute. The first have the longest tests."""
LONGEST_COMPUTING = "contract"
"""The folder of the longest files of the others. The last ones, of unit tests, take tenths of a second."""
SLOW_TIMEOUT_SECONDS = 3_600


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """The browser of all tests of this process: Playwright allows one."""
    from e2e.browsers import chromium

    with chromium() as browser:
        yield browser


def pytest_configure() -> None:
    """Restore the default handling of SIGINT and SIGHUP, and put temporary files into memory, here and in all children.

    A shell makes a background job ignore SIGINT, nohup makes it ignore SIGHUP, and children inherit that. Tests of
    Ctrl-C and of a closed terminal would fail there.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if "TMPDIR" not in os.environ and (memory := memory_parent()) is not None:
        os.environ["TMPDIR"] = str(memory)  # for this process, which has not asked yet, and for all that it starts
    gc.disable()  # until all tests are collected, since none of them is garbage


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several processes, mix tests that wait with tests that compute, which fill the cores to the end."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        files: dict[Path, list[pytest.Item]] = {}
        for item in items:
            files.setdefault(item.path, []).append(item)
        places = _places(files)
        items.sort(key=lambda item: places[item.path])
    if IS_SLOW:
        for item in items:
            item.add_marker(pytest.mark.timeout(SLOW_TIMEOUT_SECONDS))


def _places(files: dict[Path, list[pytest.Item]]) -> dict[Path, int]:
    """Return the place of each file: a waiting one, a computing one, and so on; the rest of the computing ones last.

    The longest waiting ones of each folder come first, so that no process works on one of them alone at the end.
    """
    longest_first = sorted(files, key=lambda path: _length(files[path]), reverse=True)
    waiting = [path for folder in WAITING for path in longest_first if folder in path.parts]
    others = [path for path in files if path not in set(waiting)]
    computing = sorted(others, key=lambda path: LONGEST_COMPUTING not in path.parts)
    return {
        **{path: 2 * place for place, path in enumerate(waiting)},
        **{path: 2 * place + 1 for place, path in enumerate(computing)},
    }


def _length(items: list[pytest.Item]) -> tuple[float, int]:
    """Return what tells a longer file from a shorter one: the longest timeout, then the number of tests."""
    timeouts = [marker.args[0] for item in items for marker in item.iter_markers("timeout")]
    return max(timeouts, default=0), len(items)


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
