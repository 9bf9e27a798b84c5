"""docs/security.md names a test for each line of what must hold; here is made sure that they are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/security.md").read_text()
LINES = (
    *(f"T{number}" for number in range(1, 14)),
    *(f"P{number}" for number in (1, 2, 3, 4, 5, 6, 8)),
    *("Z1", "Z2", "Z3", "Z4", "Z5", "I1–I7", "R1", "R2"),
    *(f"W{number}" for number in range(1, 7)),
    *(f"S{number}" for number in range(1, 5)),
)


@pytest.mark.parametrize("line", LINES)
def test_each_line_names_tests_that_exist(line: str) -> None:
    [row] = re.findall(rf"^\| {line} \|.*$", DOCUMENT, re.MULTILINE)
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", row)
    assert named, f"{line} names no test"
    for path, name in named:
        text = (ROOT / path).read_text()
        assert not name or f"def {name}(" in text, f"{line}: {path} has no {name}"


def test_no_line_is_told_twice_or_unknown() -> None:
    assert re.findall(r"^\| ([A-Z]\d+\S*) \|", DOCUMENT, re.MULTILINE) == list(LINES)
