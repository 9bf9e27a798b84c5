/**
 * The shape of the whole state, and its beginning. Every part is immutable: functions of this folder return a new state
 * that shares what has not changed. No function here touches the document, the storage or the network.
 *
 * @typedef {import("../api/types.js").Account} Account
 * @typedef {import("../api/types.js").Info} Info
 * @typedef {import("../api/types.js").Message} Message
 * @typedef {import("../api/types.js").Participant} Participant
 * @typedef {import("../api/types.js").Person} Person
 * @typedef {import("../api/types.js").Room} Room
 * @typedef {import("../router.js").Route} Route
 *
 * @typedef {object} History The known messages of a room.
 * @property {readonly Message[]} messages By seq. A gap in seq is a gap in what we know.
 * @property {boolean} reachesStart The first of them is the first that the user may read.
 *
 * @typedef {object} Participants The known participants of a room, in the order of joining.
 * @property {readonly Participant[]} people
 * @property {Record<string, string> | null} next The query of the next page, or null if all are known.
 *
 * @typedef {object} Departure A room that the user was in, and no longer is.
 * @property {number} room
 * @property {string} name
 * @property {"removed" | "deleted"} reason
 *
 * @typedef {object} OutboxEntry A message that the server has not acknowledged yet.
 * @property {string} clientId
 * @property {number} room
 * @property {string} content
 * @property {number | null} replyTo
 * @property {number[]} mentionIds
 * @property {number} createdAt In milliseconds since the epoch.
 * @property {"waiting" | "sending" | "failed"} state
 * @property {string} problem Why it failed, in the user's language. Empty otherwise.
 * @property {string} [code] The code of that problem.
 *
 * @typedef {object} Draft What the composer of a room holds.
 * @property {string} text
 * @property {number | null} replyTo The id of a message.
 * @property {number | null} editing The id of a message.
 * @property {readonly Chosen[]} mentions The people chosen for the text.
 * @property {Pick<Draft, "text" | "replyTo" | "mentions"> | null} kept What returns after the editing of a message.
 *
 * @typedef {object} Chosen A person chosen from the list of mentions.
 * @property {number} id
 * @property {string} name As it stands after the `@`.
 *
 * @typedef {object} MessageSearch What the user last looked for among the messages.
 * @property {string} q
 * @property {Person | null} author
 * @property {number | null} room The last room that was searched.
 *
 * @typedef {object} Place Where a user was in the messages of a room.
 * @property {number} message The id of the first message in view.
 * @property {number} seq Its seq.
 * @property {string} key Its row.
 * @property {number} offset Its distance from the upper edge.
 *
 * @typedef {object} Settings What the user chose on this device.
 * @property {"system" | "light" | "dark"} theme
 * @property {"system" | "en" | "ru"} language
 * @property {boolean} sound
 * @property {boolean} notifications
 * @property {boolean} isAsked The user has answered the offer to turn them on.
 *
 * @typedef {object} ProfileNames
 * @property {string} first_name
 * @property {string} last_name
 * @property {string} email
 *
 * @typedef {object} State
 * @property {"starting" | "out" | "in"} phase
 * @property {boolean} wasEnded The server has ended the session; the user did not log out.
 * @property {Account | null} account The logged-in user; set in phase "in".
 * @property {Info | null} info
 * @property {Route} route
 * @property {number | null} roomBefore The room that is open, or that the user left for a page such as the settings.
 * @property {Settings} settings
 * @property {"connecting" | "live" | "waiting"} link The live updates. "waiting": the next attempt comes by itself.
 * @property {boolean} isLoaded The list of rooms is loaded.
 * @property {ReadonlyMap<number, Room>} rooms The rooms that the user is in.
 * @property {ReadonlyMap<number, Room>} cards Public rooms that the user is not in, but has opened.
 * @property {ReadonlyMap<number, History>} histories By room.
 * @property {ReadonlyMap<number, Person>} people Everybody whom we have seen, by id.
 * @property {ReadonlyMap<number, ReadonlyMap<number, number>>} typing By room and user: the time to stop showing it.
 * @property {ReadonlyMap<number, ReadonlyMap<number, number>>} marks By room and user: the last seq that they read.
 * @property {ReadonlyMap<number, readonly Message[]>} pins By room, last pinned first; only loaded ones.
 * @property {ReadonlyMap<number, Participants>} participants By room; only loaded ones.
 * @property {Departure | null} departure The last room that others have removed the user from, or have deleted.
 * @property {string | null} invite The token of an invitation that the user has opened, and neither accepted nor dismissed.
 * @property {{token: string, room: number} | null} accepted The last invitation that the user has accepted.
 * @property {ReadonlyMap<number, Message | null>} quotes Messages that others reply to, by id. Null: it can't be read.
 * @property {ReadonlyMap<number, Place>} places By room: where the user left it. No entry: at the end.
 * @property {MessageSearch} search
 * @property {ReadonlySet<number>} blocked The users whom the user blocks.
 * @property {readonly OutboxEntry[]} outbox In the order of sending, over all rooms.
 * @property {ReadonlyMap<number, Draft>} drafts By room.
 * @property {Readonly<Partial<ProfileNames>>} profileDraft The unsaved changes of the profile.
 * @property {ReadonlyMap<number, number>} cooldowns By room: when the user may write again, in milliseconds since the epoch.
 */

/** @type {Settings} */
export const DEFAULT_SETTINGS = {
  theme: "system",
  language: "system",
  sound: true,
  notifications: false,
  isAsked: false,
};

/** @type {State} */
export const START = {
  phase: "starting",
  wasEnded: false,
  account: null,
  info: null,
  route: {page: "home"},
  roomBefore: null,
  settings: DEFAULT_SETTINGS,
  link: "connecting",
  isLoaded: false,
  rooms: new Map(),
  cards: new Map(),
  histories: new Map(),
  people: new Map(),
  typing: new Map(),
  marks: new Map(),
  pins: new Map(),
  participants: new Map(),
  departure: null,
  invite: null,
  accepted: null,
  quotes: new Map(),
  places: new Map(),
  search: {q: "", author: null, room: null},
  blocked: new Set(),
  outbox: [],
  drafts: new Map(),
  profileDraft: {},
  cooldowns: new Map(),
};

/**
 * The state after a log-out: nothing of the user remains. An invitation stays while a visitor logs in or registers.
 * @param {State} state
 * @returns {State}
 */
export function loggedOut({phase, info, route, settings, invite}) {
  return {...START, phase: "out", info, route, settings, invite: phase === "in" ? null : invite};
}

/**
 * The state at another address. The token of an invitation stays while the visitor logs in or registers elsewhere.
 * @param {State} state
 * @param {Route} route
 * @returns {State}
 */
export function atRoute(state, route) {
  const invite = route.page === "invite" ? route.token : state.invite;
  return {...state, route, invite, roomBefore: roomBefore(state, route)};
}

/** @param {State} state @param {Route} route */
function roomBefore(state, route) {
  if (route.page === "room") return route.room;
  return route.page === "home" ? null : state.roomBefore;
}

/**
 * Where a page that is no room closes to.
 * @param {State} state
 * @returns {Route}
 */
export function pageBefore({roomBefore, rooms}) {
  return roomBefore !== null && rooms.has(roomBefore) ? {page: "room", room: roomBefore} : {page: "home"};
}

/**
 * The state after the server has ended the session.
 * @param {State} state
 * @returns {State}
 */
export function sessionEnded(state) {
  return {...loggedOut(state), wasEnded: true};
}

/**
 * A map with one entry set. The same map if the entry is the same object.
 * @template K, V
 * @param {ReadonlyMap<K, V>} map
 * @param {K} key
 * @param {V} value
 * @returns {ReadonlyMap<K, V>}
 */
export function withEntry(map, key, value) {
  if (map.has(key) && Object.is(map.get(key), value)) return map;
  return new Map(map).set(key, value);
}

/**
 * @template K, V
 * @param {ReadonlyMap<K, V>} map
 * @param {K} key
 * @returns {ReadonlyMap<K, V>}
 */
export function withoutEntry(map, key) {
  if (!map.has(key)) return map;
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}
