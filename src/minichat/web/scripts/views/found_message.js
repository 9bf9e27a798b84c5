/**
 * A message in a list that is not its room: results of a search, mentions, pins. It leads to the message in its room.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").Message} Message
 */
import {openMessage} from "../actions/finding_messages.js";
import {href} from "../router.js";
import {nameOf} from "../store/people.js";
import {excerpt} from "../text/highlight.js";
import {plain} from "../text/markup.js";
import {full, short} from "../text/time.js";
import {language, t} from "../texts/texts.js";
import {h} from "../ui/dom.js";
import {userAvatar} from "./avatar.js";

const LONGEST = 220;

/**
 * @param {App} app
 * @param {Message} message
 * @param {{query?: string, hasRoom?: boolean, onopen?: () => void}} [how] `hasRoom`: name the room.
 */
export function foundMessage(app, message, {query = "", hasRoom = false, onopen} = {}) {
  const time = Date.parse(message.timestamp);
  const room = app.store.get().rooms.get(message.room);
  const text = message.is_deleted
    ? [t("messages.deleted")]
    : message.is_blocked
      ? [t("messages.blocked")]
      : excerpt(plain(message.content), query, LONGEST).map((part) =>
          part.isHit ? h("mark", null, part.text) : part.text,
        );

  /** @param {MouseEvent} event */
  function onclick(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // another tab
    event.preventDefault();
    onopen?.();
    openMessage(app, message);
  }

  return h(
    "a",
    {class: "found-message", href: href({page: "room", room: message.room, message: message.id}), onclick},
    userAvatar(message.user, "small"),
    h(
      "span",
      {class: "found-lines"},
      h(
        "span",
        {class: "found-line"},
        h("span", {class: "found-author", dir: "auto"}, nameOf(message.user)),
        hasRoom && room && h("span", {class: "found-room", dir: "auto"}, room.name),
        h(
          "time",
          {class: "room-time", datetime: message.timestamp, title: full(time, language())},
          short(time, language(), Date.now()),
        ),
      ),
      h("span", {class: "found-text", dir: "auto"}, text),
    ),
  );
}
