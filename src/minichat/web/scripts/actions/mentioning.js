/**
 * Loads the people whom a user may mention.
 *
 * @typedef {import("../app.js").App} App
 */
import {loadMoreParticipants, loadParticipants} from "./participants.js";

/** In a larger room the others are found among the authors of messages. */
const MOST_PAGES = 5;

/** @type {Set<number>} */
const loading = new Set();

/**
 * Load the participants of a room, unless they are known.
 * @param {App} app
 * @param {number} room
 */
export async function loadMentionable(app, room) {
  const known = () => app.store.get().participants.get(room);
  if (loading.has(room) || known()?.next === null) return;
  loading.add(room);
  try {
    if (!known()) await loadParticipants(app, room);
    for (let page = 1; page < MOST_PAGES && known()?.next; page += 1) await loadMoreParticipants(app, room);
  } catch {
    // the list shows the people who are known
  } finally {
    loading.delete(room);
  }
}
