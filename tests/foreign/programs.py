"""The programs and configurations of docs/clients.md."""

import re
from pathlib import Path

NODE_MODULES = Path(__file__).parent / "node_modules"
_PAGE = Path(__file__).parents[2] / "docs" / "clients.md"


def fenced(heading: str, language: str) -> str:
    """Return the only block of code in this language under the heading."""
    section = re.split(r"^##", _PAGE.read_text().split(f"\n### {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return str(found)
