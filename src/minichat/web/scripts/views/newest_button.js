/**
 * The button that leads to the newest message, with the number of messages that the user has not seen.
 *
 * @typedef {import("../app.js").App} App
 */
import {t} from "../texts/texts.js";
import {h, setText} from "../ui/dom.js";
import {icon} from "../ui/icons.js";

/**
 * @param {App} app
 * @param {number} room
 * @param {() => void} onclick
 * @param {AbortSignal} signal
 */
export function newestButton(app, room, onclick, signal) {
  const count = h("span", {class: "badge newest-count", "aria-hidden": "true"});
  const element = h("button", {type: "button", class: "newest", hidden: true, onclick}, icon("down"), count);

  app.store.watch(
    (state) => state.rooms.get(room)?.unread_count ?? 0,
    (unread) => {
      setText(count, unread > 999 ? "999+" : unread > 0 ? String(unread) : "");
      const label = unread > 0 ? t("messages.to_newest_unread", {count: unread}) : t("messages.to_newest");
      element.setAttribute("aria-label", label);
      element.title = label;
    },
    signal,
  );
  return {
    element,
    /** @param {{isAway: boolean}} view The newest message is not in view. */
    update({isAway}) {
      element.hidden = !isAway;
    },
  };
}
