/**
 * What a user does with a message that exists: edit, delete, react, pin, report. The answer shows the change at once; the
 * event that follows changes nothing more.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").Message} Message
 */

import {ApiError} from "../api/client.js";
import {beginEdit, beginReply, endEdit, setDraft} from "../store/drafts.js";
import {applyEvent} from "../store/events.js";
import {messageById} from "../store/messages.js";
import {putPeople} from "../store/people.js";
import {withEntry} from "../store/state.js";
import {put} from "./loading.js";

/**
 * Put the new version of a message into the store.
 * @param {App} app
 * @param {"message.updated" | "message.deleted" | "message.pinned" | "message.unpinned"} type
 * @param {Promise<Message>} answer
 */
function change(app, type, answer) {
  return put(app, answer, (state, data) => applyEvent(state, {type, data}, Date.now()).state);
}

/**
 * Load one message, for a quotation. It does not become part of the history.
 * @param {App} app
 * @param {number} id
 */
export function loadMessage(app, id) {
  return app.api.messages.get(id);
}

/**
 * @param {App} app
 * @param {{id: number}} message
 * @param {{content: string, mentionIds?: number[]}} text
 */
export function editMessage(app, message, {content, mentionIds}) {
  return change(app, "message.updated", app.api.messages.edit(message.id, {content, mention_ids: mentionIds}));
}

/**
 * @param {App} app
 * @param {Message} message
 */
export async function deleteMessage(app, message) {
  await app.api.messages.remove(message.id);
  await change(app, "message.deleted", app.api.messages.get(message.id));
}

/** The reactions that the user wants, while requests are under way: by message and emoji. @type {Map<string, boolean>} */
const wanted = new Map();

/**
 * Add the user's own reaction, or take it back. It shows at once; if the server refuses it, it goes again.
 * @param {App} app
 * @param {Message} message
 * @param {string} emoji
 */
export async function toggleReaction(app, message, emoji) {
  const {react, unreact} = app.api.messages;
  const key = `${message.id} ${emoji}`;
  const isSending = wanted.has(key);
  const isWanted = !(wanted.get(key) ?? hasReacted(message, emoji));
  wanted.set(key, isWanted);
  setReaction(app, message, emoji, isWanted);
  if (isSending) return; // the request under way sees that the user has changed their mind
  try {
    for (let sent = !isWanted; sent !== wanted.get(key); ) {
      sent = wanted.get(key) ?? isWanted;
      await put(app, (sent ? react : unreact)(message.id, emoji), (state, data) =>
        sent === wanted.get(key) ? applyEvent(state, {type: "message.updated", data}, Date.now()).state : state,
      );
    }
  } catch (error) {
    setReaction(app, message, emoji, hasReacted(message, emoji));
    throw error;
  } finally {
    wanted.delete(key);
  }
}

/**
 * @param {Message} message
 * @param {string} emoji
 */
export function hasReacted(message, emoji) {
  return message.reactions.some((one) => one.emoji === emoji && one.mine);
}

/**
 * @param {App} app
 * @param {Message} message
 * @param {string} emoji
 * @param {boolean} isMine
 */
function setReaction({store}, {id, room, seq}, emoji, isMine) {
  store.update((state) => {
    const {account} = state;
    const message = messageById(state, room, id);
    if (!account || !message || hasReacted(message, emoji) === isMine) return state;
    const before = message.reactions.find((one) => one.emoji === emoji)?.count ?? 0;
    const count = before + (isMine ? 1 : -1);
    const data = {room, message: id, seq, emoji, user: account, added: isMine, count};
    return applyEvent(state, {type: "reaction.changed", data}, Date.now()).state;
  });
}

/**
 * @param {App} app
 * @param {Message} message
 * @param {boolean} isPinned
 */
export function setPinned(app, message, isPinned) {
  const {pin, unpin} = app.api.messages;
  return change(app, isPinned ? "message.pinned" : "message.unpinned", (isPinned ? pin : unpin)(message.id));
}

/**
 * Load the pinned messages of a room. Events keep them in step from then on.
 * @param {App} app
 * @param {number} room
 */
export function loadPins(app, room) {
  return put(app, app.api.messages.pins(room), (state, pins) => ({...state, pins: withEntry(state.pins, room, pins)}));
}

/**
 * Change what the composer holds.
 * @param {App} app
 * @param {number} room
 * @param {Partial<import("../store/state.js").Draft>} change
 */
export function changeDraft(app, room, change) {
  app.store.update((state) => setDraft(state, room, change));
}

/**
 * Let the composer reply to a message. Null ends it.
 * @param {App} app
 * @param {number} room
 * @param {Message | null} message
 */
export function startReply(app, room, message) {
  app.store.update((state) => beginReply(state, room, message));
}

/**
 * Let the composer edit a message. Null ends it, and what was there before returns.
 * @param {App} app
 * @param {number} room
 * @param {Message | null} message
 */
export function startEdit(app, room, message) {
  app.store.update((state) => (message ? beginEdit(state, message) : endEdit(state, room)));
}

/**
 * Load a message that others reply to, unless it is known.
 * @param {App} app
 * @param {number} room
 * @param {number} id
 */
export async function loadQuote(app, room, id) {
  const state = app.store.get();
  if (state.quotes.has(id) || loadingQuotes.has(id)) return;
  const known = messageById(state, room, id);
  if (known) return app.store.update((now) => ({...now, quotes: withEntry(now.quotes, id, known)}));
  loadingQuotes.add(id);
  try {
    await put(app, app.api.messages.get(id), (now, quote) => ({...now, quotes: withEntry(now.quotes, id, quote)}));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) {
      app.store.update((now) => ({...now, quotes: withEntry(now.quotes, id, null)}));
    }
  } finally {
    loadingQuotes.delete(id);
  }
}

/** @type {Set<number>} */
const loadingQuotes = new Set();

/**
 * @param {App} app
 * @param {Message} message
 * @param {{reason: "spam" | "abuse" | "other", comment: string}} report
 */
export function reportMessage(app, message, {reason, comment}) {
  return app.api.messages.report(message.id, {reason, ...(comment !== "" && {comment})});
}

/**
 * Load a page of the people who reacted to a message.
 * @param {App} app
 * @param {Message} message
 * @param {string} [emoji] Only with this one.
 * @param {Record<string, string>} [next] The query of a later page.
 */
export function loadReactors(app, message, emoji, next) {
  const page = app.api.messages.reactors(message.id, next ?? {limit: 100, ...(emoji && {emoji})});
  return put(app, page, (state, {items}) =>
    putPeople(
      state,
      items.map(({user}) => user),
    ),
  );
}

/**
 * Load a page of the participants who have read a message of the user.
 * @param {App} app
 * @param {Message} message
 * @param {Record<string, string>} [next] The query of a later page.
 */
export async function loadReaders(app, message, next) {
  const {items, next: later} = await app.api.rooms.participants(message.room, next);
  const me = app.store.get().account?.id;
  return {items: items.filter(({id, last_read_seq}) => id !== me && last_read_seq >= message.seq), next: later};
}
