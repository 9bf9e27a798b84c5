/**
 * Endpoints of other people: search, presence, blocks.
 *
 * @typedef {import("./types.js").Person} Person
 * @typedef {import("./types.js").User} User
 * @typedef {Record<string, string | number>} Query
 */

/** @param {import("./client.js").Client} client */
export function peopleEndpoints({json, page}) {
  return {
    /** @param {string} q @param {AbortSignal} [signal] @returns {Promise<{users: Person[]}>} */
    search: (q, signal) => json("GET", "api/auth/search/", {query: {q}, signal}),

    /** @param {Query} [query] @returns {Promise<import("./client.js").Page<Person>>} */
    list: (query) => page("api/auth/users/", {query}),

    /** @param {number} id @returns {Promise<Person>} */
    get: (id) => json("GET", `api/auth/users/${id}/`),

    /** @param {Query} [query] @returns {Promise<import("./client.js").Page<{user: User, is_online: boolean, last_seen: string | null}>>} */
    online: (query) => page("api/chat/online-users/", {query}),

    /** @param {number} id */
    block: (id) => json("POST", `api/chat/users/${id}/block/`),

    /** @param {number} id */
    unblock: (id) => json("DELETE", `api/chat/users/${id}/block/`),

    /** @returns {Promise<(User & {blocked_at: string})[]>} */
    blocks: () => json("GET", "api/chat/blocks/"),
  };
}
