/**
 * What is unread, and what of it the user wants to be notified about. Pure functions only.
 *
 * @typedef {import("./state.js").Room} Room
 * @typedef {import("./state.js").Message} Message
 */

/**
 * The message mentions this user.
 * @param {Message} message
 * @param {number | undefined} me
 */
export function mentionsMe(message, me) {
  if (message.is_deleted || message.user.id === me) return false;
  return message.mentions_all || message.mentions.some((user) => user.id === me);
}

/**
 * @param {Room} room
 * @param {number} now In milliseconds since the epoch.
 */
export function isMuted(room, now) {
  return room.muted_until !== null && Date.parse(room.muted_until) > now;
}

/**
 * The numbers for the title and the icon, as `GET unread/` counts them.
 * @param {ReadonlyMap<number, Room>} rooms
 * @param {number} now
 */
export function totals(rooms, now) {
  let unread = 0;
  let mentions = 0;
  for (const room of rooms.values()) {
    if (room.notify === "none") continue;
    mentions += room.unread_mentions;
    if (!isMuted(room, now)) unread += room.unread_count;
  }
  return {unread, mentions};
}
