/**
 * Follows the change log: loads the state, opens the stream of events from the cursor before it, and resumes after every
 * interruption. It delivers events in order and moves the cursor after them. It knows nothing of what events mean.
 *
 * @typedef {import("./types.js").Event} Event
 *
 * @typedef {object} Follower
 * @property {() => Promise<void>} load Load everything that is shown.
 * @property {(events: Event[]) => void} apply
 * @property {(link: "connecting" | "live" | "waiting") => void} onLink
 * @property {AbortSignal} signal
 */

import {delayMs, pause} from "./backoff.js";
import {SessionEnded} from "./client.js";
import {makeEventReader} from "./sse.js";

/** The server sends something every 15 s. A longer silence means a dead connection, or a machine that slept. */
const LONGEST_SILENCE_MS = 40_000;
const CHECK_MS = 5_000;

/**
 * @param {Pick<import("./api.js").Api["live"], "cursor" | "events">} live
 * @param {Follower} follower
 * @returns {{wake: (isNewNetwork?: boolean) => void, done: Promise<void>}} `wake`: the machine or the network is back,
 *   so check the connection at once. A new network needs a new one. `done` ends with the signal, or with the session.
 */
export function follow(live, {load, apply, onLink, signal}) {
  /** @type {string | null} */
  let cursor = null;
  /** Ends the present connection, or the present waiting. */
  let restart = new AbortController();
  let heardAt = 0;
  let isOpen = false;

  function wake(isNewNetwork = false) {
    if (isNewNetwork || !isOpen || Date.now() - heardAt > LONGEST_SILENCE_MS / 2) restart.abort();
  }

  async function run() {
    for (let failures = 0; !signal.aborted; ) {
      restart = new AbortController();
      onLink("connecting");
      const failure = await connect(AbortSignal.any([signal, restart.signal])).catch((error) => error);
      if (signal.aborted || failure instanceof SessionEnded) return;
      failures = isOpen ? 0 : failures + 1;
      isOpen = false;
      // 400: the cursor is of another server. 410: it is too old.
      if ([400, 410].includes(failure?.status) || failures > 5) cursor = null;
      await wait(Math.max(0, failures - 1), failure?.retryAfter ?? 0);
    }
  }

  /**
   * @param {number} attempt
   * @param {number} retryAfter
   */
  function wait(attempt, retryAfter) {
    if (restart.signal.aborted) restart = new AbortController();
    else onLink("waiting");
    return pause(delayMs(attempt, retryAfter), signal, restart.signal);
  }

  /** @param {AbortSignal} either Ends the connection. */
  async function connect(either) {
    if (cursor === null) {
      const now = await live.cursor(either);
      await load();
      cursor = now;
    }
    const answer = await live.events(cursor, either);
    onLink("live");
    await read(answer, either);
  }

  /**
   * @param {Response} answer
   * @param {AbortSignal} either
   */
  async function read(answer, either) {
    if (!answer.body) return;
    const silence = setInterval(() => {
      if (Date.now() - heardAt > LONGEST_SILENCE_MS) restart.abort();
    }, CHECK_MS);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const stop = () => void reader.cancel().catch(() => {});
    either.addEventListener("abort", stop, {once: true});
    const take = makeEventReader();
    isOpen = true;
    heardAt = Date.now();
    try {
      for (;;) {
        const {value, done} = await reader.read();
        if (done || either.aborted) return;
        heardAt = Date.now();
        const events = take(value);
        const resync = events.findIndex((event) => event.type === "resync");
        if (resync >= 0) {
          cursor = null;
          return;
        }
        if (events.length === 0) continue;
        apply(events);
        cursor = events.findLast((event) => event.id !== undefined)?.id ?? cursor;
      }
    } finally {
      clearInterval(silence);
      either.removeEventListener("abort", stop);
      stop();
    }
  }

  return {wake, done: run()};
}
