/**
 * Follows the change log: loads the state, listens from the cursor before it, and resumes after every interruption. It
 * delivers events in order and moves the cursor after them. It knows nothing of what events mean.
 *
 * Each tab has a WebSocket of its own. A stream of server-sent events would take one of the six HTTP/1.1 connections that a
 * browser has for a server, so the sixth tab would block all requests; sockets are not counted there. One tab that listens
 * for all would need an election, a hand-over, and a way for a late tab to catch up: the cursor of each tab does all this.
 *
 * @typedef {import("./types.js").Event} Event
 *
 * @typedef {object} Follower
 * @property {() => Promise<void>} load Load everything that is shown.
 * @property {(events: Event[]) => void} apply
 * @property {(link: "connecting" | "live" | "waiting") => void} onLink
 * @property {() => boolean} [isVisible] The user can see the tab.
 * @property {AbortSignal} signal
 */

import {delayMs, pause} from "./backoff.js";
import {SessionEnded} from "./client.js";
import {poll} from "./polling.js";
import {listen} from "./socket.js";

/** After so many refused sockets, poll for a while. A browser hides why a socket was refused; a request shows it. */
const REFUSED_SOCKETS = 2;
const POLLING_MS = 120_000;

/**
 * @typedef {object} Following
 * @property {(isNewNetwork?: boolean) => void} wake The machine or the network may be back: check the connection, or connect
 *   without further waiting. A new network needs a new connection.
 * @property {() => void} suspend Close the connection until `wake`, as while the browser keeps the page for Back.
 * @property {Promise<void>} done Ends with the signal, or with the session.
 *
 * @param {Pick<import("./api.js").Api["live"], "cursor" | "sync" | "ticket" | "socket">} live
 * @param {Follower} follower
 * @returns {Following}
 */
export function follow(live, {load, apply, onLink, isVisible = () => true, signal}) {
  /** @type {string | null} */
  let cursor = null;
  /** Ends the present connection, or the present waiting. */
  let restart = new AbortController();
  /** @type {"connecting" | "open" | "waiting" | "suspended"} */
  let phase = "connecting";
  let probe = () => {};
  /** Sockets that did not open, one after another. */
  let refused = 0;

  /** @type {Following["wake"]} */
  function wake(isNewNetwork = false) {
    if (isNewNetwork) refused = 0;
    if (isNewNetwork || phase === "waiting" || phase === "suspended") {
      phase = "connecting"; // a load that was under way at `suspend` may end later: it must not wait then
      restart.abort();
    } else probe();
  }

  function suspend() {
    if (phase === "waiting") return;
    phase = "suspended";
    restart.abort();
  }

  async function run() {
    for (let failures = 0; !signal.aborted; ) {
      restart = new AbortController();
      phase = "connecting";
      onLink("connecting");
      const failure = await connect(AbortSignal.any([signal, restart.signal])).catch((error) => error);
      const wasOpen = isPhase("open");
      probe = () => {};
      if (signal.aborted || failure instanceof SessionEnded) return;
      failures = wasOpen || restart.signal.aborted ? 0 : failures + 1;
      if ([400, 410].includes(failure?.status)) {
        // The cursor is of another server, or too old.
        cursor = null;
        refused = 0;
      }
      await wait(Math.max(0, failures - 1), failure?.retryAfter ?? 0);
    }
  }

  /** @param {typeof phase} one */
  function isPhase(one) {
    return phase === one; // a call: the compiler does not see that `phase` changes while we wait
  }

  /**
   * @param {number} attempt
   * @param {number} retryAfter
   */
  async function wait(attempt, retryAfter) {
    const isSuspended = isPhase("suspended");
    if (restart.signal.aborted && !isSuspended) return;
    restart = new AbortController();
    if (!isSuspended) phase = "waiting";
    onLink("waiting");
    const milliseconds = isSuspended ? 2 ** 31 - 1 : delayMs(attempt, retryAfter);
    await pause(milliseconds, signal, restart.signal);
  }

  /** @param {AbortSignal} either Ends the connection. */
  async function connect(either) {
    if (cursor === null) {
      const now = await live.cursor(either);
      await load();
      cursor = now;
    }
    if (refused < REFUSED_SOCKETS) return bySocket(cursor, either);
    await byPolling(cursor, either);
    refused = REFUSED_SOCKETS - 1; // one more attempt
  }

  /**
   * @param {string} after
   * @param {AbortSignal} either
   */
  async function bySocket(after, either) {
    const {ticket} = await live.ticket(either);
    const end = new AbortController();
    const socket = listen(live.socket(ticket, after), {
      signal: AbortSignal.any([either, end.signal]),
      onOpen,
      take(events) {
        take(events);
        if (cursor === null) end.abort();
      },
    });
    probe = socket.probe;
    const hasOpened = await socket.closed;
    if (!either.aborted) refused = hasOpened ? 0 : refused + 1;
  }

  /**
   * @param {string} after
   * @param {AbortSignal} either
   */
  function byPolling(after, either) {
    const take = (/** @type {Event[]} */ events, /** @type {string} */ next) => {
      if (events.length > 0) apply(events);
      cursor = next;
    };
    return poll(live, {cursor: after, isVisible, onOpen, take, signal: either, until: Date.now() + POLLING_MS});
  }

  function onOpen() {
    if (phase === "open") return;
    phase = "open";
    onLink("live");
  }

  /** Apply events, and move the cursor after them. @param {Event[]} events */
  function take(events) {
    const resync = events.findIndex((event) => event.type === "resync");
    const before = resync < 0 ? events : events.slice(0, resync);
    if (before.length > 0) apply(before);
    cursor = resync < 0 ? (before.findLast((event) => event.id !== undefined)?.id ?? cursor) : null;
  }

  return {wake, suspend, done: run()};
}
