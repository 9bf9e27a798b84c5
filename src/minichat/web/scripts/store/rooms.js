/**
 * The rooms that the user is in. Pure functions only.
 *
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").Room} Room
 */
import {dropHistory} from "./messages.js";
import {putPeople} from "./people.js";
import {withEntry, withoutEntry} from "./state.js";
import {memo} from "./store.js";

/**
 * Add rooms, or replace them. A room that the user is not in becomes a card.
 * @param {State} state
 * @param {readonly Room[]} rooms
 * @returns {State}
 */
export function putRooms(state, rooms) {
  let next = state;
  for (const room of rooms) {
    const before = state.rooms.get(room.id);
    if (before && before.history !== room.history) next = dropHistory(next, room.id);
    next =
      room.role === null
        ? {...removeRoom(next, room.id), cards: withEntry(next.cards, room.id, room)}
        : {...next, rooms: withEntry(next.rooms, room.id, room), cards: withoutEntry(next.cards, room.id)};
    next = putPeople(next, room.participants);
  }
  return next;
}

/**
 * The user is in the room of an invitation.
 * @param {State} state
 * @param {string | null} token Of the invitation, if it is known.
 * @param {Room} room
 * @returns {State}
 */
export function acceptInvite(state, token, room) {
  return {...putRooms(state, [room]), invite: null, accepted: token === null ? null : {token, room: room.id}};
}

/**
 * Replace the whole list, as after a resync.
 * @param {State} state
 * @param {readonly Room[]} rooms
 * @returns {State}
 */
export function replaceRooms(state, rooms) {
  const kept = new Set(rooms.map((room) => room.id));
  let next = state;
  for (const id of state.rooms.keys()) if (!kept.has(id)) next = removeRoom(next, id);
  return {...putRooms(next, rooms), isLoaded: true};
}

/**
 * Change fields of a room.
 * @param {State} state
 * @param {number} id
 * @param {Partial<Room>} fields
 * @returns {State}
 */
export function patchRoom(state, id, fields) {
  const room = state.rooms.get(id);
  return room ? {...state, rooms: withEntry(state.rooms, id, {...room, ...fields})} : state;
}

/**
 * Remove a room with all that belongs to it, except what the user has written: drafts and unsent messages.
 * @param {State} state
 * @param {number} id
 * @returns {State}
 */
export function removeRoom(state, id) {
  const next = dropHistory(state, id);
  return {
    ...next,
    rooms: withoutEntry(next.rooms, id),
    cards: withoutEntry(next.cards, id),
    typing: withoutEntry(next.typing, id),
    participants: withoutEntry(next.participants, id),
    places: withoutEntry(next.places, id),
  };
}

/**
 * The user is no longer in a room, and has not left it on this page: remember that, since the room may be open.
 * @param {State} state
 * @param {number} id
 * @param {"removed" | "deleted"} reason
 * @returns {State}
 */
export function depart(state, id, reason) {
  const room = state.rooms.get(id);
  if (!room) return removeRoom(state, id);
  return {...removeRoom(state, id), departure: {room: id, name: room.name, reason}};
}

/**
 * The rooms by latest activity, newest first.
 * @type {(rooms: State["rooms"]) => readonly Room[]}
 */
export const roomsInOrder = memo((rooms) => [...rooms.values()].sort(byActivity));

/**
 * @param {Room} a
 * @param {Room} b
 */
function byActivity(a, b) {
  const [first, second] = [activityOf(a), activityOf(b)];
  return first === second ? b.id - a.id : first < second ? 1 : -1;
}

/** @param {Room} room */
function activityOf(room) {
  return room.last_message?.timestamp ?? room.created_at;
}

/**
 * The rooms that the user will probably open next: those with unread messages, then those with the latest activity.
 * @param {State} state
 * @param {number} most
 */
export function likelyRooms(state, most) {
  const [unread, read] = [true, false].map((isUnread) =>
    roomsInOrder(state.rooms).filter((room) => room.unread_count > 0 === isUnread),
  );
  return [...unread, ...read].slice(0, most);
}

/**
 * The other person of a direct chat. Undefined for a group.
 * @param {Room} room
 * @param {number | undefined} me
 */
export function partnerOf(room, me) {
  return room.kind === "direct" ? room.participants.find((person) => person.id !== me) : undefined;
}

/**
 * The direct chat with a person, if there is one.
 * @param {State} state
 * @param {number} user
 */
export function directChatWith({account, rooms}, user) {
  return [...rooms.values()].find((room) => partnerOf(room, account?.id)?.id === user);
}

/**
 * The user may write in this room.
 * @param {Room} room
 */
export function mayWrite(room) {
  return room.role !== null && (room.write === "all" || room.role !== "member");
}

/**
 * The user is the owner or a moderator of a group, or one of the two in a direct chat.
 * @param {Room} room
 */
export function mayModerate(room) {
  return room.role === "owner" || room.role === "moderator" || (room.kind === "direct" && room.role !== null);
}
