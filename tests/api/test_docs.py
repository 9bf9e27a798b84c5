"""The generated documents in docs/ agree with the code.

To generate them again: `WRITE_DOCS=1 python -m pytest tests/api/test_docs.py`
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from api.conftest import MakeChat, on_one_database
from api.guide import URL, Guide, write_guide

pytestmark = on_one_database  # on PostgreSQL, ids have gaps and cursors hold transaction ids

DOCS = Path(__file__).parents[2] / "docs"


def holds(name: str, made: str) -> None:
    """Fail unless the file holds the text. With WRITE_DOCS set, write the file first."""
    path = DOCS / name
    if os.environ.get("WRITE_DOCS"):
        path.write_text(made, encoding="utf-8")
    committed = path.read_text(encoding="utf-8") if path.exists() else ""
    assert made == committed, (
        "the API has changed: WRITE_DOCS=1 python -m pytest tests/api/test_docs.py, and read the diff"
    )


@pytest.fixture
def guide(make_new_chat: MakeChat) -> Guide:
    return write_guide(make_new_chat(MINICHAT_PUBLIC_URL=URL))


def test_the_guide_shows_every_call(guide: Guide, make_chat: MakeChat) -> None:
    paths = make_chat().document.document["paths"]
    calls = {f"{method.upper()} {path}" for path in paths for method in paths[path] if method != "parameters"}
    assert guide.calls == calls
    assert set(re.findall(r"^### `(.*)`$", guide.text(), re.MULTILINE)) == calls


def test_docs_api_md_is_the_guide(guide: Guide) -> None:
    holds("api.md", guide.text())


def test_the_guide_is_the_same_each_time(guide: Guide, make_new_chat: MakeChat) -> None:
    assert write_guide(make_new_chat(MINICHAT_PUBLIC_URL=URL)).text() == guide.text()


def test_docs_openapi_json_equals_the_output_of_the_command() -> None:
    minichat = shutil.which("minichat", path=Path(sys.executable).parent)
    assert minichat is not None, "minichat is not installed beside this Python"
    printed = subprocess.run([minichat, "openapi"], capture_output=True, text=True, check=True).stdout
    assert json.loads(printed)["openapi"].startswith("3.1")
    holds("openapi.json", printed)
