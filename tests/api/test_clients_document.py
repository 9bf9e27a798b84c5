"""docs/clients.md names the versions that `make test` and `make slow` run."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/clients.md").read_text(encoding="utf-8")
NPM: dict[str, str] = {
    name: version
    for folder in ("foreign", "generated")
    for name, version in json.loads((ROOT / f"tests/{folder}/package.json").read_text())["dependencies"].items()
}
PYPI = dict(re.findall(r"^([\w-]+)==([\w.]+) ", (ROOT / "requirements-dev.lock").read_text(), re.MULTILINE))
WITHOUT_A_ROW = {"express", "webpack"}
"""The packages in which the others run."""


def test_the_page_names_the_versions_that_run() -> None:
    shown: dict[str, str] = {}
    for names, tried in re.findall(r"^\| (\W?[`\w].*?) \| (.*?) \|", PAGE, re.MULTILINE):
        packages = re.findall(r"`(@?[\w/-]+)`", names) or [names.lower()]
        shown.update(zip(packages, re.findall(r"\d+(?:\.\d+)+", tried), strict=False))
    expected = {name: version for name, version in NPM.items() if name not in WITHOUT_A_ROW}
    expected |= {name: PYPI[name] for name in ("httpx-sse", "openapi-python-client", "sseclient-py", "websockets")}
    assert {name: shown.get(name) for name in expected} == expected


def test_the_commands_of_the_page_install_these_versions() -> None:
    installed = dict(re.findall(r"([\w-]+)(?:@|==)(\d[\d.]+)", PAGE))
    assert installed == {name: (NPM | PYPI)[name] for name in installed}
    assert {"openapi-fetch", "openapi-typescript", "typescript", "openapi-python-client"} == set(installed)


def test_npm_packages_have_exact_versions() -> None:
    assert [version for version in NPM.values() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
