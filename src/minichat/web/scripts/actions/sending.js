/**
 * Sending messages: each goes through the outbox, one after another in its room, and waits there while the network is
 * away. Its `client_id` makes a second attempt harmless.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").OutboxEntry} OutboxEntry
 */
import {delayMs, pause} from "../api/backoff.js";
import {ApiError, SessionEnded} from "../api/client.js";
import {applyEvent} from "../store/events.js";
import {addEntry, changeEntry, nextToSend, removeEntry, settle} from "../store/outbox.js";
import {problemText} from "./problems.js";

/** Ends the waiting of all messages. */
let wake = new AbortController();

/**
 * @param {App} app
 * @param {number} room
 * @param {{content: string, replyTo?: number | null, mentionIds?: number[]}} message
 */
export function sendMessage(app, room, {content, replyTo = null, mentionIds = []}) {
  const clientId = randomId();
  const createdAt = Date.now();
  app.store.update((state) =>
    addEntry(state, {clientId, room, content, replyTo, mentionIds, createdAt, state: "waiting", problem: ""}),
  );
  void sendIn(app, room);
}

/**
 * Send a failed message again.
 * @param {App} app
 * @param {OutboxEntry} entry
 */
export function sendAgain(app, {clientId, room}) {
  app.store.update((state) => changeEntry(state, clientId, {state: "waiting", problem: ""}));
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
  for (let attempt = 0; ; ) {
    const entry = nextToSend(app.store.get(), room);
    if (!entry) return;
    const {clientId} = entry;
    app.store.update((state) => changeEntry(state, clientId, {state: "sending"}));
    try {
      const message = await app.api.messages.send({
        room,
        content: entry.content,
        client_id: clientId,
        ...(entry.replyTo !== null && {reply_to: entry.replyTo}),
        ...(entry.mentionIds.length > 0 && {mention_ids: entry.mentionIds}),
      });
      attempt = 0;
      app.store.update((state) => {
        const next = settle(state, [message]);
        return next === state ? state : applyEvent(next, {type: "message.created", data: message}, Date.now()).state;
      });
    } catch (error) {
      if (error instanceof SessionEnded) return;
      if (error instanceof ApiError && error.isTemporary) {
        app.store.update((state) => changeEntry(state, clientId, {state: "waiting"}));
        await pause(delayMs(attempt, error.retryAfter), wake.signal);
        attempt += 1;
        continue;
      }
      app.store.update((state) => changeEntry(state, clientId, {state: "failed", problem: problemText(error)}));
    }
  }
}

/** A random id. `crypto.randomUUID` does not exist on pages without TLS. */
function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
