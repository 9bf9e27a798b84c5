// Objects of the API for the tests, with only what a test names.

import {START} from "../../src/minichat/web/scripts/store/state.js";

/**
 * @typedef {import("../../src/minichat/web/scripts/api/types.js").Message} Message
 * @typedef {import("../../src/minichat/web/scripts/api/types.js").Room} Room
 * @typedef {import("../../src/minichat/web/scripts/store/state.js").State} State
 */

export const ANN = person(1, "ann");
export const BEN = person(2, "ben");
export const ROOM = 7;

/**
 * @param {number} id
 * @param {string} username
 */
export function person(id, username) {
  return {
    id,
    username,
    first_name: "",
    last_name: "",
    full_name: "",
    avatar: `/avatars/${id}.svg`,
    is_online: false,
    last_seen: null,
  };
}

/** The message with this seq; its id is seq + 100. @param {number} seq @param {Partial<Message>} [fields] @returns {Message} */
export function message(seq, fields) {
  return {
    id: seq + 100,
    room: ROOM,
    seq,
    user: BEN,
    user_username: "ben",
    content: `message ${seq}`,
    timestamp: new Date(Date.UTC(2026, 10, 24, 12, 0, seq)).toISOString(),
    edited_at: null,
    is_deleted: false,
    is_read: false,
    reply_to: null,
    client_id: null,
    reactions: [],
    mentions: [],
    mentions_all: false,
    is_pinned: false,
    is_blocked: false,
    ...fields,
  };
}

/** @param {Partial<Room>} [fields] @returns {Room} */
export function room(fields) {
  return {
    id: ROOM,
    name: "Kitchen",
    description: "",
    kind: "group",
    is_private: false,
    created_at: "2026-11-24T09:00:00.000Z",
    participants: [ANN, BEN],
    participants_count: 2,
    role: "member",
    last_message: null,
    last_seq: 0,
    last_read_seq: 0,
    unread_count: 0,
    unread_mentions: 0,
    notify: "all",
    muted_until: null,
    write: "all",
    cooldown: 0,
    history: "all",
    ...fields,
  };
}

/** The state of Ann. @param {Partial<State>} [fields] @returns {State} */
export function stateOfAnn(fields) {
  const account = {...ANN, email: "", email_verified: false, date_joined: "2026-11-24T09:00:00.000Z"};
  return {...START, phase: "in", account, isLoaded: true, ...fields};
}

/**
 * Ann in one room with the messages 1 to `last`, which she has read.
 * @param {number} last
 * @param {Partial<Room>} [fields]
 */
export function annInRoom(last, fields) {
  const messages = Array.from({length: last}, (_, place) => message(place + 1));
  const kitchen = room({last_seq: last, last_read_seq: last, last_message: messages.at(-1) ?? null, ...fields});
  return stateOfAnn({
    rooms: new Map([[ROOM, kitchen]]),
    histories: new Map([[ROOM, {messages, reachesStart: true}]]),
  });
}
