/**
 * Marking rooms as read. The mark moves at once on the screen; the server learns the newest mark only.
 *
 * @typedef {import("../app.js").App} App
 */
import {pause} from "../api/backoff.js";
import {markRead as applyMark} from "../store/events.js";
import {patchRoom} from "../store/rooms.js";
import {loadRoom} from "./live.js";

/** A reader who scrolls passes many messages: the server learns where they are so often. */
const PAUSE_MS = 300;

/** The newest mark to send, by room. @type {Map<number, number>} */
const unsent = new Map();

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
  const isSending = unsent.has(room);
  unsent.set(room, seq);
  app.store.update((state) => applyMark(state, room, account.id, seq).state);
  if (isSending) return;
  try {
    for (let sent = 0; sent < (unsent.get(room) ?? 0); ) {
      await pause(PAUSE_MS);
      if (app.store.get().account?.id !== account.id) return;
      sent = unsent.get(room) ?? 0;
      const {unread_count} = await app.api.rooms.markRead(room, sent);
      if (sent < (unsent.get(room) ?? 0)) continue;
      const mentions = app.store.get().rooms.get(room)?.unread_mentions ?? 0;
      if (unread_count > 0 && mentions > 0) await loadRoom(app, room);
      else app.store.update((state) => patchRoom(state, room, {unread_count}));
    }
  } catch {
    // The mark is not important enough for an error: the next one includes it.
  } finally {
    unsent.delete(room);
  }
}
