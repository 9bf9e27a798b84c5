/**
 * Searching people and rooms: what is loaded at once, what the server finds a moment later.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").Person} Person
 * @typedef {import("../store/state.js").Room} Room
 */
import {go} from "../router.js";
import {bestRooms, peopleNamed} from "../store/finding.js";
import {putPeople} from "../store/people.js";
import {partnerOf, putRooms} from "../store/rooms.js";
import {put} from "./loading.js";

const LONGEST_QUERY = 100;
const SUGGESTED = 30;
const FEW = 10;

/**
 * Find people. `show` gets the known ones first, then all that the server finds.
 * @param {App} app
 * @param {string} text
 * @param {AbortSignal} signal
 * @param {(people: readonly Person[]) => void} show
 */
export async function findPeople(app, text, signal, show) {
  const known = () => peopleNamed(app.store.get(), text).slice(0, SUGGESTED);
  show(known());
  const wanted = text.replace(/^@/, "").trim();
  if (wanted === "") {
    if (known().length >= FEW) return;
    // A newcomer has seen hardly anybody, so show who is here.
    await put(app, app.api.people.list({limit: SUGGESTED}), (state, {items}) => putPeople(state, items));
    return show(known());
  }
  const {users} = await search(app, wanted, signal);
  show(users);
}

/**
 * Find public rooms that the user could join. Returns one page, and how to get the next.
 * @param {App} app
 * @param {string} text
 * @param {AbortSignal} signal
 * @param {Record<string, string>} [query] Of the next page.
 */
export function findPublicRooms(app, text, signal, query) {
  return app.api.rooms.listPublic(query ?? {limit: 30, ...(text !== "" && {q: cut(text)})}, signal);
}

/**
 * @param {App} app
 * @param {string} text
 * @param {AbortSignal} signal
 */
function search(app, text, signal) {
  return put(app, app.api.people.search(cut(text), signal), (state, {users}) => putPeople(state, users));
}

/** The server takes 100 characters, not code units. @param {string} text */
function cut(text) {
  return [...text].slice(0, LONGEST_QUERY).join("");
}

/**
 * Load what is known of a person now.
 * @param {App} app
 * @param {number} id
 * @param {AbortSignal} signal
 */
export async function loadPerson(app, id, signal) {
  await put(app, app.api.people.get(id), (state, person) => (signal.aborted ? state : putPeople(state, [person])));
}

/**
 * Find the user's rooms, people, and public rooms. `show` gets what is loaded first.
 * @param {App} app
 * @param {string} text
 * @param {AbortSignal} signal
 * @param {(found: {rooms: readonly Room[], people: readonly Person[], cards: readonly Room[]}) => void} show
 */
export async function findEverything(app, text, signal, show) {
  const {store, api} = app;
  const rooms = bestRooms(store.get(), text).slice(0, SUGGESTED);
  const partners = new Set(rooms.map((room) => partnerOf(room, store.get().account?.id)?.id));
  /** @param {readonly Person[]} people */
  const others = (people) => people.filter(({id}) => !partners.has(id)); // the direct chat stands for the person
  if (text === "") return show({rooms, people: [], cards: []});
  show({rooms, people: others(peopleNamed(store.get(), text)).slice(0, SUGGESTED), cards: []});
  const [{users}, publicRooms, mine] = await Promise.all([
    text.replace(/^@/, "").trim() === "" ? {users: []} : search(app, text, signal),
    findPublicRooms(app, text, signal),
    api.rooms.list({q: cut(text), limit: SUGGESTED}),
  ]);
  const known = new Set(rooms.map(({id}) => id));
  const more = mine.items.filter(({id}) => !known.has(id)); // the server folds a few letters that we do not
  show({rooms: [...rooms, ...more], people: others(users), cards: publicRooms.items});
}

/**
 * Open the page of a public room that a search has found. What is known of it shows at once.
 * @param {App} app
 * @param {Room} room
 */
export function openFound(app, room) {
  if (!app.store.get().rooms.has(room.id)) app.store.update((state) => putRooms(state, [room]));
  go({page: "room", room: room.id});
}
