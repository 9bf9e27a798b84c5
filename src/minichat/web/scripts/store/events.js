/**
 * Apply an event of the change log to the state. Applying an event twice has the same effect as once. An event cannot
 * always tell the whole change: then the result names what must be loaded. Pure functions only.
 *
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").Room} Room
 * @typedef {import("./state.js").Message} Message
 * @typedef {import("../api/types.js").Event} Event
 * @typedef {import("../api/types.js").ReactionChange} ReactionChange
 *
 * @typedef {object} Applied
 * @property {State} state
 * @property {readonly Need[]} needs
 *
 * @typedef {{kind: "room", room: number} |
 *   {kind: "missing", room: number, after: number} |
 *   {kind: "blocked", user: number}} Need
 *   "room": load the room. "missing": load its messages after this id. "blocked": load the messages again that could mention the user.
 */
import {changeMessages, messageAt, newer, putMessages} from "./messages.js";
import {dropParticipant, putParticipant} from "./participants.js";
import {putPeople, setPresence} from "./people.js";
import {depart, patchRoom, putRooms} from "./rooms.js";
import {withEntry} from "./state.js";
import {startTyping, stopTyping} from "./typing.js";
import {mentionsMe} from "./unread.js";

/**
 * @param {State} state
 * @param {Event} event
 * @param {number} now In milliseconds since the epoch.
 * @returns {Applied}
 */
export function applyEvent(state, event, now) {
  switch (event.type) {
    case "message.created":
      return created(state, event.data);
    case "message.updated":
      return updated(state, event.data);
    case "message.deleted":
      return deleted(state, event.data);
    case "message.pinned":
    case "message.unpinned":
      return plain(setPin(replaceMessage(state, event.data), event.data));
    case "reaction.changed":
      return plain(react(state, event.data));
    case "message.read":
      return markRead(state, event.data.room, event.data.user, event.data.last_read_seq);
    case "room.created":
    case "room.updated":
    case "room.notify":
      return plain(putRooms(state, [event.data]));
    case "room.deleted":
      return plain(depart(state, event.data.room, "deleted"));
    case "participant.joined":
    case "participant.updated":
      return {state: putParticipant(state, event.data), needs: [{kind: "room", room: event.data.room}]};
    case "participant.left":
      if (event.data.user.id === state.account?.id) return plain(depart(state, event.data.room, "removed"));
      return {
        state: dropParticipant(stopTyping(state, event.data.room, event.data.user.id), event.data),
        needs: [{kind: "room", room: event.data.room}],
      };
    case "block.changed":
      return {
        state: setBlocked(state, event.data.user.id, event.data.is_blocked),
        needs: [{kind: "blocked", user: event.data.user.id}],
      };
    case "typing":
      return plain(startTyping(state, event.data.room, event.data.user, now));
    case "presence":
      return plain(setPresence(state, event.data.user, event.data));
    default:
      return plain(state); // types that are newer than this client
  }
}

/**
 * @param {State} state
 * @returns {Applied}
 */
function plain(state) {
  return {state, needs: []};
}

/**
 * @param {State} state
 * @param {Message} message
 * @returns {Applied}
 */
function created(state, message) {
  const room = state.rooms.get(message.room);
  if (!room) return {state: putPeople(state, [message.user]), needs: [{kind: "room", room: message.room}]};
  /** @type {Need[]} */
  const needs = [];
  let next = stopTyping(state, message.room, message.user.id);
  if (state.histories.has(message.room)) {
    const newest = state.histories.get(message.room)?.messages.at(-1);
    if (newest && newest.seq === room.last_seq && message.seq > newest.seq + 1) {
      needs.push({kind: "missing", room: room.id, after: newest.id});
    }
    next = putMessages(next, message.room, [message]);
  } else {
    next = putPeople(next, [message.user]);
  }
  if (message.seq <= room.last_seq) {
    if (message.seq === room.last_seq) next = patchRoom(next, room.id, {last_message: message});
    return {state: next, needs};
  }
  if (message.seq > room.last_seq + 1) needs.push({kind: "room", room: room.id});
  const isUnread = message.user.id !== state.account?.id && !message.is_deleted;
  next = patchRoom(next, room.id, {
    last_seq: message.seq,
    last_message: message,
    unread_count: room.unread_count + (isUnread ? 1 : 0),
    unread_mentions: room.unread_mentions + (isUnread && mentionsMe(message, state.account?.id) ? 1 : 0),
  });
  const read = markRead(next, room.id, message.user.id, message.seq);
  return {state: read.state, needs: [...needs, ...read.needs]};
}

/**
 * @param {State} state
 * @param {Message} message
 * @returns {Applied}
 */
function updated(state, message) {
  const room = state.rooms.get(message.room);
  const next = replaceMessage(state, message);
  if (!room || message.seq <= room.last_read_seq) return plain(next);
  const me = state.account?.id;
  const before = messageAt(state, message.room, message.seq);
  const isCounted = before !== undefined && mentionsMe(before, me) === mentionsMe(message, me);
  return {state: next, needs: isCounted ? [] : [{kind: "room", room: message.room}]};
}

/**
 * @param {State} state
 * @param {Message} message
 * @returns {Applied}
 */
function deleted(state, message) {
  const room = state.rooms.get(message.room);
  const next = setPin(replaceMessage(state, message), message);
  const isUnread = room !== undefined && message.seq > room.last_read_seq;
  return {state: next, needs: isUnread ? [{kind: "room", room: message.room}] : []};
}

/**
 * Replace a message where it is shown. A message that is not loaded is not added: it would stand alone among gaps.
 * @param {State} state
 * @param {Message} message
 */
function replaceMessage(state, message) {
  return changeMessages(state, message.room, (old) => (old.id === message.id ? newer(old, message) : old));
}

/**
 * @param {State} state
 * @param {Message} message
 */
function setPin(state, message) {
  const pins = state.pins.get(message.room);
  if (!pins) return state;
  const others = pins.filter((pin) => pin.id !== message.id);
  if (!message.is_pinned && others.length === pins.length) return state;
  return {...state, pins: withEntry(state.pins, message.room, message.is_pinned ? [message, ...others] : others)};
}

/**
 * @param {State} state
 * @param {ReactionChange} change
 */
function react(state, {room, message: id, emoji, user, added, count}) {
  const isMe = user.id === state.account?.id;
  return changeMessages(state, room, (message) => {
    if (message.id !== id || message.is_deleted) return message;
    const known = message.reactions.find((one) => one.emoji === emoji);
    const before = known ?? {emoji, count: 0, mine: false, users: []};
    const others = before.users.filter((one) => one !== user.id);
    const users =
      added && before.users.includes(user.id) ? before.users : added ? [...others, user.id].slice(0, 10) : others;
    const reaction = {...before, count, users, mine: isMe ? added : before.mine};
    const reactions = known
      ? message.reactions.map((one) => (one === known ? reaction : one))
      : [...message.reactions, reaction];
    return {...message, reactions: reactions.filter((one) => one.count > 0)};
  });
}

/**
 * A user has read a room up to `seq`. Marks never move back.
 * @param {State} state
 * @param {number} id The room.
 * @param {number} user
 * @param {number} seq
 * @returns {Applied}
 */
export function markRead(state, id, user, seq) {
  const room = state.rooms.get(id);
  if (!room) return plain(state);
  const isMe = user === state.account?.id;
  const marks = state.marks.get(id) ?? new Map();
  let next = state;
  if (seq > (marks.get(user) ?? 0)) {
    next = {...next, marks: withEntry(next.marks, id, new Map(marks).set(user, seq))};
  }
  next = changeMessages(next, id, (message) =>
    message.seq <= seq && !message.is_read && (message.user.id === state.account?.id) !== isMe
      ? {...message, is_read: true}
      : message,
  );
  if (!isMe || seq <= room.last_read_seq) return plain(next);
  if (seq >= room.last_seq) {
    return plain(patchRoom(next, id, {last_read_seq: seq, unread_count: 0, unread_mentions: 0}));
  }
  return {state: patchRoom(next, id, {last_read_seq: seq}), needs: [{kind: "room", room: id}]};
}

/**
 * @param {State} state
 * @param {number} user
 * @param {boolean} isBlocked
 * @returns {State}
 */
export function setBlocked(state, user, isBlocked) {
  const blocked = new Set(state.blocked);
  if (isBlocked) blocked.add(user);
  else blocked.delete(user);
  /** @type {State} */
  let next = {...state, blocked};
  for (const room of state.rooms.keys()) {
    next = changeMessages(next, room, (message) =>
      message.user.id === user && message.is_blocked !== isBlocked ? {...message, is_blocked: isBlocked} : message,
    );
  }
  return next;
}
