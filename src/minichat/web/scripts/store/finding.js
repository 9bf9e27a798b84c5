/**
 * Rooms and people by a part of their names, among those that are loaded. Pure functions only.
 *
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").Room} Room
 * @typedef {import("./state.js").Person} Person
 */
import {matches, rank} from "../text/fold.js";
import {partnerOf, roomsInOrder} from "./rooms.js";

/**
 * The text to search a room by: a direct chat is found by the username, too.
 * @param {Room} room
 * @param {number | undefined} me
 */
function searchedIn(room, me) {
  const partner = partnerOf(room, me);
  return partner ? `${room.name} ${partner.username}` : room.name;
}

/**
 * The user's rooms that fit, by latest activity.
 * @param {State} state
 * @param {string} wanted
 * @returns {readonly Room[]}
 */
export function roomsNamed(state, wanted) {
  const all = roomsInOrder(state.rooms);
  if (wanted.trim() === "") return all;
  return all.filter((room) => matches(searchedIn(room, state.account?.id), wanted));
}

/**
 * The user's rooms that fit, the best first.
 * @param {State} state
 * @param {string} wanted
 * @returns {readonly Room[]}
 */
export function bestRooms(state, wanted) {
  return roomsNamed(state, wanted)
    .map((room) => ({
      room,
      place: Math.min(rank(room.name, wanted), rank(searchedIn(room, state.account?.id), wanted)),
    }))
    .sort((a, b) => a.place - b.place)
    .map(({room}) => room);
}

/**
 * The known people who fit, without the user: those with a direct chat first, then by name.
 * @param {State} state
 * @param {string} wanted
 * @returns {readonly Person[]}
 */
export function peopleNamed(state, wanted) {
  const me = state.account?.id;
  const partners = new Map(
    roomsInOrder(state.rooms).flatMap((room, place) => {
      const partner = partnerOf(room, me);
      return partner ? [[partner.id, place]] : [];
    }),
  );
  const text = wanted.replace(/^@/, "");
  return [...state.people.values()]
    .filter((person) => person.id !== me && !isErased(person))
    .filter((person) => text === "" || matches(`${person.username} ${person.full_name}`, text))
    .sort((a, b) => {
      const [first, second] = [partners.get(a.id) ?? Infinity, partners.get(b.id) ?? Infinity];
      return first === second ? compare(a, b) : first - second;
    });
}

/** @param {Person} a @param {Person} b */
function compare(a, b) {
  return (a.full_name || a.username).localeCompare(b.full_name || b.username);
}

/** The account is erased: only its messages remain. @param {{username: string}} user */
export function isErased({username}) {
  return /^deleted-user-\d+$/.test(username);
}
