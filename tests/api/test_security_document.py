"""docs/security.md names tests for each of its lines, and pytest finds each test by the identifier on the page."""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/security.md").read_text(encoding="utf-8")
LINES = (
    *(f"T{number}" for number in range(1, 15)),
    *(f"P{number}" for number in (1, 2, 3, 4, 5, 6, 8)),
    *("Z1", "Z2", "Z3", "Z4", "Z5", "Z6", "Z7", "I1–I7", "R1", "R2"),
    *(f"W{number}" for number in range(1, 9)),
    *(f"S{number}" for number in range(1, 5)),
)


def named_in(text: str) -> set[str]:
    """Return the identifiers of tests in a text."""
    return set(re.findall(r"`(tests/[^`]+)`", text))


@pytest.fixture(scope="module")
def collected(request: pytest.FixtureRequest) -> set[str]:
    """Return the files in the document and the tests that pytest finds in them, without their parameters.

    A run of all tests has found them already.
    """
    found_already = _names(item.nodeid for item in request.session.items)
    if named_in(DOCUMENT) <= found_already:
        return found_already
    files = sorted({name.partition("::")[0] for name in named_in(DOCUMENT)})
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "-p", "no:cacheprovider", *files]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert found.returncode == 0, found.stdout + found.stderr
    return _names(line for line in found.stdout.splitlines() if "::" in line)


def _names(node_ids: Iterable[str]) -> set[str]:
    """Return the tests and their files, without the parameters of the tests."""
    tests = {node_id.partition("[")[0] for node_id in node_ids}
    return tests | {test.partition("::")[0] for test in tests}


@pytest.mark.parametrize("line", LINES)
def test_each_line_names_tests_that_pytest_finds(collected: set[str], line: str) -> None:
    [row] = re.findall(rf"^\| {line} \|.*$", DOCUMENT, re.MULTILINE)
    assert named_in(row), f"{line} names no test"
    assert named_in(row) <= collected, sorted(named_in(row) - collected)


def test_each_requirement_is_on_the_page_once() -> None:
    assert re.findall(r"^\| ([A-Z]\d+\S*) \|", DOCUMENT, re.MULTILINE) == list(LINES)
