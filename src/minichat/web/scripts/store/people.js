/**
 * The people whom the user has seen: names, pictures, presence. Pure functions only.
 *
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").Person} Person
 * @typedef {import("../api/types.js").User} User
 */

/** @type {readonly (keyof Person)[]} */
const FIELDS = ["username", "first_name", "last_name", "full_name", "avatar", "is_online", "last_seen"];

/**
 * Add people, or replace what is known of them. A User has no presence, so that of the known person stays.
 * @param {State} state
 * @param {readonly (User | Person)[]} people
 * @returns {State}
 */
export function putPeople(state, people) {
  /** @type {Map<number, Person> | null} */
  let copy = null;
  for (const person of people) {
    const old = (copy ?? state.people).get(person.id);
    const {id, username, first_name, last_name, full_name, avatar} = person;
    const {is_online, last_seen} = "is_online" in person ? person : (old ?? {is_online: false, last_seen: null});
    const next = {id, username, first_name, last_name, full_name, avatar, is_online, last_seen};
    if (old && FIELDS.every((field) => old[field] === next[field])) continue;
    copy ??= new Map(state.people);
    copy.set(id, next);
  }
  return copy ? {...state, people: copy} : state;
}

/**
 * @param {State} state
 * @param {number} user
 * @param {{is_online: boolean, last_seen: string | null}} presence
 * @returns {State}
 */
export function setPresence(state, user, {is_online, last_seen}) {
  const person = state.people.get(user);
  return person ? putPeople(state, [{...person, is_online, last_seen}]) : state;
}

/**
 * These people are online, and nobody else is.
 * @param {State} state
 * @param {readonly {user: User, last_seen: string | null}[]} online
 */
export function replacePresence(state, online) {
  const seen = new Map(online.map(({user, last_seen}) => [user.id, last_seen]));
  const people = [...state.people.values()].map((person) => ({
    ...person,
    is_online: seen.has(person.id),
    last_seen: seen.get(person.id) ?? person.last_seen,
  }));
  return putPeople(state, people);
}

/**
 * The name to show: the full name, or the username if there is none.
 * @param {{full_name: string, username: string}} user
 */
export function nameOf(user) {
  return user.full_name || user.username;
}

/**
 * The name to show where a line has little room: the first name, if there is one.
 * @param {User} user
 */
export function shortNameOf(user) {
  return user.first_name || nameOf(user);
}
