/**
 * Every endpoint of the API, grouped by capability. Each function is one request; it returns what the server returned.
 */
import {accountEndpoints} from "./account.js";
import {liveEndpoints} from "./live.js";
import {messageEndpoints} from "./messages.js";
import {peopleEndpoints} from "./people.js";
import {roomEndpoints} from "./rooms.js";

/** @typedef {ReturnType<typeof makeApi>} Api */

/** @param {import("./client.js").Client} client */
export function makeApi(client) {
  return {
    account: accountEndpoints(client),
    live: liveEndpoints(client),
    messages: messageEndpoints(client),
    people: peopleEndpoints(client),
    rooms: roomEndpoints(client),
  };
}

/**
 * All pages of a list.
 * @template T
 * @param {(query?: Record<string, string>) => Promise<import("./client.js").Page<T>>} page
 * @returns {Promise<T[]>}
 */
export async function allPages(page) {
  /** @type {T[]} */
  const items = [];
  for (let query = /** @type {Record<string, string> | null | undefined} */ (undefined); query !== null; ) {
    const answer = await page(query);
    items.push(...answer.items);
    query = answer.next;
  }
  return items;
}
