/**
 * The participants of a room: loading, adding, roles, removals and bans.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").Role} Role
 * @typedef {import("../api/types.js").User} User
 */
import {allPages} from "../api/api.js";
import {dropParticipant, putParticipant, putParticipants, rightsIn} from "../store/participants.js";
import {put} from "./loading.js";

/**
 * Load the first page of the participants of a room.
 * @param {App} app
 * @param {number} room
 */
export function loadParticipants(app, room) {
  return put(app, app.api.rooms.participants(room), (state, page) =>
    putParticipants(state, room, page, {isFirst: true}),
  );
}

/**
 * Load the next page of the participants, if there is one.
 * @param {App} app
 * @param {number} room
 */
export async function loadMoreParticipants(app, room) {
  const next = app.store.get().participants.get(room)?.next;
  if (!next) return;
  await put(app, app.api.rooms.participants(room, next), (state, page) =>
    putParticipants(state, room, page, {isFirst: false}),
  );
}

/**
 * Load the participants of a room up to a person, for an owner or a moderator, who can act on them.
 * @param {App} app
 * @param {number} room
 * @param {number} user
 * @param {AbortSignal} signal
 */
export async function findParticipant(app, room, user, signal) {
  const {store} = app;
  const known = () => store.get().participants.get(room);
  const here = store.get().rooms.get(room);
  if (!here || !rightsIn(here).change) return;
  if (!known()) await loadParticipants(app, room);
  while (!signal.aborted && known()?.next && !known()?.people.some(({id}) => id === user)) {
    await loadMoreParticipants(app, room);
  }
}

/**
 * @param {App} app
 * @param {number} room
 * @param {number} user
 */
export async function addParticipant(app, room, user) {
  await put(app, app.api.rooms.addParticipant(room, user), (state, participant) =>
    putParticipant(state, {room, user: participant, role: participant.role}),
  );
}

/**
 * Give a participant a role. The role of the owner makes the user a moderator.
 * @param {App} app
 * @param {number} room
 * @param {number} user
 * @param {Role} role
 */
export async function setRole(app, room, user, role) {
  await put(app, app.api.rooms.setRole(room, user, role), (state, participant) => {
    const next = putParticipant(state, {room, user: participant, role});
    const {account} = next;
    return role === "owner" && account ? putParticipant(next, {room, user: account, role: "moderator"}) : next;
  });
}

/**
 * Remove a participant. With `isBan` they cannot come back.
 * @param {App} app
 * @param {number} room
 * @param {User} user
 * @param {{isBan: boolean}} how
 */
export async function removeParticipant(app, room, user, {isBan}) {
  await put(app, app.api.rooms.removeParticipant(room, user.id, {ban: isBan}), (state) =>
    dropParticipant(state, {room, user}),
  );
}

/**
 * @param {App} app
 * @param {number} room
 */
export function loadBans(app, room) {
  return allPages((query) => app.api.rooms.bans(room, query));
}

/**
 * @param {App} app
 * @param {number} room
 * @param {number} user
 */
export function liftBan(app, room, user) {
  return app.api.rooms.liftBan(room, user);
}
