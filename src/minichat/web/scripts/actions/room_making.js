/**
 * Making, changing, leaving and deleting rooms, and opening direct chats.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").Room} Room
 * @typedef {import("../api/rooms.js").RoomChange} RoomChange
 */
import {go} from "../router.js";
import {EMPTY_DRAFT} from "../store/drafts.js";
import {putRooms, removeRoom} from "../store/rooms.js";
import {put} from "./loading.js";
import {changeDraft} from "./messages.js";

/**
 * Make a room and open it.
 * @param {App} app
 * @param {RoomChange & {name: string, participants?: number[]}} form
 */
export async function createRoom(app, form) {
  const room = await put(app, app.api.rooms.create(form), (state, answer) => putRooms(state, [answer]));
  go({page: "room", room: room.id});
}

/**
 * Open the direct chat with a user; it is made if there is none.
 * @param {App} app
 * @param {number} user
 */
export async function openDirectChat(app, user) {
  const {room} = await put(app, app.api.rooms.openDirect(user), (state, answer) => putRooms(state, [answer.room]));
  go({page: "room", room: room.id});
}

/**
 * @param {App} app
 * @param {number} room
 * @param {RoomChange} change
 */
export function changeRoom(app, room, change) {
  return put(app, app.api.rooms.change(room, change), (state, answer) => putRooms(state, [answer]));
}

/** The rooms that the user is leaving or deleting now: their end needs no notice. @type {Set<number>} */
const ending = new Set();

/**
 * The user is leaving this room, or is deleting it.
 * @param {number} room
 */
export function isEnding(room) {
  return ending.has(room);
}

/**
 * @param {App} app
 * @param {number} room
 */
export function leaveRoom(app, room) {
  return end(app, room, app.api.rooms.leave);
}

/**
 * Delete a room with all its messages, for everybody.
 * @param {App} app
 * @param {number} room
 */
export function deleteRoom(app, room) {
  return end(app, room, app.api.rooms.remove);
}

/**
 * @param {App} app
 * @param {number} room
 * @param {(room: number) => Promise<unknown>} request
 */
async function end(app, room, request) {
  ending.add(room);
  try {
    await request(room);
    changeDraft(app, room, EMPTY_DRAFT); // the user knows what they leave
    const {route} = app.store.get();
    if (route.page === "room" && route.room === room) go({page: "home"}, {replace: true});
    app.store.update((state) => removeRoom(state, room));
  } finally {
    setTimeout(() => ending.delete(room), 5_000); // the event may arrive after the answer
  }
}

/**
 * Set the notification level of a room, or mute it. `muted_until` null ends the muting.
 * @param {App} app
 * @param {number} room
 * @param {{notify?: Room["notify"], muted_until?: string | null}} change
 */
export function setNotify(app, room, change) {
  return put(app, app.api.rooms.setNotify(room, change), (state, answer) => putRooms(state, [answer]));
}

/** Far enough for a muting that the user ends. */
export const FOREVER = "9999-12-31T00:00:00.000Z";
