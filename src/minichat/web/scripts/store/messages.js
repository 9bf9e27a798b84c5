/**
 * The messages of rooms, kept by seq. The server numbers the messages of a room without holes, so a gap in seq is a gap in
 * what we know: messages before, after or between those that were loaded. Pure functions only.
 *
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").History} History
 * @typedef {import("./state.js").Message} Message
 */

import {settle} from "./outbox.js";
import {putPeople} from "./people.js";
import {withEntry, withoutEntry} from "./state.js";

/** @type {History} */
const EMPTY = {messages: [], reachesStart: false};

/**
 * @param {State} state
 * @param {number} room
 */
export function historyOf(state, room) {
  return state.histories.get(room) ?? EMPTY;
}

/**
 * The place of a seq, or where it would be.
 * @param {readonly Message[]} messages
 * @param {number} seq
 */
export function placeOf(messages, seq) {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (messages[middle].seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The message with this seq, if it is known.
 * @param {State} state
 * @param {number} room
 * @param {number} seq
 * @returns {Message | undefined}
 */
export function messageAt(state, room, seq) {
  const {messages} = historyOf(state, room);
  const message = messages[placeOf(messages, seq)];
  return message?.seq === seq ? message : undefined;
}

/**
 * The message with this id, if it is known.
 * @param {State} state
 * @param {number} room
 * @param {number} id
 */
export function messageById(state, room, id) {
  return historyOf(state, room).messages.find((message) => message.id === id);
}

/**
 * The user's own last message, if it is among the newest known ones.
 * @param {State} state
 * @param {number} room
 */
export function lastOwnMessage(state, room) {
  const me = state.account?.id;
  return runAround(historyOf(state, room).messages, null).findLast(
    (message) => message.user.id === me && !message.is_deleted,
  );
}

/**
 * The messages without a gap around `seq`; those up to the newest known one if `seq` is null.
 * @param {readonly Message[]} messages
 * @param {number | null} seq
 * @returns {readonly Message[]}
 */
export function runAround(messages, seq) {
  if (messages.length === 0) return messages;
  let first = seq === null ? messages.length - 1 : Math.min(placeOf(messages, seq), messages.length - 1);
  let last = first;
  while (first > 0 && messages[first - 1].seq === messages[first].seq - 1) first -= 1;
  while (last < messages.length - 1 && messages[last + 1].seq === messages[last].seq + 1) last += 1;
  return first === 0 && last === messages.length - 1 ? messages : messages.slice(first, last + 1);
}

/**
 * Add messages of one room, or replace them by seq. Messages that the user sent leave the outbox.
 * @param {State} state
 * @param {number} room
 * @param {readonly Message[]} added In any order.
 * @param {{reachesStart?: boolean}} [page] `reachesStart`: nothing before the first of `added` can be read.
 * @returns {State}
 */
export function putMessages(state, room, added, {reachesStart = false} = {}) {
  const old = historyOf(state, room);
  const isKnown = state.histories.has(room);
  if (added.length === 0) {
    if (isKnown && (!reachesStart || old.reachesStart)) return state;
    return {
      ...state,
      histories: withEntry(state.histories, room, {...old, reachesStart: old.reachesStart || reachesStart}),
    };
  }
  const sorted = [...added].sort((a, b) => a.seq - b.seq);
  const history = {messages: merge(old.messages, sorted), reachesStart: old.reachesStart || reachesStart};
  const next = {...state, histories: withEntry(state.histories, room, history)};
  return putPeople(
    settle(next, sorted),
    sorted.map((message) => message.user),
  );
}

/**
 * @param {readonly Message[]} old
 * @param {readonly Message[]} added By seq.
 */
function merge(old, added) {
  if (old.length === 0 || added[0].seq > old[old.length - 1].seq) return [...old, ...added];
  /** @type {Message[]} */
  const merged = [];
  let place = 0;
  for (const message of added) {
    while (place < old.length && old[place].seq < message.seq) merged.push(old[place++]);
    if (place < old.length && old[place].seq === message.seq) merged.push(newer(old[place++], message));
    else merged.push(message);
  }
  while (place < old.length) merged.push(old[place++]);
  return merged;
}

/**
 * An answer may be older than an event that overtook it: deletions, edits and read marks never go back.
 * @param {Message} old
 * @param {Message} next
 */
export function newer(old, next) {
  if (old.is_deleted && !next.is_deleted) return old;
  if ((old.edited_at ?? "") > (next.edited_at ?? "") && !next.is_deleted) return old;
  return old.is_read && !next.is_read ? {...next, is_read: true} : next;
}

/**
 * Change each known message of a room that `change` returns another object for, and the room's last message.
 * @param {State} state
 * @param {number} room
 * @param {(message: Message) => Message} change
 * @returns {State}
 */
export function changeMessages(state, room, change) {
  let next = state;
  const history = state.histories.get(room);
  if (history) {
    const messages = history.messages.map(change);
    if (messages.some((message, place) => message !== history.messages[place])) {
      next = {...next, histories: withEntry(next.histories, room, {...history, messages})};
    }
  }
  const pins = state.pins.get(room);
  if (pins) {
    const changed = pins.map(change);
    if (changed.some((message, place) => message !== pins[place])) {
      next = {...next, pins: withEntry(next.pins, room, changed)};
    }
  }
  for (const [id, quote] of state.quotes) {
    if (quote?.room === room) next = {...next, quotes: withEntry(next.quotes, id, change(quote))};
  }
  const known = state.rooms.get(room);
  if (known?.last_message) {
    const last = change(known.last_message);
    if (last !== known.last_message) {
      next = {...next, rooms: withEntry(next.rooms, room, {...known, last_message: last})};
    }
  }
  return next;
}

/**
 * Forget the messages of a room: they must be loaded again.
 * @param {State} state
 * @param {number} room
 * @returns {State}
 */
export function dropHistory(state, room) {
  return {
    ...state,
    quotes: new Map([...state.quotes].filter(([, quote]) => quote !== null && quote.room !== room)),
    histories: withoutEntry(state.histories, room),
    pins: withoutEntry(state.pins, room),
    marks: withoutEntry(state.marks, room),
  };
}

/**
 * Remember where the user leaves the messages of a room. Null: at the end.
 * @param {State} state
 * @param {number} room
 * @param {import("./state.js").Place | null} place
 * @returns {State}
 */
export function putPlace(state, room, place) {
  if (!state.rooms.has(room)) return state; // the user has left the room or logged out
  return {...state, places: place ? withEntry(state.places, room, place) : withoutEntry(state.places, room)};
}
