"""docs/clients.md names the versions that `make slow` runs."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/clients.md").read_text(encoding="utf-8")
NPM: dict[str, str] = json.loads((ROOT / "tests/foreign/package.json").read_text())["dependencies"]
PYPI = dict(re.findall(r"^([\w-]+)==([\w.]+) ", (ROOT / "requirements-dev.lock").read_text(), re.MULTILINE))
WITHOUT_A_ROW = {"express", "webpack"}
"""The packages in which the others run."""


def test_the_page_names_the_versions_that_run() -> None:
    shown: dict[str, str] = {}
    for names, tried in re.findall(r"^\| (\W?[`\w].*?) \| (.*?) \|", PAGE, re.MULTILINE):
        packages = re.findall(r"`(@?[\w/-]+)`", names) or [names.lower()]
        shown.update(zip(packages, re.findall(r"\d+(?:\.\d+)+", tried), strict=False))
    expected = {name: version for name, version in NPM.items() if name not in WITHOUT_A_ROW}
    expected |= {name: PYPI[name] for name in ("httpx-sse", "sseclient-py", "websockets")}
    assert {name: shown.get(name) for name in expected} == expected


def test_npm_packages_have_exact_versions() -> None:
    assert [version for version in NPM.values() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
