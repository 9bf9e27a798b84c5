/**
 * The change log by requests, for networks that let no WebSocket pass. A visible tab waits for the next event; a hidden one
 * asks now and then, since waiting requests of six tabs would block all others over HTTP/1.1. Typing and presence are not
 * in the log, so they do not arrive this way.
 */
import {pause} from "./backoff.js";
import {ApiError} from "./client.js";

const WAIT_SECONDS = 20;
const HIDDEN_MS = 10_000;
const BUSY_MS = 5_000;

/**
 * Poll until the signal aborts, or the time is over.
 * @param {Pick<import("./api.js").Api["live"], "sync">} live
 * @param {object} poll
 * @param {string} poll.cursor
 * @param {() => boolean} poll.isVisible
 * @param {() => void} poll.onOpen
 * @param {(events: import("./types.js").Event[], cursor: string) => void} poll.take
 * @param {AbortSignal} poll.signal
 * @param {number} poll.until In milliseconds since the epoch.
 */
export async function poll(live, {cursor, isVisible, onOpen, take, signal, until}) {
  let mayWait = true;
  while (!signal.aborted && Date.now() < until) {
    const timeout = mayWait && isVisible() ? WAIT_SECONDS : 0;
    try {
      const batch = await live.sync(cursor, timeout, signal);
      if (signal.aborted) return;
      cursor = batch.cursor;
      take(batch.events, cursor);
      onOpen();
      if (timeout === 0 && !batch.has_more) await pause(isVisible() ? BUSY_MS : HIDDEN_MS, signal);
    } catch (error) {
      if (timeout === 0 || !isBusy(error)) throw error;
      mayWait = false;
    }
  }
}

/**
 * The user has too many streams, or this server has none: an answer at once is possible.
 * @param {unknown} error
 */
function isBusy(error) {
  return error instanceof ApiError && (error.status === 429 || error.status === 503);
}
