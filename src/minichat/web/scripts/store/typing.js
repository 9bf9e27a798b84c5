/**
 * Who is typing where: each notice is shown for six seconds. Pure functions only.
 *
 * @typedef {import("./state.js").State} State
 */
import {withEntry, withoutEntry} from "./state.js";

export const SHOWN_MS = 6_000;

/**
 * @param {State} state
 * @param {number} room
 * @param {number} user
 * @param {number} now
 * @returns {State}
 */
export function startTyping(state, room, user, now) {
  const users = new Map(state.typing.get(room)).set(user, now + SHOWN_MS);
  return {...state, typing: withEntry(state.typing, room, users)};
}

/**
 * @param {State} state
 * @param {number} room
 * @param {number} user
 * @returns {State}
 */
export function stopTyping(state, room, user) {
  const users = state.typing.get(room);
  if (!users?.has(user)) return state;
  const left = withoutEntry(users, user);
  return {
    ...state,
    typing: left.size === 0 ? withoutEntry(state.typing, room) : withEntry(state.typing, room, left),
  };
}

/**
 * Forget the notices whose time is over.
 * @param {State} state
 * @param {number} now
 * @returns {State}
 */
export function expireTyping(state, now) {
  let next = state;
  for (const [room, users] of state.typing) {
    for (const [user, until] of users) if (until <= now) next = stopTyping(next, room, user);
  }
  return next;
}
