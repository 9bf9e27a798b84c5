/**
 * Loads the messages of the rooms that the user will probably open, while the page has nothing else to do. It marks
 * nothing as read.
 *
 * @typedef {import("../app.js").App} App
 */
import {pause} from "../api/backoff.js";
import {likelyRooms} from "../store/rooms.js";
import {prepareRoom} from "./rooms.js";

/** Each of them costs the server one request. */
const MOST_ROOMS = 6;
/** For browsers that report no idle time. */
const PAUSE_MS = 200;

/**
 * Prepare rooms once, after the first start: a later resync may happen to all clients at once.
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function startPreparing(app, signal) {
  const first = new AbortController();
  app.store.watch(
    (state) => state.isLoaded && state.link === "live",
    (isReady) => {
      if (!isReady) return;
      first.abort();
      if (document.visibilityState === "visible" && !savesData()) void prepareRooms(app, signal);
    },
    AbortSignal.any([signal, first.signal]),
  );
}

/**
 * Load the rooms one after the other, until the connection is lost.
 * @param {App} app
 * @param {AbortSignal} signal
 */
export async function prepareRooms(app, signal) {
  for (const {id} of likelyRooms(app.store.get(), MOST_ROOMS)) {
    await idleTime();
    if (signal.aborted || app.store.get().link !== "live") return;
    await prepareRoom(app, id);
  }
}

function idleTime() {
  if (!("requestIdleCallback" in globalThis)) return pause(PAUSE_MS);
  return new Promise((resolve) => requestIdleCallback(resolve));
}

/** The user has asked the browser to use little data. Only some browsers tell. */
function savesData() {
  return /** @type {{connection?: {saveData: boolean}}} */ (navigator).connection?.saveData === true;
}
