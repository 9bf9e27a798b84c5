/**
 * The participants of rooms, as far as they are loaded, and the rights of each role. Pure functions only.
 *
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").Room} Room
 * @typedef {import("./state.js").Participant} Participant
 * @typedef {import("../api/types.js").User} User
 * @typedef {import("../api/types.js").Role} Role
 */
import {putPeople} from "./people.js";
import {patchRoom} from "./rooms.js";
import {withEntry} from "./state.js";

const RANKS = {member: 1, moderator: 2, owner: 3};

/**
 * Add a page of a room's participants. The first page replaces what is known.
 * @param {State} state
 * @param {number} room
 * @param {import("../api/client.js").Page<Participant>} page
 * @param {{isFirst: boolean}} how
 * @returns {State}
 */
export function putParticipants(state, room, {items, next}, {isFirst}) {
  const added = new Set(items.map(({id}) => id));
  const before = isFirst ? [] : (state.participants.get(room)?.people ?? []).filter(({id}) => !added.has(id));
  const participants = withEntry(state.participants, room, {people: [...before, ...items], next});
  return putPeople({...state, participants}, items);
}

/**
 * A user has joined, or has another role now.
 * @param {State} state
 * @param {{room: number, user: User, role: Role}} change
 * @returns {State}
 */
export function putParticipant(state, {room, user, role}) {
  let next = putPeople(state, [user]);
  if (user.id === state.account?.id) next = patchRoom(next, room, {role});
  const known = next.participants.get(room);
  if (!known) return next;
  const old = known.people.find(({id}) => id === user.id);
  const person = next.people.get(user.id);
  if (!person || old?.role === role) return next;
  const people = old
    ? known.people.map((one) => (one === old ? {...one, role} : one))
    : known.next === null
      ? [...known.people, {...person, role, last_read_seq: 0}]
      : known.people; // the newest participants are on a later page
  return {...next, participants: withEntry(next.participants, room, {...known, people})};
}

/**
 * A user has left, or was removed.
 * @param {State} state
 * @param {{room: number, user: User}} change
 * @returns {State}
 */
export function dropParticipant(state, {room, user}) {
  const known = state.participants.get(room);
  if (!known?.people.some(({id}) => id === user.id)) return state;
  const people = known.people.filter(({id}) => id !== user.id);
  return {...state, participants: withEntry(state.participants, room, {...known, people})};
}

/**
 * What the user may do with a participant of a room.
 * @param {Room} room
 * @param {{id: number, role: Role}} participant
 * @param {number | undefined} me
 */
export function rightsOver(room, participant, me) {
  const isOther = room.kind === "group" && room.role !== null && participant.id !== me;
  const isOwner = isOther && room.role === "owner";
  return {
    promote: isOwner && participant.role === "member",
    demote: isOwner && participant.role === "moderator",
    handOver: isOwner,
    remove: isOther && RANKS[room.role ?? "member"] > RANKS[participant.role],
  };
}

/**
 * What the user may do with a room.
 * @param {Room} room
 */
export function rightsIn(room) {
  const isGroup = room.kind === "group";
  const leads = isGroup && (room.role === "owner" || room.role === "moderator");
  return {
    change: leads, // name, description, who writes, and so on
    addPeople: leads,
    invite: leads,
    changeHistory: isGroup && room.role === "owner",
    destroy: isGroup && room.role === "owner",
    leave: isGroup && room.role !== null,
  };
}

/**
 * The participant who becomes the owner when the owner leaves: the moderator, else the member, in the room for longest.
 * @param {readonly Participant[]} people In the order of joining.
 */
export function heirOf(people) {
  return people.find(({role}) => role === "moderator") ?? people.find(({role}) => role === "member");
}
