"""Checks of a page with axe-core, whose version tests/web/package.json names.

axe-core checks everything in the light theme. The dark one has other colours and nothing else, so axe-core checks there
the texts that look new: those whose colours, size and backgrounds no earlier check of this process has passed.
"""

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

_AXE = Path(__file__).parents[1] / "web/node_modules/axe-core/axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_OF_COLOURS = ["color-contrast", "link-in-text-block"]
_RUN = """async (theme, within, runOnly) => {
  const {violations} = await axe.run(within, {runOnly, resultTypes: ["violations"], preload: false});
  return violations.flatMap(({id, help, nodes}) =>
    nodes.map(node => `${theme}: ${id}: ${help}\\n  ${node.target}\\n  ${node.html}\\n  ${node.failureSummary}`));
}"""
# A larger text may have less contrast, a disabled one any, and a link has to differ from the text around it.
_LOOK = """element => {
  const {color, fontSize, fontWeight} = getComputedStyle(element);
  const size = parseFloat(fontSize) < 18 ? "small" : `${fontSize} ${fontWeight}`;
  const look = [color, size, element.closest(":disabled, [aria-disabled=true]") !== null];
  if (element.matches("a")) look.push(getComputedStyle(element.parentElement).color);
  if (element.matches("input, textarea")) look.push(getComputedStyle(element, "::placeholder").color);
  let isCovered = false;
  for (let one = element; one !== null; one = one.parentElement) {
    const {backgroundColor, backgroundImage, opacity} = getComputedStyle(one);
    if (opacity !== "1") look.push(opacity);
    if (!isCovered && backgroundColor !== "rgba(0, 0, 0, 0)") look.push(backgroundColor);
    if (!isCovered && backgroundImage !== "none") look.push(backgroundImage);
    isCovered ||= backgroundColor.startsWith("rgb(");
  }
  return look.join(" ");
}"""
_CHECK = f"""async ([within, rules, rulesOfColours, passed]) => {{
  const [run, look] = [{_RUN}, {_LOOK}];
  const isText = one => one.matches("input, textarea") ||
    [...one.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "");
  const found = await run("light", within, rules);
  const texts = [...document.querySelectorAll(within)].flatMap(part => [part, ...part.querySelectorAll("*")])
    .filter(one => isText(one) && one.checkVisibility());
  const light = texts.map(look);
  document.documentElement.style.colorScheme = "dark";
  const dark = texts.map(look);
  const unseen = texts.filter((_, place) => !passed.includes(dark[place]));
  if (unseen.length > 0) found.push(...await run("dark", unseen, rulesOfColours));
  document.documentElement.style.colorScheme = "";
  return [found, [...light, ...dark]];
}}"""

_passed: set[str] = set()


def violations_of(page: Page, within: str = "html") -> list[str]:
    """Return what axe-core finds in the part of the page, which shows the light theme."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    found, looks = page.evaluate(_CHECK, [within, _RULES, _OF_COLOURS, sorted(_passed)])
    if not found:
        _passed.update(looks)
    return list(found)


@cache
def _source() -> str:
    return _AXE.read_text(encoding="utf-8")
