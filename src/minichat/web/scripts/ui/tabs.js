/**
 * Tabs: one part of a dialog at a time. Left, Right, Home and End move between them.
 */
import {fill, h, scope} from "./dom.js";

let sets = 0;

/**
 * @typedef {object} Tab
 * @property {string} key
 * @property {string} label
 * @property {(signal: AbortSignal) => HTMLElement} content Made when the tab is shown.
 */

/**
 * @param {object} parts
 * @param {string} parts.label
 * @param {readonly Tab[]} parts.tabs
 * @param {string} [parts.first] The key of the tab to show first.
 * @param {AbortSignal} parts.signal
 */
export function tabs({label, tabs: all, first, signal}) {
  sets += 1;
  const part = scope(signal);
  const panel = h("div", {class: "tab-panel", role: "tabpanel", id: `tabs-${sets}-panel`});
  const list = h("div", {class: "tabs", role: "tablist", "aria-label": label});
  let shown = "";
  /** @type {readonly Tab[]} */
  let present = [];

  /** @param {string} key */
  function show(key) {
    const tab = present.find((one) => one.key === key) ?? present[0];
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("[role=tab]"))) {
      const isShown = button.dataset.key === tab.key;
      button.setAttribute("aria-selected", String(isShown));
      button.tabIndex = isShown ? 0 : -1;
      if (!isShown) continue;
      panel.setAttribute("aria-labelledby", button.id);
      button.scrollIntoView({block: "nearest", inline: "nearest"});
    }
    if (tab.key === shown) return;
    shown = tab.key;
    fill(panel, tab.content(part.next()));
  }

  /** @param {KeyboardEvent} event */
  function onkeydown(event) {
    const place = present.findIndex(({key}) => key === shown);
    const isReversed = getComputedStyle(list).direction === "rtl";
    const moves = /** @type {Record<string, number>} */ ({
      ArrowRight: place + (isReversed ? -1 : 1),
      ArrowLeft: place + (isReversed ? 1 : -1),
      Home: 0,
      End: present.length - 1,
    });
    if (!(event.key in moves)) return;
    event.preventDefault();
    const {key} = present[(moves[event.key] + present.length) % present.length];
    show(key);
    /** @type {HTMLElement} */ (list.querySelector(`[data-key="${key}"]`)).focus();
  }

  /**
   * Show other tabs, as after a change of the user's role. The shown tab stays as it is.
   * @param {readonly Tab[]} next
   */
  function update(next) {
    if (next.map(({key}) => key).join() === present.map(({key}) => key).join()) return;
    present = next;
    fill(
      list,
      next.map(({key, label: text}) =>
        h(
          "button",
          {
            type: "button",
            class: "tab",
            role: "tab",
            id: `tabs-${sets}-${key}`,
            "aria-controls": panel.id,
            dataset: {key},
            onclick: () => show(key),
          },
          text,
        ),
      ),
    );
    list.hidden = next.length < 2;
    show(shown === "" ? (first ?? "") : shown);
  }

  list.addEventListener("keydown", onkeydown);
  update(all);
  return {element: h("div", {class: "tabbed"}, list, panel), show, update};
}
