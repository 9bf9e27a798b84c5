/**
 * When a member may write again in a room with a pause between messages. Pure functions only.
 *
 * @typedef {import("./state.js").State} State
 */
import {historyOf} from "./messages.js";
import {withEntry} from "./state.js";

/**
 * The user has just written in a room, or the server has named the seconds to wait.
 * @param {State} state
 * @param {number} room
 * @param {number} now In milliseconds since the epoch.
 * @param {number} [seconds]
 * @returns {State}
 */
export function setCooldown(state, room, now, seconds = pauseOf(state, room)) {
  if (seconds === 0) return state;
  return {...state, cooldowns: withEntry(state.cooldowns, room, now + seconds * 1_000)};
}

/**
 * When the user may write again in a room, in milliseconds since the epoch. 0 if nothing is known to prevent it.
 * @param {State} state
 * @param {number} room
 * @param {number} now
 */
export function writableAt(state, room, now) {
  const pauseMs = pauseOf(state, room) * 1_000;
  if (pauseMs === 0) return 0;
  const last = historyOf(state, room).messages.findLast(({user}) => user.id === state.account?.id);
  const sentAt = last ? Date.parse(last.timestamp) : 0;
  // A message from the future: the clock of this device is wrong, so the server alone knows.
  return Math.max(state.cooldowns.get(room) ?? 0, sentAt > now ? 0 : sentAt + pauseMs);
}

/** @param {State} state @param {number} id */
function pauseOf(state, id) {
  const room = state.rooms.get(id);
  return room?.role === "member" ? room.cooldown : 0;
}
