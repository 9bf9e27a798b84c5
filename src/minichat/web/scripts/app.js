/**
 * What every view and action gets as its first argument. Only the type and its assembly: no rule, no view.
 */
import {makeApi} from "./api/api.js";
import {makeClient} from "./api/client.js";
import {makeSession} from "./api/session.js";
import {makeClaims} from "./storage/claims.js";
import {makeLocal} from "./storage/local.js";
import {START} from "./store/state.js";
import {makeStore} from "./store/store.js";
import {language} from "./texts/texts.js";

/**
 * @typedef {object} App
 * @property {import("./api/api.js").Api} api The one way to the server.
 * @property {import("./api/session.js").Session} session The tokens.
 * @property {import("./store/store.js").Store<import("./store/state.js").State>} store
 * @property {import("./storage/local.js").Local} local Small values that survive a reload.
 * @property {ReturnType<typeof makeClaims>} claims What one of all tabs does.
 * @property {URL} base The address of the server, with a final slash.
 * @property {(run: (events: readonly Event[]) => void, signal: AbortSignal) => void} onEvents Run with the events of the
 *   change log, after the store has applied them. After an interruption old events arrive, too: compare their time.
 * @property {(events: readonly Event[]) => void} announce Run the listeners of `onEvents`.
 * @property {() => number} now The time of the server, in milliseconds since the epoch.
 * @property {Event[]} recent The newest events, so that an answer which they overtook can be brought up to date.
 * @typedef {import("./api/types.js").Event} Event
 */

/**
 * @param {URL} base
 * @param {import("./storage/local.js").Local} [local]
 * @returns {App}
 */
export function makeApp(base, local = makeLocal()) {
  const session = makeSession({base, local});
  const client = makeClient({base, session, language});
  /** @type {Set<(events: readonly Event[]) => void>} */
  const listeners = new Set();
  return {
    api: makeApi(client),
    session,
    store: makeStore(START),
    local,
    claims: makeClaims(local),
    base,
    onEvents(run, signal) {
      listeners.add(run);
      signal.addEventListener("abort", () => listeners.delete(run));
    },
    announce(events) {
      for (const run of listeners) run(events);
    },
    now: client.now,
    recent: [],
  };
}
