"""Checks of a page with axe-core, whose version tests/web/package.json names."""

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

_AXE = Path(__file__).parents[1] / "web/node_modules/axe-core/axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_OF_COLOURS = ["color-contrast", "link-in-text-block"]
_RUN = """async ([within, options]) => {
  const {violations} = await axe.run(within, {...options, resultTypes: ["violations"], preload: false});
  return violations.flatMap(({id, help, nodes}) =>
    nodes.map(node => `${id}: ${help}\\n  ${node.target}\\n  ${node.html}\\n  ${node.failureSummary}`));
}"""


def violations_of(page: Page, within: str = "html") -> list[str]:
    """Return what axe-core finds in the part of the page: in the light theme, and of colours in the dark one, too."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = page.evaluate(_RUN, [within, {"runOnly": _RULES}])
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    return [*found, *(f"dark: {one}" for one in page.evaluate(_RUN, [within, {"runOnly": _OF_COLOURS}]))]


@cache
def _source() -> str:
    return _AXE.read_text(encoding="utf-8")
