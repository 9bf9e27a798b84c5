/**
 * Sending messages: each goes through the outbox, one after another in its room, and waits there while the network is
 * away. Its `client_id` makes a second attempt harmless. One tab at a time sends the messages of a room.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").OutboxEntry} OutboxEntry
 */
import {delayMs, pause} from "../api/backoff.js";
import {ApiError, SessionEnded} from "../api/client.js";
import {exclusively} from "../storage/locks.js";
import {setCooldown} from "../store/cooldowns.js";
import {takeBack} from "../store/drafts.js";
import {applyEvent} from "../store/events.js";
import {addEntry, changeEntry, nextToSend, removeEntry, settle} from "../store/outbox.js";
import {isGone} from "./keeping.js";
import {problemText} from "./problems.js";

/** Ends the waiting of all messages. */
let wake = new AbortController();

/** The rooms whose messages a tab sends, or waits to send. @type {WeakMap<App, Set<string>>} */
const rooms = new WeakMap();

/**
 * @param {App} app
 * @param {number} room
 * @param {{content: string, replyTo?: number | null, mentionIds?: number[]}} message
 */
export function sendMessage(app, room, {content, replyTo = null, mentionIds = []}) {
  const clientId = randomId();
  app.store.update((state) => {
    // Their order stays, also if the clock is set back, and after a reload.
    const createdAt = Math.max(Date.now(), ...state.outbox.map((entry) => entry.createdAt + 1));
    return addEntry(state, {clientId, room, content, replyTo, mentionIds, createdAt, state: "waiting", problem: ""});
  });
  void sendIn(app, room);
}

/**
 * Send a failed message again.
 * @param {App} app
 * @param {OutboxEntry} entry
 */
export function sendAgain(app, {clientId, room}) {
  app.store.update((state) => changeEntry(state, clientId, {state: "waiting", problem: "", code: ""}));
  void sendIn(app, room);
}

/**
 * Give up a message that was not sent.
 * @param {App} app
 * @param {OutboxEntry} entry
 */
export function discard(app, {clientId}) {
  app.store.update((state) => removeEntry(state, clientId));
}

/**
 * Put the text of a message that was not sent back into the composer.
 * @param {App} app
 * @param {OutboxEntry} entry
 */
export function takeBackEntry(app, entry) {
  app.store.update((state) => takeBack(state, entry));
}

/**
 * Send what waits in the outbox from now on, also what another tab has left there.
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function startSending(app, signal) {
  app.store.watch(
    (state) => state.outbox,
    (outbox) => {
      for (const entry of outbox) if (entry.state === "waiting") void sendIn(app, entry.room);
    },
    signal,
  );
}

/**
 * Send all that waits, as after the network has returned.
 * @param {App} app
 */
export function sendAll(app) {
  wake.abort();
  wake = new AbortController();
  for (const room of new Set(app.store.get().outbox.map((entry) => entry.room))) void sendIn(app, room);
}

/**
 * @param {App} app
 * @param {number} room
 */
async function sendIn(app, room) {
  const account = app.store.get().account?.id;
  const name = `minichat ${app.base.href} outbox ${account} ${room}`;
  const sending = rooms.get(app) ?? new Set();
  rooms.set(app, sending);
  if (account === undefined || sending.has(name)) return;
  sending.add(name);
  const isWaiting = () => {
    const state = app.store.get();
    return state.account?.id === account && nextToSend(state, room) !== undefined;
  };
  try {
    for (let failures = 0; isWaiting(); ) {
      const outcome = await exclusively(name, () => sendEntries(app, account, room));
      if (outcome === "ended" && !app.session.exists()) return;
      if (outcome === "ended" || outcome === null) continue; // the user may have logged in again
      failures = outcome.isProgress ? 1 : failures + 1;
      const attempt = outcome.error.code === "cooldown" ? 0 : failures - 1;
      await pause(delayMs(attempt, outcome.error.retryAfter), wake.signal); // other tabs may try meanwhile
    }
  } finally {
    sending.delete(name);
  }
}

/**
 * Send the entries of a room until none waits, or until one has to wait longer.
 * @param {App} app
 * @param {number} account
 * @param {number} room
 * @returns {Promise<"ended" | null | {error: ApiError, isProgress: boolean}>} "ended": the session is over. Otherwise why to
 *   wait, and whether entries were sent before.
 */
async function sendEntries(app, account, room) {
  const {store} = app;
  for (let isProgress = false; ; ) {
    const state = store.get();
    const entry = state.account?.id === account ? nextToSend(state, room) : undefined;
    if (!entry) return null;
    const {clientId} = entry;
    if (isGone(app, account, entry)) {
      store.update((last) => removeEntry(last, clientId));
      continue;
    }
    store.update((last) => changeEntry(last, clientId, {state: "sending"}));
    try {
      await sendEntry(app, entry);
      isProgress = true;
    } catch (error) {
      if (error instanceof SessionEnded) return "ended";
      const change = afterRefusal(app, entry, error);
      store.update((last) => (last.account?.id === account ? changeEntry(last, clientId, change) : last));
      if (error instanceof ApiError && error.isTemporary) return {error, isProgress};
    }
  }
}

/**
 * @param {App} app
 * @param {OutboxEntry} entry
 */
async function sendEntry(app, {room, content, clientId, replyTo, mentionIds}) {
  const account = app.store.get().account?.id;
  const message = await app.api.messages.send({
    room,
    content,
    client_id: clientId,
    ...(replyTo !== null && {reply_to: replyTo}),
    ...(mentionIds.length > 0 && {mention_ids: mentionIds}),
  });
  const now = Date.now();
  app.store.update((state) => {
    if (state.account?.id !== account) return state;
    const next = setCooldown(settle(state, [message]), room, now);
    return applyEvent(next, {type: "message.created", data: message}, now).state;
  });
}

/**
 * What becomes of an entry that the server has refused.
 * @param {App} app
 * @param {OutboxEntry} entry
 * @param {unknown} error
 * @returns {Partial<OutboxEntry>}
 */
function afterRefusal(app, {room, mentionIds}, error) {
  if (error instanceof ApiError) {
    if (error.code === "cooldown") {
      app.store.update((state) => setCooldown(state, room, Date.now(), error.retryAfter));
    }
    if (error.isTemporary) return {state: "waiting"};
    // Somebody who was mentioned has left meanwhile: the text matters more.
    if (error.errors.mention_ids && mentionIds.length > 0) return {state: "waiting", mentionIds: []};
  }
  const code = error instanceof ApiError ? error.code : "";
  return {state: "failed", problem: problemText(error), code};
}

/** A random id. `crypto.randomUUID` does not exist on pages without TLS. */
function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
