/**
 * The excerpt of the message that another one replies to. It loads the message if it is not known, and leads to it.
 *
 * @typedef {import("../app.js").App} App
 */
import {loadQuote} from "../actions/messages.js";
import {nameOf} from "../store/people.js";
import {plain} from "../text/markup.js";
import {t} from "../texts/texts.js";
import {fill, h} from "../ui/dom.js";
import {colourOf} from "./avatar.js";

const LONGEST = 200;

/**
 * @param {App} app
 * @param {number} room
 * @param {number} id
 * @param {() => void} follow
 * @param {AbortSignal} signal
 */
export function quoteView(app, room, id, follow, signal) {
  const element = h("button", {type: "button", class: "quote", onclick: follow});
  app.store.watch(
    (state) => state.quotes.get(id),
    (quote) => {
      const isHidden = !quote || quote.is_deleted || quote.is_blocked;
      const text =
        quote === undefined
          ? t("app.loading")
          : quote === null
            ? t("messages.quote_missing")
            : quote.is_deleted
              ? t("messages.deleted")
              : quote.is_blocked
                ? t("messages.blocked")
                : plain(quote.content).slice(0, LONGEST);
      element.disabled = !quote;
      element.classList.toggle("is-gone", isHidden);
      if (quote) element.dataset.colour = colourOf(quote.user);
      fill(
        element,
        h("span", {class: "only-heard"}, t("messages.reply_to"), " "),
        quote && h("span", {class: "quote-author", dir: "auto"}, nameOf(quote.user)),
        h("span", {class: "quote-text", dir: "auto"}, text),
      );
    },
    signal,
  );
  void loadQuote(app, room, id);
  return element;
}
