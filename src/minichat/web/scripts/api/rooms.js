/**
 * Endpoints of rooms: lists, making and policy, membership, invitations, read marks, notification levels.
 *
 * @typedef {import("./types.js").Room} Room
 * @typedef {import("./types.js").Message} Message
 * @typedef {import("./types.js").Participant} Participant
 * @typedef {import("./types.js").Invitation} Invitation
 * @typedef {import("./types.js").User} User
 * @typedef {Record<string, string | number>} Query
 * @typedef {{name?: string, description?: string, is_private?: boolean, write?: Room["write"], cooldown?: number,
 *   history?: Room["history"]}} RoomChange
 */

/** @param {import("./client.js").Client} client */
export function roomEndpoints({json, page}) {
  return {
    /** The user's rooms. @param {Query} [query] @returns {Promise<import("./client.js").Page<Room>>} */
    list: (query) => page("api/chat/rooms/", {query: {limit: 200, ...query}}),

    /** Rooms to join. @param {Query} [query] @param {AbortSignal} [signal] @returns {Promise<import("./client.js").Page<Room>>} */
    listPublic: (query, signal) => page("api/chat/rooms/", {query: {...query, scope: "public"}, signal}),

    /** @param {RoomChange & {name: string, participants?: number[]}} body @returns {Promise<Room>} */
    create: (body) => json("POST", "api/chat/rooms/", {body}),

    /** @param {number} id @param {AbortSignal} [signal] @returns {Promise<Room>} */
    get: (id, signal) => json("GET", `api/chat/rooms/${id}/`, {signal}),

    /** @param {number} id @param {RoomChange} body @returns {Promise<Room>} */
    change: (id, body) => json("PATCH", `api/chat/rooms/${id}/`, {body}),

    /** @param {number} id */
    remove: (id) => json("DELETE", `api/chat/rooms/${id}/`),

    /** @param {number} user @returns {Promise<{room: Room}>} */
    openDirect: (user) => json("POST", "api/chat/create-direct-chat/", {body: {user_id: user}}),

    /** @param {number} id @returns {Promise<{room: Room}>} */
    join: (id) => json("POST", `api/chat/rooms/${id}/join/`),

    /** @param {number} id */
    leave: (id) => json("POST", `api/chat/rooms/${id}/leave/`),

    /** @param {number} id @param {number} seq @returns {Promise<{last_read_seq: number, unread_count: number}>} */
    markRead: (id, seq) => json("POST", `api/chat/rooms/${id}/read/`, {body: {seq}}),

    /** @param {number} id */
    typing: (id) => json("POST", `api/chat/rooms/${id}/typing/`),

    /** @param {number} id @param {{notify?: Room["notify"], muted_until?: string | null}} body @returns {Promise<Room>} */
    setNotify: (id, body) => json("PATCH", `api/chat/rooms/${id}/notify/`, {body}),

    /** @returns {Promise<import("./types.js").Unread>} */
    unread: () => json("GET", "api/chat/unread/"),

    /** @param {number} id @param {Query} [query] @returns {Promise<import("./client.js").Page<Participant>>} */
    async participants(id, query) {
      const {items, next} = await page(`api/chat/rooms/${id}/participants/`, {query: {limit: 200, ...query}});
      return {items: /** @type {any} */ (items).participants, next};
    },

    /** @param {number} id @param {number} user @returns {Promise<Participant>} */
    addParticipant: (id, user) => json("POST", `api/chat/rooms/${id}/participants/`, {body: {user_id: user}}),

    /** @param {number} id @param {number} user @param {Room["role"]} role @returns {Promise<Participant>} */
    setRole: (id, user, role) => json("PATCH", `api/chat/rooms/${id}/participants/${user}/`, {body: {role}}),

    /** @param {number} id @param {number} user @param {{ban?: boolean}} [how] */
    removeParticipant: (id, user, {ban = false} = {}) =>
      json("DELETE", `api/chat/rooms/${id}/participants/${user}/`, {query: {ban: ban || null}}),

    /** @param {number} id @param {Query} [query] @returns {Promise<import("./client.js").Page<User>>} */
    bans: (id, query) => page(`api/chat/rooms/${id}/bans/`, {query}),

    /** @param {number} id @param {number} user */
    liftBan: (id, user) => json("DELETE", `api/chat/rooms/${id}/bans/${user}/`),

    /** @param {number} id @param {{expires_in?: number, uses?: number | null}} body @returns {Promise<Invitation>} */
    createInvitation: (id, body) => json("POST", `api/chat/rooms/${id}/invites/`, {body}),

    /** @param {number} id @param {Query} [query] @returns {Promise<import("./client.js").Page<Invitation>>} */
    invitations: (id, query) => page(`api/chat/rooms/${id}/invites/`, {query}),

    /** @param {number} id @param {number} invitation */
    revokeInvitation: (id, invitation) => json("DELETE", `api/chat/rooms/${id}/invites/${invitation}/`),

    /** @param {string} token @returns {Promise<import("./types.js").InvitationPreview>} */
    previewInvitation: (token) => json("POST", "api/chat/invites/preview/", {body: {token}, isPublic: true}),

    /** @param {string} token @returns {Promise<{room: Room}>} */
    acceptInvitation: (token) => json("POST", "api/chat/invites/accept/", {body: {token}}),
  };
}
