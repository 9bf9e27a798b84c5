/**
 * What the composer of each room holds: a text, the message that it replies to, or the message that the user edits. While
 * a message is edited, the text that was there before is kept. Pure functions only.
 *
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").Draft} Draft
 * @typedef {import("./state.js").Message} Message
 * @typedef {import("./state.js").OutboxEntry} OutboxEntry
 */
import {holdsName} from "../text/mentions.js";
import {removeEntry} from "./outbox.js";
import {withEntry, withoutEntry} from "./state.js";

/** @type {Draft} */
export const EMPTY_DRAFT = {text: "", replyTo: null, editing: null, mentions: [], kept: null};

/**
 * @param {State} state
 * @param {number} room
 * @returns {Draft}
 */
export function draftOf(state, room) {
  return state.drafts.get(room) ?? EMPTY_DRAFT;
}

/**
 * What the user has written and not sent: while they edit a message, the text that returns afterwards.
 * @param {State} state
 * @param {number} room
 */
export function unsentText(state, room) {
  const {editing, kept, text} = draftOf(state, room);
  return editing === null ? text : (kept?.text ?? "");
}

/**
 * @param {State} state
 * @param {number} room
 * @param {Partial<Draft>} change
 * @returns {State}
 */
export function setDraft(state, room, change) {
  const draft = {...draftOf(state, room), ...change};
  const isEmpty = draft.text === "" && draft.replyTo === null && draft.editing === null;
  return {...state, drafts: isEmpty ? withoutEntry(state.drafts, room) : withEntry(state.drafts, room, draft)};
}

/**
 * Reply to a message. Null ends it.
 * @param {State} state
 * @param {number} room
 * @param {Message | null} message
 */
export function beginReply(state, room, message) {
  const next = draftOf(state, room).editing === null ? state : endEdit(state, room);
  return setDraft(next, room, {replyTo: message?.id ?? null});
}

/**
 * Edit a message.
 * @param {State} state
 * @param {Message} message
 */
export function beginEdit(state, message) {
  const draft = draftOf(state, message.room);
  if (draft.editing === message.id) return state;
  const {text, replyTo, mentions} = draft;
  return setDraft(state, message.room, {
    text: message.content,
    editing: message.id,
    replyTo: null,
    mentions: message.mentions.map(({id, full_name, username}) => ({id, name: full_name || username})),
    kept: draft.editing === null ? {text, replyTo, mentions} : draft.kept,
  });
}

/**
 * End the editing: what was in the composer before returns.
 * @param {State} state
 * @param {number} room
 */
export function endEdit(state, room) {
  const {editing, kept} = draftOf(state, room);
  return editing === null ? state : setDraft(state, room, {...EMPTY_DRAFT, ...kept});
}

/**
 * Put the text of an entry that was not sent back into the composer.
 * @param {State} state
 * @param {OutboxEntry} entry
 */
export function takeBack(state, entry) {
  const {room, content, replyTo, mentionIds} = entry;
  const next = endEdit(removeEntry(state, entry.clientId), room);
  const draft = draftOf(next, room);
  const chosen = mentionIds.flatMap((id) => {
    const person = state.people.get(id);
    return person ? [{id, name: person.full_name || person.username}] : [];
  });
  return setDraft(next, room, {
    text: draft.text.trim() === "" ? content : `${content}\n${draft.text}`,
    replyTo: draft.replyTo ?? replyTo,
    mentions: [...draft.mentions, ...chosen],
  });
}

/**
 * The ids of the chosen people whose names are still in the text.
 * @param {Draft} draft
 */
export function mentionedIn({text, mentions}) {
  return [...new Set(mentions.filter(({name}) => holdsName(text, name)).map(({id}) => id))];
}
