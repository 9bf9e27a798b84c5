"""Checks of a page with axe-core, whose version tests/web/package.json names."""

from functools import cache
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

_AXE = Path(__file__).parents[1] / "web/node_modules/axe-core/axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = """async rules => {
  const {violations} = await axe.run(document, {runOnly: rules, resultTypes: ["violations"]});
  return violations.flatMap(({id, help, nodes}) =>
    nodes.map(node => `${id}: ${help}\\n  ${node.target}\\n  ${node.html}\\n  ${node.failureSummary}`));
}"""


def violations_of(page: Page) -> list[str]:
    """Return what axe-core finds on the page in the light and in the dark theme."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    found = []
    themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for theme in themes:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found += [f"{theme}: {violation}" for violation in page.evaluate(_RUN, _RULES)]
    return found


@cache
def _source() -> str:
    return _AXE.read_text(encoding="utf-8")
