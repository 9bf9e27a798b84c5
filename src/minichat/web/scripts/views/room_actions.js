/**
 * The buttons at the end of a room's header.
 *
 * @typedef {import("../app.js").App} App
 */
import {h} from "../ui/dom.js";

/**
 * @param {App} _app
 * @param {number} _id
 * @param {AbortSignal} _signal
 */
export function roomActions(_app, _id, _signal) {
  return h("div", {class: "room-actions"});
}
