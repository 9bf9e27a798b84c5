"""docs/extending.md agrees with the code: its example runs, and each file and name on the page exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
PROSE = re.sub(r"^```.*?^```$", "", DOCUMENT, flags=re.MULTILINE | re.DOTALL)
SOURCES = ("src/**/*.py", "tests/**/*.py", "src/minichat/web/**/*.js")
FILE = r"[\w/]+(?:\.test)?\.(?:py|js|css)"
FILES = sorted(set(re.findall(rf"`({FILE})`", PROSE)))
PAIRS = sorted(set(re.findall(rf"`(\w+)`[^`|\n]{{1,9}}`({FILE})`", PROSE.replace("\n", " "))))
NAMES = sorted(set(re.findall(r"`([A-Za-z_]+(?:\.[a-z_]+)?)`", PROSE)))
OF_THE_EXAMPLE = {"is_silent", "both", "sqlite", "postgres", "PUT", "api.md"}
"""Names that the examples add, and words that are not names in the code."""


@pytest.fixture(scope="module")
def code() -> list[str]:
    """The content of each file."""
    return [path.read_text(encoding="utf-8") for pattern in SOURCES for path in ROOT.glob(pattern)]


@pytest.fixture(scope="module")
def words(code: list[str]) -> set[str]:
    return {word for content in code for word in re.findall(r"\w+", content)}


@pytest.mark.parametrize("file", FILES)
def test_each_file_on_the_page_exists(file: str) -> None:
    assert (ROOT / "src/minichat" / file).is_file() or (ROOT / "tests" / file).is_file()


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OF_THE_EXAMPLE])
def test_each_name_on_the_page_exists(code: list[str], words: set[str], name: str) -> None:
    owner, _, member = name.rpartition(".")
    if owner:
        definition = re.compile(rf"^class {owner}\b.*?^    (def )?{member}\b", re.MULTILINE | re.DOTALL)
        assert any(definition.search(content) for content in code)
    else:
        assert member in words


@pytest.mark.parametrize(("name", "file"), PAIRS)
def test_each_name_is_in_the_file_that_follows_it(name: str, file: str) -> None:
    assert re.search(rf"\b{name}\b", (ROOT / "src/minichat" / file).read_text(encoding="utf-8"))


def test_the_page_names_the_places_of_each_example() -> None:
    tables = re.findall(r"(?:^\| \d+ \|.*\n)+", DOCUMENT, re.MULTILINE)
    assert [len(table.splitlines()) for table in tables] == [8, 14, 9, 6]


def test_the_domain_runs_in_isolation_as_the_page_shows(tmp_path: Path) -> None:
    [example] = re.findall(r"^```python\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    asked = "\nimport sys; print(message.content, sorted({'flask', 'peewee'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", example + asked], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("hello []\n", "")
