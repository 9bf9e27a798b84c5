/**
 * A message of the user on its way: waiting, being sent, or refused, with what can be done then.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/timeline.js").EntryRow} EntryRow
 */
import {discard, sendAgain, takeBackEntry} from "../actions/sending.js";
import {plain} from "../text/markup.js";
import {clock, full} from "../text/time.js";
import {language, t} from "../texts/texts.js";
import {fill, h} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {messageText} from "./message_text.js";
import {placeMeta} from "./meta_place.js";
import {quoteView} from "./quote.js";

/**
 * @param {App} app
 * @param {HTMLElement} element
 * @param {EntryRow} row
 * @param {AbortSignal} signal Ends when the row shows something else.
 */
export function showEntry(app, element, {entry, isFirst}, signal) {
  const isFailed = entry.state === "failed";
  const state = t(isFailed ? "messages.not_sent" : "messages.sending");
  element.className = `message is-mine is-pending ${isFirst ? "is-first" : ""} ${isFailed ? "is-failed" : ""}`;
  element.setAttribute("aria-label", `${t("messages.you")}, ${state}: ${plain(entry.content)}`);
  const body = h("div", {class: "message-body", dir: "auto"}, messageText(app, entry));
  const meta = h(
    "div",
    {class: "message-meta"},
    h("time", {title: full(entry.createdAt, language())}, clock(entry.createdAt, language())),
    h("span", {class: "tick"}, icon(isFailed ? "warning" : "clock"), h("span", {class: "only-heard"}, state)),
  );
  placeMeta(element, body, meta, {isApart: isFailed});
  fill(
    element,
    h(
      "div",
      {class: "message-main"},
      h(
        "div",
        {class: "bubble"},
        entry.replyTo !== null && quoteView(app, entry.room, entry.replyTo, () => {}, signal),
        body,
        meta,
        isFailed && failure(app, entry),
      ),
    ),
  );
}

/**
 * @param {App} app
 * @param {EntryRow["entry"]} entry
 */
function failure(app, entry) {
  const link = (/** @type {string} */ text, /** @type {() => void} */ onclick) =>
    h("button", {type: "button", class: "link-button", onclick}, text);
  return h(
    "div",
    {class: "message-problem", role: "alert"},
    h("p", null, entry.problem),
    link(t("messages.retry"), () => sendAgain(app, entry)),
    link(t("messages.take_back"), () => takeBackEntry(app, entry)),
    link(t("messages.discard"), () => discard(app, entry)),
  );
}
