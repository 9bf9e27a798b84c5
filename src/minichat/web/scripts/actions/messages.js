/**
 * What a user does with a message that exists: edit, delete, react, pin, report. The answer shows the change at once; the
 * event that follows changes nothing more.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").Message} Message
 */

import {beginEdit, beginReply, endEdit, setDraft} from "../store/drafts.js";
import {applyEvent} from "../store/events.js";
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

/**
 * Add the user's own reaction, or take it back.
 * @param {App} app
 * @param {Message} message
 * @param {string} emoji
 */
export function toggleReaction(app, message, emoji) {
  const {react, unreact} = app.api.messages;
  const isMine = message.reactions.some((one) => one.emoji === emoji && one.mine);
  return change(app, "message.updated", (isMine ? unreact : react)(message.id, emoji));
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
