/**
 * A list that loads page by page, with its states: loading, empty, failed, and more to come.
 */
import {problemText} from "../actions/problems.js";
import {t} from "../texts/texts.js";
import {fill, h} from "../ui/dom.js";
import {icon} from "../ui/icons.js";

/**
 * @template T
 * @typedef {{items: readonly T[], next: Record<string, string> | null}} Page
 */

/**
 * @template T
 * @param {object} options
 * @param {string} options.label
 * @param {(next?: Record<string, string>) => Promise<Page<T>>} options.load
 * @param {(item: T) => HTMLElement} options.make
 * @param {string} options.empty What to say if there is nothing.
 * @param {import("../ui/icons.js").IconName} [options.sign] Shown above it.
 * @param {AbortSignal} options.signal
 */
export function pagedList({label, load, make, empty, sign, signal}) {
  const list = h("ul", {class: "people", "aria-label": label});
  const note = h("div", {class: "paged-note", role: "status"});

  /** @param {Record<string, string>} [query] */
  async function loadPage(query) {
    const isMore = note.contains(document.activeElement);
    fill(note, h("span", {class: "spinner is-small"}), h("span", {class: "only-heard"}, t("app.loading")));
    try {
      const {items, next} = await load(query);
      if (signal.aborted) return;
      const rows = items.map(make);
      list.append(...rows);
      if (isMore) /** @type {HTMLElement | null} */ (rows[0]?.querySelector("a, button"))?.focus();
      if (next)
        fill(
          note,
          button(t("messages.show_more"), () => loadPage(next)),
        );
      else fill(note, ...(list.childElementCount === 0 ? nothing(empty, sign) : []));
    } catch (error) {
      if (signal.aborted) return;
      fill(
        note,
        h("p", null, problemText(error)),
        button(t("app.retry"), () => loadPage(query)),
      );
    }
  }

  void loadPage();
  return h("div", {class: "paged"}, list, note);
}

/**
 * @param {string} text
 * @param {import("../ui/icons.js").IconName | undefined} sign
 */
function nothing(text, sign) {
  return [sign && h("div", {class: "blank-sign"}, icon(sign)), h("p", {class: "quiet"}, text)];
}

/**
 * @param {string} text
 * @param {() => void} onclick
 */
function button(text, onclick) {
  return h("button", {type: "button", class: "button", onclick}, text);
}
