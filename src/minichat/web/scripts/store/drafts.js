/**
 * What the composer of each room holds. Pure functions only.
 *
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").Draft} Draft
 */
import {withEntry, withoutEntry} from "./state.js";

/** @type {Draft} */
export const EMPTY_DRAFT = {text: "", replyTo: null, editing: null};

/**
 * @param {State} state
 * @param {number} room
 * @returns {Draft}
 */
export function draftOf(state, room) {
  return state.drafts.get(room) ?? EMPTY_DRAFT;
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
