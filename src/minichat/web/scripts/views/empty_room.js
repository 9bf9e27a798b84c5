/**
 * What a room shows that has no message yet.
 *
 * @typedef {import("../store/state.js").Room} Room
 */
import {mayWrite} from "../store/rooms.js";
import {t} from "../texts/texts.js";
import {h} from "../ui/dom.js";
import {icon} from "../ui/icons.js";

/** @param {Room | undefined} room */
export function emptyRoom(room) {
  return h(
    "div",
    {class: "blank timeline-empty", hidden: true},
    h("div", {class: "blank-sign"}, icon("chat")),
    h("p", null, t("messages.empty")),
    room && mayWrite(room) && h("p", {class: "quiet"}, t("messages.empty_hint")),
  );
}
