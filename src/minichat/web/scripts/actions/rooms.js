/**
 * Opening rooms and loading their messages.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").State} State
 */
import {ApiError} from "../api/client.js";
import {go, goBackTo} from "../router.js";
import {historyOf, placeOf, putMessages, runAround} from "../store/messages.js";
import {putRooms} from "../store/rooms.js";
import {atRoute} from "../store/state.js";
import {put} from "./loading.js";

export const PAGE = 50;
/** Pages that follow as the user scrolls. */
const NEXT_PAGE = 100;

/** Loads under way: a second request for the same would be wasted. @type {Map<string, Promise<any>>} */
const underWay = new Map();

/**
 * @template T
 * @param {App} app
 * @param {string} what
 * @param {() => Promise<T>} load
 * @returns {Promise<T>}
 */
function once(app, what, load) {
  const key = `${app.store.get().account?.id} ${what}`;
  const known = underWay.get(key);
  if (known) return known;
  const running = load().finally(() => underWay.get(key) === running && underWay.delete(key));
  underWay.set(key, running);
  return running;
}

/** Nobody waits any more for the loads under way: their answers may lack changes that no event will tell. */
export function loadAnew() {
  underWay.clear();
}

/**
 * Load the messages where the user begins to read a room, or those around one. Resolves to false if there is no such room
 * or message.
 * @param {App} app
 * @param {number} room
 * @param {number} [message] An id.
 * @returns {Promise<boolean>}
 */
export function openRoom(app, room, message) {
  const known = app.store.get().rooms.get(room);
  const isUnread = message === undefined && known !== undefined && known.unread_count > 0;
  const position = isUnread ? {around_seq: known.last_read_seq} : {around: message};
  return once(app, `${room} around ${message}`, () => load(app, room, position));
}

/**
 * Load the newest messages of a room. Resolves to false if there is no such room.
 * @param {App} app
 * @param {number} room
 * @returns {Promise<boolean>}
 */
export function openNewest(app, room) {
  return once(app, `${room} newest`, () => load(app, room, {}));
}

/**
 * Load the messages of a room that the user is about to open.
 * @param {App} app
 * @param {number} room
 */
export async function prepareRoom(app, room) {
  const {histories, rooms} = app.store.get();
  if (!rooms.has(room) || histories.has(room)) return;
  await openRoom(app, room).catch(() => {}); // nothing is open yet that could show the problem
}

/**
 * Show another page. The messages of a room are on their way before its page is drawn. An accepted invitation leads to its
 * room, and Back from that room leads to the start.
 * @param {App} app
 * @param {import("../router.js").Route} route
 */
export function showPage(app, route) {
  const {accepted, rooms, route: before} = app.store.get();
  if (route.page === "invite" && route.token === accepted?.token && rooms.has(accepted.room)) {
    const isBack = before.page === "room" && before.room === accepted.room;
    if (isBack) goBackTo({page: "home"});
    else go({page: "room", room: accepted.room}, {replace: true});
    return;
  }
  if (route.page === "room" && route.message === undefined) void prepareRoom(app, route.room);
  app.store.update((state) => atRoute(state, route));
}

/**
 * @param {App} app
 * @param {number} room
 * @param {import("../api/messages.js").Position} position
 */
async function load(app, room, position) {
  try {
    await put(app, app.api.messages.history(room, {...position, limit: PAGE}), (state, answer) => {
      const next = putRooms(state, [answer.room]);
      const reachesStart = answer.messages.length < PAGE || answer.messages[0].seq === 1;
      return putMessages(next, room, answer.messages, {reachesStart});
    });
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 403) return openCard(app, room);
    if (error.status === 404 || error.status === 400) return false;
    throw error;
  }
}

/**
 * Load the card of a public room that the user is not in.
 * @param {App} app
 * @param {number} id
 */
async function openCard(app, id) {
  try {
    await put(app, app.api.rooms.get(id), (state, room) => putRooms(state, [room]));
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}

/**
 * Load the page before a known message.
 * @param {App} app
 * @param {number} room
 * @param {number} seq
 */
export function loadOlder(app, room, seq) {
  return once(app, `${room} before ${seq}`, async () => {
    const first = runAround(historyOf(app.store.get(), room).messages, seq)[0];
    if (!first) return;
    await put(app, app.api.messages.history(room, {before: first.id, limit: NEXT_PAGE}), (state, {messages}) =>
      putMessages(state, room, messages, {reachesStart: messages.length < NEXT_PAGE}),
    );
  });
}

/**
 * Load the page after a known message.
 * @param {App} app
 * @param {number} room
 * @param {number} seq
 */
export function loadNewer(app, room, seq) {
  return once(app, `${room} after ${seq}`, async () => {
    const last = runAround(historyOf(app.store.get(), room).messages, seq).at(-1);
    if (!last) return;
    await put(app, app.api.messages.history(room, {after: last.id, limit: NEXT_PAGE}), (state, {messages}) =>
      putMessages(state, room, messages),
    );
  });
}

/**
 * Older messages may exist before this seq.
 * @param {State} state
 * @param {number} room
 * @param {number} seq
 */
export function hasOlder(state, room, seq) {
  const {messages, reachesStart} = historyOf(state, room);
  return seq > 1 && !(reachesStart && placeOf(messages, seq) === 0);
}

/**
 * Newer messages exist after this seq.
 * @param {State} state
 * @param {number} room
 * @param {number} seq
 */
export function hasNewer(state, room, seq) {
  return seq < (state.rooms.get(room)?.last_message?.seq ?? 0);
}

/**
 * Join a public room.
 * @param {App} app
 * @param {number} id
 */
export async function joinRoom(app, id) {
  await put(app, app.api.rooms.join(id), (state, {room}) => putRooms(state, [room]));
  await openRoom(app, id);
}
