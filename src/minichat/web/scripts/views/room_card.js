/**
 * The card of a public room that the user is not in, in the place of its messages.
 *
 * @typedef {import("../app.js").App} App
 */
import {t} from "../texts/texts.js";
import {fill, h} from "../ui/dom.js";
import {roomAvatar} from "./avatar.js";
import {unsentTexts} from "./unsent.js";

/**
 * @param {App} app
 * @param {number} id
 * @param {AbortSignal} signal
 */
export function roomCard(app, id, signal) {
  const element = h("div", {class: "invite room-card"});
  app.store.watch(
    (state) => state.cards.get(id),
    (room) => {
      if (!room) return;
      fill(
        element,
        roomAvatar(room, undefined, "large"),
        h("p", {class: "invite-room", dir: "auto"}, room.name),
        h("p", {class: "quiet"}, t("room.members", {count: room.participants_count})),
        room.description !== "" && h("p", {class: "room-description", dir: "auto"}, room.description),
        h("p", {class: "quiet"}, t(room.history === "all" ? "public_rooms.read_all" : "public_rooms.read_joined")),
      );
    },
    signal,
  );
  return h("div", {class: "blank room-card-place"}, element, unsentTexts(app, id, signal));
}
