/**
 * The dialog with the pinned messages of a room, the last pinned first.
 *
 * @typedef {import("../../app.js").App} App
 * @typedef {import("../../store/state.js").Message} Message
 */
import {loadPins, setPinned} from "../../actions/messages.js";
import {problemText} from "../../actions/problems.js";
import {permissionsOn} from "../../store/permissions.js";
import {t} from "../../texts/texts.js";
import {iconButton} from "../../ui/controls.js";
import {openDialog} from "../../ui/dialog.js";
import {fill, h, keyedList} from "../../ui/dom.js";
import {toast} from "../../ui/toast.js";
import {foundMessage} from "../found_message.js";
import {failure} from "../loading.js";

/**
 * @param {App} app
 * @param {number} room
 * @param {AbortSignal} signal
 */
export function pinsDialog(app, room, signal) {
  const {store} = app;
  return openDialog({
    title: t("pins.title"),
    signal,
    content(close, end) {
      const list = h("ul", {class: "pins", "aria-label": t("pins.title")});
      const note = h("div", {class: "paged-note", role: "status"});
      const show = keyedList({
        parent: list,
        key: (/** @type {Message} */ pin) => `${pin.id} ${pin.edited_at}`,
        make: (pin) => ({element: pinRow(app, pin, () => close())}),
        signal: end,
      });

      async function load() {
        fill(note, t("app.loading"));
        try {
          await loadPins(app, room);
          showEmpty();
        } catch (error) {
          fill(note, ...failure(error, load));
        }
      }

      function showEmpty() {
        fill(note, list.childElementCount === 0 && h("p", {class: "quiet"}, t("pins.empty")));
      }

      store.watch(
        (state) => state.pins.get(room),
        (pins) => {
          if (!pins) return;
          show(pins.filter((pin) => !pin.is_deleted));
          showEmpty();
        },
        end,
      );
      if (!store.get().pins.has(room)) void load();
      return [list, note];
    },
  });
}

/**
 * @param {App} app
 * @param {Message} pin
 * @param {() => void} onopen
 */
function pinRow(app, pin, onopen) {
  const state = app.store.get();
  const room = state.rooms.get(pin.room);
  const unpin = () => setPinned(app, pin, false).catch((error) => toast(problemText(error), {isProblem: true}));
  return h(
    "li",
    {class: "pin"},
    foundMessage(app, pin, {onopen}),
    room && permissionsOn(state, room, pin).pin && iconButton("close", t("messages.unpin"), unpin),
  );
}
