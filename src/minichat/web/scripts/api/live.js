/**
 * Endpoints of live updates. `stream.js` follows the log with them.
 */

/** @param {import("./client.js").Client} client */
export function liveEndpoints({json, send}) {
  return {
    /** The present cursor. @param {AbortSignal} [signal] @returns {Promise<string>} */
    async cursor(signal) {
      return (await json("GET", "api/chat/sync/", {signal})).cursor;
    },

    /** Open the stream of events after a cursor. @param {string} cursor @param {AbortSignal} signal */
    events: (cursor, signal) =>
      send("GET", "api/chat/events/", {headers: {"Last-Event-ID": cursor}, signal, isEndless: true}),
  };
}
