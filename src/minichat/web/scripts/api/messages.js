/**
 * Endpoints of messages: history, sending, editing, reactions, pins, mentions, search, reports.
 *
 * @typedef {import("./types.js").Message} Message
 * @typedef {import("./types.js").Room} Room
 * @typedef {import("./types.js").Reactor} Reactor
 * @typedef {Record<string, string | number>} Query
 * @typedef {{limit?: number, before?: number, after?: number, around?: number, around_seq?: number}} Position Ids of messages, or a seq.
 * @typedef {{room: number, content: string, client_id: string, reply_to?: number | null, mention_ids?: number[]}} NewMessage
 */

/** @param {import("./client.js").Client} client */
export function messageEndpoints({json, page}) {
  /** @param {number} id @param {string} emoji */
  const reaction = (id, emoji) => `api/chat/messages/${id}/reactions/${encodeURIComponent(emoji)}/`;

  return {
    /** Load messages of a room, oldest first. Marks nothing as read. @param {number} room @param {Position} [position] @param {AbortSignal} [signal] @returns {Promise<{room: Room, messages: Message[]}>} */
    history: (room, position, signal) =>
      json("GET", `api/chat/rooms/${room}/history/`, {query: {...position, mark_read: false}, signal}),

    /** @param {Query} [query] @returns {Promise<import("./client.js").Page<Message>>} */
    list: (query) => page("api/chat/messages/", {query}),

    /** @param {NewMessage} body @returns {Promise<Message>} */
    send: (body) => json("POST", "api/chat/messages/", {body}),

    /** @param {number} id @param {AbortSignal} [signal] @returns {Promise<Message>} */
    get: (id, signal) => json("GET", `api/chat/messages/${id}/`, {signal}),

    /** @param {number} id @param {{content: string, mention_ids?: number[]}} body @returns {Promise<Message>} */
    edit: (id, body) => json("PATCH", `api/chat/messages/${id}/`, {body}),

    /** @param {number} id */
    remove: (id) => json("DELETE", `api/chat/messages/${id}/`),

    /** @param {number} id @param {string} emoji @returns {Promise<Message>} */
    react: (id, emoji) => json("PUT", reaction(id, emoji)),

    /** @param {number} id @param {string} emoji @returns {Promise<Message>} */
    unreact: (id, emoji) => json("DELETE", reaction(id, emoji)),

    /** @param {number} id @param {Query} [query] @returns {Promise<import("./client.js").Page<Reactor>>} */
    reactors: (id, query) => page(`api/chat/messages/${id}/reactions/`, {query}),

    /** @param {number} id @returns {Promise<Message>} */
    pin: (id) => json("PUT", `api/chat/messages/${id}/pin/`),

    /** @param {number} id @returns {Promise<Message>} */
    unpin: (id) => json("DELETE", `api/chat/messages/${id}/pin/`),

    /** @param {number} room @returns {Promise<Message[]>} */
    pins: (room) => json("GET", `api/chat/rooms/${room}/pins/`),

    /** @param {Query} [query] @returns {Promise<import("./client.js").Page<Message>>} */
    mentions: (query) => page("api/chat/mentions/", {query}),

    /** @param {Query} query `q`, and optionally `room`, `user`, `before`. @param {AbortSignal} [signal] @returns {Promise<import("./client.js").Page<Message>>} */
    search: (query, signal) => page("api/chat/search/", {query, signal}),

    /** @param {number} id @param {{reason: "spam" | "abuse" | "other", comment?: string}} body */
    report: (id, body) => json("POST", `api/chat/messages/${id}/report/`, {body}),
  };
}
