/**
 * The text of a message or of an entry on its way, as nodes.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").User} User
 */
import {h} from "../ui/dom.js";

/**
 * @param {App} _app
 * @param {{content: string, mentions?: User[], mentions_all?: boolean}} message
 * @returns {Node}
 */
export function messageText(_app, {content}) {
  return h("div", {class: "text"}, content);
}
