/**
 * The newest pinned message below the head of a room. It leads to the message, and to the list of all.
 *
 * @typedef {import("../app.js").App} App
 */
import {openMessage} from "../actions/finding_messages.js";
import {loadPins} from "../actions/messages.js";
import {nameOf} from "../store/people.js";
import {plain} from "../text/markup.js";
import {t} from "../texts/texts.js";
import {fill, h} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {later} from "../ui/later.js";

/**
 * @param {App} app
 * @param {number} room
 * @param {AbortSignal} signal
 */
export function pinBar(app, room, signal) {
  const {store} = app;
  const element = h("div", {class: "pin-bar", role: "region", "aria-label": t("pins.title"), hidden: true});

  async function openAll() {
    const dialog = await later(() => import("./dialogs/pins.js"));
    await dialog?.pinsDialog(app, room, signal);
  }

  store.watch(
    (state) => state.pins.get(room)?.filter((pin) => !pin.is_deleted)[0],
    (newest) => {
      element.hidden = !newest;
      if (!newest) return;
      const text = newest.is_blocked ? t("messages.blocked") : plain(newest.content);
      fill(
        element,
        h(
          "button",
          {type: "button", class: "pin-bar-message", onclick: () => openMessage(app, newest)},
          icon("pin"),
          h("span", {class: "only-heard"}, `${t("pins.newest")}: `),
          h("span", {class: "pin-bar-author", dir: "auto"}, nameOf(newest.user)),
          h("span", {class: "pin-bar-text", dir: "auto"}, text),
        ),
        h("button", {type: "button", class: "link-button", "aria-haspopup": "dialog", onclick: openAll}, t("pins.all")),
      );
    },
    signal,
  );
  store.watch(
    (state) => state.histories.has(room) && !state.pins.has(room),
    (isMissing) => {
      if (isMissing) loadPins(app, room).catch(() => {}); // the room is complete without them; the list shows a failure
    },
    signal,
  );
  return element;
}
