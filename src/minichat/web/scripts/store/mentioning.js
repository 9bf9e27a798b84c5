/**
 * The people whom a user may mention in a room, by a part of their names. Pure functions only.
 *
 * @typedef {import("./state.js").State} State
 * @typedef {import("../api/types.js").User} User
 */
import {rank} from "../text/fold.js";
import {fold} from "../text/mentions.js";
import {isErased} from "./finding.js";
import {historyOf} from "./messages.js";
import {nameOf} from "./people.js";

const USERNAME = /^[\p{L}\p{M}\p{N}._-]+/u;

/**
 * Everybody in a room whom we know, without the user: the authors of the latest messages first.
 * @param {State} state
 * @param {number} room
 * @returns {User[]}
 */
function mentionable(state, room) {
  /** @type {Map<number, User>} */
  const found = new Map();
  const {messages} = historyOf(state, room);
  const known = state.participants.get(room);
  const people = known?.people ?? state.rooms.get(room)?.participants ?? [];
  const present = new Set(people.map(({id}) => id));
  const isWhole = known ? known.next === null : people.length === state.rooms.get(room)?.participants_count;
  for (const {user} of messages.slice(-200).reverse()) if (!isWhole || present.has(user.id)) found.set(user.id, user);
  for (const person of people) if (!found.has(person.id)) found.set(person.id, person);
  found.delete(state.account?.id ?? 0);
  return [...found.values()].map((user) => state.people.get(user.id) ?? user).filter((user) => !isErased(user));
}

/**
 * Those who fit, the best first.
 * @param {State} state
 * @param {number} room
 * @param {string} wanted
 * @param {number} limit
 */
export function peopleToMention(state, room, wanted, limit) {
  const all = mentionable(state, room);
  if (wanted === "") return all.slice(0, limit);
  return all
    .map((user) => ({user, place: Math.min(rank(user.username, wanted), rank(user.full_name, wanted))}))
    .filter(({place}) => place < Infinity)
    .sort((a, b) => a.place - b.place)
    .slice(0, limit)
    .map(({user}) => user);
}

/**
 * The user may mention everybody in this room, with `@all`.
 * @param {State} state
 * @param {number} id
 */
export function mayMentionAll(state, id) {
  const room = state.rooms.get(id);
  return room?.kind === "group" && (room.role === "owner" || room.role === "moderator");
}

/**
 * What to write after the `@` for a person: the name, unless the server would take its first word for the username of
 * somebody else.
 * @param {State} state
 * @param {number} room
 * @param {User} user
 */
export function nameToWrite(state, room, user) {
  const name = nameOf(user);
  const first = fold(USERNAME.exec(name)?.[0] ?? "").replace(/[._-]+$/, "");
  const isOfAnother = mentionable(state, room).some(({id, username}) => id !== user.id && fold(username) === first);
  return isOfAnother || first === "all" ? user.username : name;
}
