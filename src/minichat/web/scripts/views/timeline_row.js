/**
 * One row of the messages: a message, the user's own on its way, a day, or the place where the unread ones begin. An entry
 * and the message that it becomes are one row.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/timeline.js").Row} Row
 */
import {day, daysAgo} from "../text/time.js";
import {language, t} from "../texts/texts.js";
import {h, scope, setText} from "../ui/dom.js";
import {onNewDay} from "../ui/new_day.js";
import {showEntry} from "./entry.js";
import {messageView} from "./message.js";

/**
 * @typedef {object} ListPart What a row needs of its list.
 * @property {number} room
 * @property {(id: number, from: import("../store/state.js").Message) => void} jump
 * @property {(element: HTMLElement, key: string) => void} settle Called after each change of a row.
 */

/**
 * @param {App} app
 * @param {Row} first
 * @param {ListPart} list
 * @param {AbortSignal} signal
 * @returns {import("../ui/dom.js").Part<Row>}
 */
export function timelineRow(app, first, list, signal) {
  if (first.kind === "day") return {element: dayRow(first.time, signal)};
  if (first.kind === "unread") {
    return {element: h("div", {class: "unread-divider", role: "separator"}, h("span", null, t("messages.unread")))};
  }
  const element = h("article", {class: "message", tabindex: -1});
  /** @type {ReturnType<typeof messageView> | null} */
  let view = null;
  const part = scope(signal);

  /** @param {Row} row */
  function update(row) {
    if (row.kind === "entry") {
      view = null; // the entry takes the place of what it has made
      showEntry(app, element, row, part.next());
      list.settle(element, row.key);
    }
    if (row.kind !== "message") return;
    view ??= messageView(app, element, list, part.next());
    view.update(row);
  }
  update(first);
  return {element, update};
}

/**
 * @param {number} time
 * @param {AbortSignal} signal
 */
function dayRow(time, signal) {
  const text = h("span");
  const element = h("div", {class: "day", role: "separator"}, text);

  function show() {
    const now = Date.now();
    const days = daysAgo(time, now);
    setText(text, days === 0 ? t("messages.today") : days === 1 ? t("messages.yesterday") : day(time, language(), now));
    element.setAttribute("aria-label", text.textContent ?? "");
  }
  show();
  onNewDay(show, signal);
  return element;
}
