/**
 * Blocking people. The answer shows at once; the event that follows loads the messages again that could mention the user.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").User} User
 */
import {applyEvent} from "../store/events.js";
import {put} from "./loading.js";

/**
 * @param {App} app
 * @param {User} user
 * @param {boolean} isBlocked
 */
export async function setBlocked(app, user, isBlocked) {
  const {block, unblock} = app.api.people;
  await put(app, (isBlocked ? block : unblock)(user.id), (state) => {
    const event = {type: /** @type {const} */ ("block.changed"), data: {user, is_blocked: isBlocked}};
    return applyEvent(state, event, Date.now()).state;
  });
}

/**
 * The blocked people, the last one first.
 * @param {App} app
 */
export function loadBlocks(app) {
  return put(app, app.api.people.blocks(), (state, blocks) => ({...state, blocked: new Set(blocks.map(({id}) => id))}));
}
