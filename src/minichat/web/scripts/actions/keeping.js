/**
 * Keeps drafts and unsent messages in the storage, one key each, so that a reload or a closed tab loses none, and follows
 * what other tabs of the user write there. Another user's are never shown: a log-out wipes them, and each key belongs to
 * an account.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").State} State
 * @typedef {import("../store/state.js").Draft} Draft
 * @typedef {import("../store/state.js").OutboxEntry} OutboxEntry
 * @typedef {Draft & {at: number}} KeptDraft `at`: the time of the last change.
 */
import {EMPTY_DRAFT} from "../store/drafts.js";
import {historyOf} from "../store/messages.js";
import {addEntry, changeEntry, removeEntry, settle} from "../store/outbox.js";
import {withEntry, withoutEntry} from "../store/state.js";

/** The entries that the storage has held, so that a missing one is known to be sent or discarded by another tab. */
const stored = new Set();

/** @param {number} account @param {string} clientId */
const entryKey = (account, clientId) => `outbox/${account}/${clientId}`;

/**
 * Another tab has sent this entry, or has discarded it.
 * @param {App} app
 * @param {number} account
 * @param {OutboxEntry} entry
 */
export function isGone({local}, account, {clientId}) {
  return stored.has(clientId) && local.get(entryKey(account, clientId), null) === null;
}

/**
 * Restore what the storage holds, and keep it in step from then on.
 * @param {App} app
 * @param {number} account
 * @param {AbortSignal} signal
 */
export function startKeeping(app, account, signal) {
  const reads = [keepDrafts(app, account, signal), keepOutbox(app, account, signal)];
  // A page that returns from the browser's cache has missed what other tabs did.
  const onShow = (/** @type {PageTransitionEvent} */ {persisted}) => persisted && reads.forEach((read) => void read());
  globalThis.addEventListener?.("pageshow", onShow, {signal});
}

/**
 * A draft is replaced by a later one only, of whichever tab. Returns a function that reads the storage again.
 * @param {App} app
 * @param {number} account
 * @param {AbortSignal} signal
 */
function keepDrafts({local, session, store}, account, signal) {
  const prefix = `draft/${account}/`;
  /** When the draft of a room has changed. @type {Map<number, number>} */
  const times = new Map();

  /** @param {number} room @param {Partial<KeptDraft>} value */
  function adopt(room, {at = 0, ...value}) {
    if (at <= (times.get(room) ?? 0)) return;
    times.set(room, at);
    const draft = {...EMPTY_DRAFT, ...value};
    last = withEntry(last, room, draft);
    store.update((state) => ({...state, drafts: withEntry(state.drafts, room, draft)}));
  }

  /** @param {number} room @param {number} at */
  function drop(room, at) {
    if (at < (times.get(room) ?? 0)) return;
    last = withoutEntry(last, room);
    store.update((state) => ({...state, drafts: withoutEntry(state.drafts, room)}));
  }

  function read() {
    for (const room of last.keys()) if (local.get(prefix + room, null) === null) drop(room, Infinity);
    for (const key of local.keys().filter((one) => one.startsWith(prefix))) {
      adopt(Number(key.slice(prefix.length)), local.get(key, {}));
    }
  }

  let last = store.get().drafts;
  read();
  local.watch((key, value, old) => {
    if (!key.startsWith(prefix)) return;
    const room = Number(key.slice(prefix.length));
    if (value === null) drop(room, old?.at ?? 0);
    else adopt(room, value);
  }, signal);
  store.watch(
    (state) => state.drafts,
    (drafts) => {
      if (store.get().account?.id !== account || !session.exists()) return; // a log-out wipes the storage
      for (const [room, draft] of drafts) {
        if (last.get(room) === draft) continue;
        const at = Math.max(Date.now(), (times.get(room) ?? 0) + 1); // later than the last one, whatever the clock says
        times.set(room, at);
        local.set(prefix + room, {...draft, at});
      }
      for (const room of last.keys()) if (!drafts.has(room)) local.remove(prefix + room);
      last = drafts;
    },
    signal,
  );
  return read;
}

/**
 * @param {App} app
 * @param {number} account
 * @param {AbortSignal} signal
 */
function keepOutbox(app, account, signal) {
  const {local, session, store} = app;
  const prefix = entryKey(account, "");

  /** @param {OutboxEntry} entry */
  function adopt(entry) {
    stored.add(entry.clientId);
    store.update((state) => {
      const known = state.outbox.find(({clientId}) => clientId === entry.clientId);
      if (known?.state === "sending") return state;
      if (known) return changeEntry(state, entry.clientId, entry);
      // Its message may have arrived before the news of the entry.
      return settle(addEntry(state, entry), historyOf(state, entry.room).messages);
    });
  }

  function read() {
    for (const entry of store.get().outbox) {
      if (isGone(app, account, entry)) store.update((state) => removeEntry(state, entry.clientId));
    }
    for (const key of local.keys().filter((one) => one.startsWith(prefix))) {
      const entry = local.get(key, /** @type {OutboxEntry | null} */ (null));
      if (entry) adopt(entry);
    }
  }

  read();
  local.watch((key, value) => {
    if (!key.startsWith(prefix)) return;
    if (value !== null) adopt(value);
    else store.update((state) => removeEntry(state, key.slice(prefix.length)));
  }, signal);

  /** @type {readonly OutboxEntry[]} */
  let last = [];
  store.watch(
    (state) => state.outbox,
    (outbox) => {
      if (store.get().account?.id !== account || !session.exists()) return; // a log-out wipes the storage
      for (const entry of outbox) {
        if (last.includes(entry)) continue;
        stored.add(entry.clientId);
        local.set(prefix + entry.clientId, entry.state === "sending" ? {...entry, state: "waiting"} : entry);
      }
      const present = new Set(outbox.map(({clientId}) => clientId));
      for (const {clientId} of last) if (!present.has(clientId)) local.remove(prefix + clientId);
      last = outbox;
    },
    signal,
  );
  return read;
}
