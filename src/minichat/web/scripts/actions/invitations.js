/**
 * Invitations: creating, listing and revoking those of a room, and previewing, accepting and dismissing a received one.
 *
 * @typedef {import("../app.js").App} App
 */
import {allPages} from "../api/api.js";
import {go, goBackTo} from "../router.js";
import {acceptInvite} from "../store/rooms.js";
import {put} from "./loading.js";

/**
 * Join the room of an invitation and open it.
 * @param {App} app
 * @param {string} token
 */
export async function acceptInvitation(app, token) {
  const {room} = await put(app, app.api.rooms.acceptInvitation(token), (state, answer) =>
    acceptInvite(state, token, answer.room),
  );
  go({page: "room", room: room.id}, {replace: true});
}

/**
 * Forget the invitation and go to the start.
 * @param {App} app
 */
export function dismissInvitation(app) {
  forgetInvitation(app);
  goBackTo({page: "home"});
}

/**
 * The room and the creator of an invitation. No log-in is needed.
 * @param {App} app
 * @param {string} token
 */
export function previewInvitation(app, token) {
  return app.api.rooms.previewInvitation(token);
}

/**
 * @param {App} app
 * @param {number} room
 * @param {{expires_in: number, uses: number | null}} limits
 */
export function createInvitation(app, room, limits) {
  return app.api.rooms.createInvitation(room, limits);
}

/**
 * @param {App} app
 * @param {number} room
 */
export function loadInvitations(app, room) {
  return allPages((query) => app.api.rooms.invitations(room, query));
}

/**
 * @param {App} app
 * @param {number} room
 * @param {number} invitation
 */
export function revokeInvitation(app, room, invitation) {
  return app.api.rooms.revokeInvitation(room, invitation);
}

/**
 * The invitation does not work any more, or the user does not want it.
 * @param {App} app
 */
export function forgetInvitation(app) {
  app.store.update((state) => ({...state, invite: null}));
}
