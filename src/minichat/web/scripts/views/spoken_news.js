/**
 * Says each new message of the open room once, to screen readers alone. The list of messages itself is not announced: a
 * screen reader would read its whole window after each message.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").Message} Message
 */
import {nameOf} from "../store/people.js";
import {plain} from "../text/markup.js";
import {t} from "../texts/texts.js";
import {h} from "../ui/dom.js";

/** More at once are counted instead of read. */
const MOST_READ = 3;
const KEPT = 10;

/**
 * @param {App} app
 * @param {number} room
 * @param {AbortSignal} signal
 */
export function newsForScreenReaders(app, room, signal) {
  const element = h("div", {class: "only-heard", role: "log", "aria-label": t("messages.news")});
  let newest = app.store.get().rooms.get(room)?.last_seq ?? 0;

  app.onEvents((events) => {
    const me = app.store.get().account?.id;
    const messages = events
      .flatMap((event) => (event.type === "message.created" ? [event.data] : []))
      .filter((message) => message.room === room && message.seq > newest);
    if (messages.length === 0) return;
    newest = Math.max(...messages.map(({seq}) => seq));
    const news = messages.filter((one) => one.user.id !== me && !one.is_blocked && !one.is_deleted);
    const texts =
      news.length > MOST_READ
        ? [t("messages.news_count", {count: news.length})]
        : news.map((message) => t("messages.news_one", {name: nameOf(message.user), text: plain(message.content)}));
    element.append(...texts.map((text) => h("p", null, text)));
    while (element.children.length > KEPT) element.firstElementChild?.remove();
  }, signal);
  return element;
}
