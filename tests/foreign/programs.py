"""The programs and configurations of docs/clients.md, and those of docs/live.md to which it refers."""

import re
from pathlib import Path

NODE_MODULES = Path(__file__).parent / "node_modules"
_DOCS = Path(__file__).parents[2] / "docs"


def fenced(heading: str, language: str, page: str = "clients.md") -> str:
    """Return the only block of code in this language under the heading."""
    text = (_DOCS / page).read_text()
    section = re.split(r"^##", re.split(rf"^###? {heading}\n", text, flags=re.MULTILINE)[1], flags=re.MULTILINE)[0]
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return str(found)
