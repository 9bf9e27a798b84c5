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
import {SessionEnded} from "./client.js";
import {delayMs, pause} from "./backoff.js";
import {makeEventReader} from "./sse.js";

/** The server sends something every 15 s. A longer silence means a dead connection, or a machine that slept. */
const LONGEST_SILENCE_MS = 40_000;
const CHECK_MS = 5_000;

/**
 * @param {Pick<import("./live.js").liveEndpoints extends (...a: any) => infer R ? R : never, "cursor" | "events">} live
 * @param {Follower} follower
 * @returns {{wake: () => void, done: Promise<void>}} `wake`: the network or the machine is back, so check at once.
 *   `done` ends with the signal, or with the session.
 */
export function follow(live, {load, apply, onLink, signal}) {
  /** @type {string | null} */
  let cursor = null;
  /** Ends the present connection, or the present waiting. */
  let restart = new AbortController();
  let heardAt = 0;
  let isOpen = false;

  function wake() {
    if (!isOpen || Date.now() - heardAt > LONGEST_SILENCE_MS / 2) restart.abort();
  }

  async function run() {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      restart = new AbortController();
      const either = AbortSignal.any([signal, restart.signal]);
      let retryAfter = 0;
      onLink("connecting");
      try {
        if (cursor === null) {
          const now = await live.cursor(either);
          await load();
          cursor = now;
        }
        const answer = await live.events(cursor, either);
        attempt = -1;
        onLink("live");
        await read(answer, either);
      } catch (error) {
        if (signal.aborted || error instanceof SessionEnded) return;
        const {status, retryAfter: seconds = 0} = /** @type {any} */ (error);
        if (status === 400 || status === 410 || attempt > 5) cursor = null;
        retryAfter = seconds;
      } finally {
        isOpen = false;
      }
      if (signal.aborted) return;
      if (restart.signal.aborted) restart = new AbortController();
      else onLink("waiting");
      await pause(delayMs(Math.max(0, attempt), retryAfter), signal, restart.signal);
    }
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
