/**
 * The grid of the emoji picker, in sections. One cell is in the order of the Tab key; arrow keys move it.
 *
 * @typedef {{emoji: string, name: string}} Cell
 * @typedef {{key: string, title: string, cells: readonly Cell[]}} Section
 */

import {t} from "../texts/texts.js";
import {fill, h} from "../ui/dom.js";

const COLUMNS = 8;
/** Rows that Page Up and Page Down move. */
const PAGE = 5;

/**
 * @param {object} how
 * @param {(emoji: string) => void} how.pick
 * @param {(name: string) => void} how.point The pointer or the focus is on an emoji with this name; empty on none.
 * @param {() => void} how.leave The focus leaves the grid upwards.
 */
export function emojiGrid({pick, point, leave}) {
  const element = h("div", {class: "emoji-grid", role: "grid", "aria-label": t("emoji.grid")});
  /** The buttons by row, over all sections. @type {HTMLElement[][]} */
  let rows = [];

  /** @param {readonly Section[]} sections */
  function show(sections) {
    rows = [];
    element.scrollTop = 0;
    fill(element, sections.map(section));
    const first = rows[0]?.[0];
    if (first) first.tabIndex = 0;
  }

  /** @param {Section} section */
  function section({key, title, cells}) {
    const lines = [];
    for (let at = 0; at < cells.length; at += COLUMNS) {
      const row = cells.slice(at, at + COLUMNS).map(cell);
      rows.push(row);
      lines.push(h("div", {class: "emoji-row", role: "row"}, row));
    }
    const heading = h("div", {class: "emoji-heading", "aria-hidden": "true"}, title);
    const style = {"--rows": String(lines.length)};
    return h(
      "div",
      {class: "emoji-section", role: "rowgroup", "aria-label": title, dataset: {key}, style},
      heading,
      lines,
    );
  }

  /** @param {Cell} cell */
  function cell({emoji, name}) {
    const button = h(
      "button",
      {type: "button", class: "emoji-cell", role: "gridcell", tabindex: -1, "aria-label": name},
      emoji,
    );
    return /** @type {HTMLElement} */ (button);
  }

  /** @param {Event} event */
  function cellOf(event) {
    return /** @type {Element} */ (event.target).closest(".emoji-cell");
  }

  /** @param {HTMLElement | undefined} next */
  function move(next) {
    if (!next) return;
    for (const one of element.querySelectorAll('.emoji-cell[tabindex="0"]')) one.setAttribute("tabindex", "-1");
    next.tabIndex = 0;
    next.focus({preventScroll: true});
    next.scrollIntoView({block: "nearest"});
  }

  /** @param {KeyboardEvent} event */
  function onkeydown(event) {
    const y = rows.findIndex((row) => row.includes(/** @type {HTMLElement} */ (event.target)));
    if (y < 0) return;
    const x = rows[y].indexOf(/** @type {HTMLElement} */ (event.target));
    const isReversed = getComputedStyle(element).direction === "rtl";
    const before = rows[y][x - 1] ?? rows[y - 1]?.at(-1);
    const after = rows[y][x + 1] ?? rows[y + 1]?.[0];
    const at = (/** @type {number} */ line) => rows[line]?.[Math.min(x, rows[line].length - 1)];
    const moves = /** @type {Record<string, HTMLElement | undefined>} */ ({
      ArrowUp: at(y - 1),
      ArrowDown: at(y + 1),
      ArrowLeft: isReversed ? after : before,
      ArrowRight: isReversed ? before : after,
      Home: rows[y][0],
      End: rows[y].at(-1),
      PageUp: at(Math.max(0, y - PAGE)),
      PageDown: at(Math.min(rows.length - 1, y + PAGE)),
    });
    if (!(event.key in moves)) return;
    if (event.key === "ArrowUp" && y === 0) leave();
    else move(moves[event.key]);
    event.preventDefault();
  }

  element.addEventListener("keydown", onkeydown);
  element.addEventListener("click", (event) => {
    const emoji = cellOf(event)?.textContent;
    if (emoji) pick(emoji);
  });
  for (const type of ["pointerover", "focusin"]) {
    element.addEventListener(type, (event) => point(cellOf(event)?.getAttribute("aria-label") ?? ""));
  }
  element.addEventListener("pointerleave", () => point(""));

  return {
    element,
    show,
    focus: () => move(rows[0]?.[0]),
    pickFirst() {
      const emoji = rows[0]?.[0].textContent;
      if (emoji) pick(emoji);
    },
    /** @param {string} key Of a section. */
    scrollTo(key) {
      element.querySelector(`[data-key="${key}"]`)?.scrollIntoView({block: "start"});
    },
  };
}
