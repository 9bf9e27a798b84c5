/**
 * One row of the messages: a message, the user's own on its way, or a day.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/timeline.js").Row} Row
 * @typedef {import("../store/timeline.js").MessageRow} MessageRow
 * @typedef {import("../store/timeline.js").EntryRow} EntryRow
 */
import {discard, sendAgain} from "../actions/sending.js";
import {nameOf} from "../store/people.js";
import {clock, day, daysAgo, full} from "../text/time.js";
import {language, t} from "../texts/texts.js";
import {fill, h} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {userAvatar} from "./avatar.js";
import {messageText} from "./message_text.js";
import {personLink} from "./person_link.js";

const COLOURS = 8;

/**
 * @param {App} app
 * @param {Row} first
 * @param {{room: number, jump: (id: number, from: import("../store/state.js").Message) => void}} _list
 * @param {AbortSignal} _signal
 * @returns {import("../ui/dom.js").Part<Row>}
 */
export function timelineRow(app, first, _list, _signal) {
  if (first.kind === "day") return {element: dayRow(first.time)};
  if (first.kind === "unread") {
    return {element: h("div", {class: "unread-divider", role: "separator"}, h("span", null, t("messages.unread")))};
  }
  const element = h("article", {class: "message"});

  /** @param {Row} row */
  function update(row) {
    if (row.kind === "message") showMessage(app, element, row);
    else if (row.kind === "entry") showEntry(app, element, row);
  }
  update(first);
  return {element, update};
}

/** @param {number} time */
function dayRow(time) {
  const now = Date.now();
  const days = daysAgo(time, now);
  const text = days === 0 ? t("messages.today") : days === 1 ? t("messages.yesterday") : day(time, language(), now);
  return h("div", {class: "day", role: "separator", "aria-label": text}, h("span", null, text));
}

/**
 * @param {App} app
 * @param {HTMLElement} element
 * @param {MessageRow} row
 */
function showMessage(app, element, {message, isFirst}) {
  const me = app.store.get().account?.id;
  const isMine = message.user.id === me;
  const time = Date.parse(message.timestamp);
  element.className = `message ${isMine ? "is-mine" : ""} ${isFirst ? "is-first" : ""} ${message.is_deleted ? "is-deleted" : ""}`;
  const status = isMine && !message.is_deleted && tick(message.is_read);
  const body = message.is_deleted
    ? t("messages.deleted")
    : message.is_blocked
      ? t("messages.blocked")
      : messageText(app, message);
  fill(
    element,
    !isMine && h("div", {class: "message-picture"}, isFirst && authorPicture(app, message)),
    h(
      "div",
      {class: "bubble"},
      isFirst &&
        !isMine &&
        h(
          "div",
          {class: "message-author", dir: "auto", dataset: {colour: message.user.id % COLOURS}},
          personLink(app, message.user, message.room, {class: "message-author-button"}, nameOf(message.user)),
        ),
      h("div", {class: "message-body", dir: "auto"}, body),
      h(
        "div",
        {class: "message-meta"},
        message.edited_at !== null && !message.is_deleted && h("span", null, t("messages.edited")),
        h("time", {datetime: message.timestamp, title: full(time, language())}, clock(time, language())),
        status,
      ),
    ),
  );
}

/**
 * The picture opens the card of the author, as the name beside it does. The keyboard needs one of the two.
 * @param {App} app
 * @param {import("../store/state.js").Message} message
 */
function authorPicture(app, {user, room}) {
  const attributes = {class: "message-picture-button", tabindex: -1, "aria-hidden": true};
  return personLink(app, user, room, attributes, userAvatar(user, "small"));
}

/** @param {boolean} isRead */
function tick(isRead) {
  return h(
    "span",
    {class: isRead ? "tick is-read" : "tick"},
    icon(isRead ? "check-double" : "check"),
    h("span", {class: "only-heard"}, t(isRead ? "messages.read" : "messages.sent")),
  );
}

/**
 * @param {App} app
 * @param {HTMLElement} element
 * @param {EntryRow} row
 */
function showEntry(app, element, {entry, isFirst}) {
  const isFailed = entry.state === "failed";
  element.className = `message is-mine is-pending ${isFirst ? "is-first" : ""} ${isFailed ? "is-failed" : ""}`;
  fill(
    element,
    h(
      "div",
      {class: "bubble"},
      h("div", {class: "message-body", dir: "auto"}, messageText(app, entry)),
      h(
        "div",
        {class: "message-meta"},
        h("time", null, clock(entry.createdAt, language())),
        h(
          "span",
          {class: "tick"},
          icon(isFailed ? "warning" : "clock"),
          h("span", {class: "only-heard"}, t(isFailed ? "messages.not_sent" : "messages.sending")),
        ),
      ),
      isFailed &&
        h(
          "div",
          {class: "message-problem", role: "alert"},
          h("p", null, entry.problem),
          h(
            "button",
            {type: "button", class: "link-button", onclick: () => sendAgain(app, entry)},
            t("messages.retry"),
          ),
          h(
            "button",
            {type: "button", class: "link-button", onclick: () => discard(app, entry)},
            t("messages.discard"),
          ),
        ),
    ),
  );
}
