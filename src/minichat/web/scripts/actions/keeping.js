/**
 * Keeps drafts and unsent messages in the storage, one key each, so that a reload or a closed tab loses none. Another
 * user's are never shown: a log-out wipes them, and each key belongs to an account.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").State} State
 * @typedef {import("../store/state.js").OutboxEntry} OutboxEntry
 */
import {addEntry} from "../store/outbox.js";

/**
 * Restore what the storage holds, and keep it in step from then on.
 * @param {App} app
 * @param {number} account
 * @param {AbortSignal} signal
 */
export function startKeeping(app, account, signal) {
  const drafts = `draft/${account}/`;
  const outbox = `outbox/${account}/`;
  restore(app, drafts, outbox);
  keep(app, drafts, account, signal, ({drafts: all}) => all);
  const byClientId = (/** @type {State} */ state) => new Map(state.outbox.map((entry) => [entry.clientId, entry]));
  keep(app, outbox, account, signal, byClientId, (state) => state.outbox);
}

/**
 * @param {App} app
 * @param {string} drafts
 * @param {string} outbox
 */
function restore({local, store}, drafts, outbox) {
  const keys = local.keys();
  const kept = keys
    .filter((key) => key.startsWith(drafts))
    .map((key) => [Number(key.slice(drafts.length)), local.get(key, null)]);
  const entries = keys
    .filter((key) => key.startsWith(outbox))
    .map((key) => local.get(key, /** @type {OutboxEntry | null} */ (null)))
    .filter((entry) => entry !== null)
    .sort((a, b) => a.createdAt - b.createdAt);
  store.update((state) => {
    const known = new Set(state.outbox.map((entry) => entry.clientId));
    const next = {...state, drafts: new Map([.../** @type {any} */ (kept), ...state.drafts])};
    return entries
      .filter((entry) => !known.has(entry.clientId))
      .map((entry) => (entry.state === "sending" ? {...entry, state: /** @type {const} */ ("waiting")} : entry))
      .reduce(addEntry, next);
  });
}

/**
 * Store each entry of a map that has changed, and remove those that are gone.
 * @param {App} app
 * @param {string} prefix
 * @param {number} account
 * @param {AbortSignal} signal
 * @param {(state: State) => ReadonlyMap<string | number, unknown>} read
 * @param {(state: State) => unknown} [select] What to watch, if `read` makes a new map each time.
 */
function keep({local, store}, prefix, account, signal, read, select = read) {
  let last = read(store.get());
  store.watch(
    select,
    () => {
      const state = store.get();
      if (state.account?.id !== account) return; // a log-out wipes the storage
      const next = read(state);
      for (const [key, value] of next) if (last.get(key) !== value) local.set(prefix + key, value);
      for (const key of last.keys()) if (!next.has(key)) local.remove(prefix + key);
      last = next;
    },
    signal,
  );
}
