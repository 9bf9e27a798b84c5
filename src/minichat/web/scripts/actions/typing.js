/**
 * Tells others that the user is typing: at most once in three seconds for a room, as the server would send it on.
 *
 * @typedef {import("../app.js").App} App
 */

const PAUSE_MS = 3_000;

/** When the last notice was sent, by room. @type {Map<number, number>} */
const sentAt = new Map();

/**
 * @param {App} app
 * @param {number} room
 */
export function reportTyping(app, room) {
  const now = Date.now();
  if (Math.abs(now - (sentAt.get(room) ?? 0)) < PAUSE_MS || app.store.get().link !== "live") return;
  sentAt.set(room, now);
  app.api.rooms.typing(room).catch(() => {}); // the next key tries again
}
