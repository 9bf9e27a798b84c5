/**
 * Which messages the user wants to hear of, by the level of their room. Pure functions only.
 *
 * @typedef {import("./state.js").State} State
 * @typedef {import("../api/types.js").Event} Event
 * @typedef {import("../api/types.js").Message} Message
 */
import {isMuted, mentionsMe} from "./unread.js";

/** After a resume old events arrive, too: nobody wants to hear of those. */
export const FRESH_MS = 60_000;

/**
 * The messages of these events that the user wants to hear of: the newest of each room.
 * @param {State} state
 * @param {readonly Event[]} events
 * @param {number} now The time of the server, in milliseconds since the epoch.
 * @returns {Message[]}
 */
export function noticesOf(state, events, now) {
  /** @type {Map<number, Message>} */
  const found = new Map();
  for (const event of events) {
    if (event.type !== "message.created" || !isFresh(event, now)) continue;
    if (isWanted(state, event.data, now)) found.set(event.data.room, event.data);
  }
  return [...found.values()];
}

/**
 * @param {Event} event
 * @param {number} now
 */
function isFresh({time}, now) {
  return time !== undefined && now - Date.parse(time) < FRESH_MS;
}

/**
 * @param {State} state
 * @param {Message} message
 * @param {number} now
 */
function isWanted(state, message, now) {
  const room = state.rooms.get(message.room);
  const me = state.account?.id;
  if (!room || message.user.id === me || message.is_deleted) return false;
  if (message.is_blocked || state.blocked.has(message.user.id)) return false;
  if (message.seq <= room.last_read_seq) return false; // read on another device
  if (room.notify === "none" || isMuted(room, now)) return false;
  return room.notify === "all" || mentionsMe(message, me);
}
