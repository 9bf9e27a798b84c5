"""Checks of a page with axe-core, whose version tests/web/package.json names."""

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

_AXE = Path(__file__).parents[1] / "web/node_modules/axe-core/axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_OF_COLOURS = ["color-contrast", "link-in-text-block"]
_STATE = "() => ['axe' in window, matchMedia('(prefers-color-scheme: dark)').matches]"
_RUN = """async ([within, options]) => {
  const {violations} = await axe.run(within, {...options, resultTypes: ["violations"], preload: false});
  return violations.flatMap(({id, help, nodes}) =>
    nodes.map(node => `${id}: ${help}\\n  ${node.target}\\n  ${node.html}\\n  ${node.failureSummary}`));
}"""


def violations_of(page: Page, within: str = "html") -> list[str]:
    """Return what axe-core finds in the part of the page: of colours in both themes, of anything else in this one.

    The page keeps the other theme, since each change of the theme costs a layout.
    """
    has_axe, is_dark = page.evaluate(_STATE)
    if not has_axe:
        page.evaluate(_source())
    found = page.evaluate(_RUN, [within, {"runOnly": _RULES}])
    page.emulate_media(color_scheme="light" if is_dark else "dark", reduced_motion="reduce")
    of_colours = page.evaluate(_RUN, [within, {"runOnly": _OF_COLOURS}])
    themes = ("dark", "light") if is_dark else ("light", "dark")
    return [f"{theme}: {one}" for theme, ones in zip(themes, (found, of_colours), strict=True) for one in ones]


@cache
def _source() -> str:
    return _AXE.read_text(encoding="utf-8")
