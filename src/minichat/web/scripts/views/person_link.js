/**
 * A name, a picture or a mention that opens the card of its person. The card loads when it is first opened.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").User} User
 */
import {h} from "../ui/dom.js";
import {later} from "../ui/later.js";

/**
 * @param {App} app
 * @param {User} user
 * @param {number} room Where it stands.
 * @param {import("../ui/dom.js").Attributes} attributes
 * @param {...import("../ui/dom.js").Child} children
 */
export function personLink(app, user, room, attributes, ...children) {
  return h("button", {type: "button", ...attributes, onclick: () => void openPerson(app, user, room)}, ...children);
}

/**
 * @param {App} app
 * @param {User} user
 * @param {number} [room]
 */
export async function openPerson(app, user, room) {
  const card = await later(() => import("./dialogs/person_card.js"));
  await card?.openPersonCard(app, user, {room});
}
