/**
 * Endpoints of live updates. `stream.js` follows the log with them.
 */

/** @typedef {{events: import("./types.js").Event[], cursor: string, has_more: boolean}} Batch */

/** @param {import("./client.js").Client} client */
export function liveEndpoints({json, socket}) {
  return {
    /** The present cursor. @param {AbortSignal} [signal] @returns {Promise<string>} */
    async cursor(signal) {
      return (await json("GET", "api/chat/sync/", {signal})).cursor;
    },

    /**
     * The events after a cursor. Waits for one up to `timeout` seconds.
     * @param {string} cursor @param {number} timeout @param {AbortSignal} [signal] @returns {Promise<Batch>}
     */
    sync: (cursor, timeout, signal) => json("GET", "api/chat/sync/", {query: {after: cursor, timeout}, signal}),

    /** @param {AbortSignal} [signal] @returns {Promise<{ticket: string}>} */
    ticket: (signal) => json("POST", "api/chat/events/ticket/", {signal}),

    /** The socket of all rooms. @param {string} ticket @param {string} cursor */
    socket: (ticket, cursor) => socket("ws/chat/", {ticket, after: cursor}),
  };
}
