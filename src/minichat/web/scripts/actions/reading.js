/**
 * Marking rooms as read. The mark moves at once on the screen; the server learns the newest mark only.
 *
 * @typedef {import("../app.js").App} App
 */
import {pause} from "../api/backoff.js";
import {ApiError} from "../api/client.js";
import {markRead as applyMark} from "../store/events.js";
import {patchRoom} from "../store/rooms.js";
import {loadRoom} from "./live.js";

/** A reader who scrolls passes many messages: the server learns where they are so often. */
const PAUSE_MS = 300;

/** @typedef {{unsent: Map<number, number>, sending: Set<number>}} Marks The newest mark to send, by room; rooms under way. */

/** @type {WeakMap<App, Marks>} */
const marks = new WeakMap();

/** @param {App} app */
function marksOf(app) {
  const known = marks.get(app) ?? {unsent: new Map(), sending: new Set()};
  marks.set(app, known);
  return known;
}

/**
 * The user has seen a room up to `seq`.
 * @param {App} app
 * @param {number} room
 * @param {number} seq
 */
export async function markRead(app, room, seq) {
  const {account, rooms} = app.store.get();
  const known = rooms.get(room);
  if (!account || !known || seq <= known.last_read_seq) return;
  marksOf(app).unsent.set(room, seq);
  app.store.update((state) => applyMark(state, room, account.id, seq).state);
  await send(app, room);
}

/**
 * Send the marks that could not be sent while the network was away, whenever it is back.
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function startMarking(app, signal) {
  signal.addEventListener("abort", () => marks.delete(app)); // the next user reads for themselves
  app.store.watch(
    (state) => state.link === "live",
    (isLive) => {
      if (isLive) for (const room of marksOf(app).unsent.keys()) void send(app, room);
    },
    signal,
  );
}

/**
 * @param {App} app
 * @param {number} room
 */
async function send(app, room) {
  const {unsent, sending} = marksOf(app);
  const user = app.store.get().account?.id;
  if (sending.has(room)) return;
  sending.add(room);
  try {
    for (let sent = 0; sent < (unsent.get(room) ?? 0); ) {
      await pause(PAUSE_MS);
      if (app.store.get().account?.id !== user) return unsent.clear();
      sent = unsent.get(room) ?? 0;
      const before = app.store.get().rooms.get(room);
      const {unread_count} = await app.api.rooms.markRead(room, sent);
      if (sent < (unsent.get(room) ?? 0)) continue;
      unsent.delete(room);
      const known = app.store.get().rooms.get(room);
      const isOvertaken = before?.last_seq !== known?.last_seq; // the count may lack messages that are here already
      if (isOvertaken || (unread_count > 0 && known && known.unread_mentions > 0)) await loadRoom(app, room);
      else app.store.update((state) => patchRoom(state, room, {unread_count}));
    }
  } catch (error) {
    // Not important enough for words: it goes when the connection is back, or with the next mark.
    if (!(error instanceof ApiError && error.isTemporary)) unsent.delete(room);
  } finally {
    sending.delete(room);
  }
}
