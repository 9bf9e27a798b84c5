/**
 * Live updates: loads the rooms, applies the events of the change log, and loads what an event only announces. Runs from
 * log-in to log-out.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/events.js").Need} Need
 */
import {allPages} from "../api/api.js";
import {delayMs, pause} from "../api/backoff.js";
import {ApiError} from "../api/client.js";
import {follow} from "../api/stream.js";
import {applyEvent} from "../store/events.js";
import {dropHistory, historyOf, putMessages} from "../store/messages.js";
import {replacePresence} from "../store/people.js";
import {putRooms, removeRoom, replaceRooms} from "../store/rooms.js";
import {expireTyping} from "../store/typing.js";
import {put, remember} from "./loading.js";
import {loadParticipants} from "./participants.js";
import {loadAnew, openRoom} from "./rooms.js";
import {sendAll} from "./sending.js";

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function startLive(app, signal) {
  const {store} = app;
  const needs = makeNeeds(app, signal);

  let wasLive = false;
  const {wake, suspend} = follow(app.api.live, {
    signal,
    isVisible: () => document.visibilityState === "visible",
    load: () => loadAll(app),
    apply(events) {
      remember(app, events);
      const now = Date.now();
      /** @type {Need[]} */
      const found = [];
      store.update((state) =>
        events.reduce((last, event) => {
          const applied = applyEvent(last, event, now);
          found.push(...applied.needs);
          return applied.state;
        }, state),
      );
      needs.add(found);
      app.announce(events);
    },
    onLink(link) {
      store.update((state) => ({...state, link}));
      if (link !== "live") return;
      sendAll(app);
      if (wasLive) loadPresence(app).catch(() => {}); // the next change of each person tells
      wasLive = true;
    },
  });

  addEventListener("online", backOnline, {signal});
  addEventListener("pageshow", () => wake(), {signal});
  addEventListener("pagehide", suspend, {signal}); // browsers keep no page for Back that has an open socket
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake(), {signal});

  function backOnline() {
    wake(true);
    sendAll(app);
  }

  const typing = setInterval(() => store.update((state) => expireTyping(state, Date.now())), 1_000);
  signal.addEventListener("abort", () => clearInterval(typing));
}

/**
 * Load everything again: the rooms, the blocks, and the messages of the open room. Other rooms load when they are opened.
 * @param {App} app
 */
export async function loadAll(app) {
  const {api, store} = app;
  const {route, participants} = store.get();
  loadAnew();
  store.update((state) => ({...[...state.histories.keys()].reduce(dropHistory, state), participants: new Map()}));
  await Promise.all([
    put(app, allPages(api.rooms.list), replaceRooms),
    put(app, api.people.blocks(), (state, blocks) => ({...state, blocked: new Set(blocks.map(({id}) => id))})),
    route.page === "room" ? openRoom(app, route.room, route.message) : null,
    // The list of members may be open. Whether the room can still be read, its messages tell.
    route.page === "room" && participants.has(route.room) ? loadParticipants(app, route.room).catch(() => {}) : null,
  ]);
}

/**
 * Presence is not in the log: after an interruption, learn who is online.
 * @param {App} app
 */
export async function loadPresence(app) {
  const page = (/** @type {Record<string, string> | undefined} */ next) => app.api.people.online(next ?? {limit: 200});
  await put(app, allPages(page), replacePresence);
}

/**
 * Loads what events announce: each thing once, however many events ask for it, and again until it succeeds.
 * @param {App} app
 * @param {AbortSignal} signal
 */
function makeNeeds(app, signal) {
  /** @type {Map<string, Need>} */
  const waiting = new Map();
  let isRunning = false;

  async function run() {
    isRunning = true;
    for (let attempt = 0; waiting.size > 0 && !signal.aborted; ) {
      const [[key, need]] = waiting;
      waiting.delete(key); // an event that comes from here on asks again
      try {
        await fulfil(app, need);
        attempt = 0;
      } catch (error) {
        if (!(error instanceof ApiError) || !error.isTemporary) continue;
        if (!waiting.has(key)) waiting.set(key, need);
        await pause(delayMs(attempt, error.retryAfter), signal);
        attempt += 1;
      }
    }
    isRunning = false;
  }

  return {
    /** @param {readonly Need[]} needs */
    add(needs) {
      for (const need of needs) waiting.set(JSON.stringify(need), need);
      if (!isRunning && waiting.size > 0) void run();
    },
  };
}

/**
 * @param {App} app
 * @param {Need} need
 */
async function fulfil(app, need) {
  switch (need.kind) {
    case "room":
      return loadRoom(app, need.room);
    case "missing":
      return loadMissing(app, need.room, need.after);
    case "blocked": // the view of the open room sees that its messages are gone, and loads them
      app.store.update((state) => [...state.histories.keys()].reduce(dropHistory, state));
  }
}

/**
 * Load a room again. Forget it if the user is not in it any more.
 * @param {App} app
 * @param {number} id
 */
export async function loadRoom(app, id) {
  try {
    await put(app, app.api.rooms.get(id), (state, room) => putRooms(state, [room]));
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 403)) throw error;
    app.store.update((state) => removeRoom(state, id));
  }
}

/**
 * Load the messages after a known one until they meet the next that is known.
 * @param {App} app
 * @param {number} room
 * @param {number} after The id of a message.
 */
async function loadMissing(app, room, after) {
  for (let id = after; ; ) {
    const {messages} = await put(app, app.api.messages.history(room, {after: id, limit: 200}), (state, answer) =>
      putMessages(state, room, answer.messages),
    );
    const last = messages.at(-1);
    if (!last) return;
    const known = historyOf(app.store.get(), room).messages;
    if (last.seq >= (known.at(-1)?.seq ?? 0)) return;
    id = last.id;
  }
}
