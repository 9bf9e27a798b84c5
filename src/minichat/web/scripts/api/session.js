/**
 * The tokens of the logged-in user. The access token is in memory only; the refresh token is in the storage, so that a
 * reload keeps the user logged in. One refresh serves all requests that wait for it. It knows nothing of the store.
 */
import {ApiError, problemOf, SessionEnded} from "./client.js";

/** @typedef {import("./types.js").Tokens} Tokens */
/** @typedef {import("../storage/local.js").Local} Local */

/**
 * @typedef {object} Session
 * @property {() => boolean} exists Whether a user is logged in.
 * @property {() => Promise<string>} access An access token. Throws SessionEnded.
 * @property {(stale: string) => Promise<string>} renewed Another access token than `stale`. Throws SessionEnded or ApiError.
 * @property {(tokens: Tokens) => void} begin Take the tokens of a log-in, or of a changed password.
 * @property {() => string | null} forget End the session on this device. Returns its refresh token.
 * @property {(run: () => void, signal?: AbortSignal) => void} onEnd Run when the server has ended the session.
 */

const KEY = "refresh";

/**
 * @param {object} parts
 * @param {URL} parts.base
 * @param {Local} parts.local
 * @param {typeof globalThis.fetch} [parts.fetch]
 * @returns {Session}
 */
export function makeSession({base, local, fetch = globalThis.fetch.bind(globalThis)}) {
  /** @type {string | null} */
  let access = null;
  /** @type {string | null} */
  let refresh = local.get(KEY, null);
  /** @type {Promise<string> | null} */
  let renewing = null;
  /** @type {Set<() => void>} */
  const listeners = new Set();

  function renew() {
    renewing ??= exchange().finally(() => {
      renewing = null;
    });
    return renewing;
  }

  /** Exchange the refresh token. Another tab may have exchanged it before: the storage holds the newest. */
  async function exchange() {
    const used = local.get(KEY, refresh);
    if (used === null) throw end();
    let answer;
    try {
      answer = await fetch(new URL("api/auth/token/refresh/", base), {
        method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify({refresh: used}),
        signal: AbortSignal.timeout(30_000),
        credentials: "omit",
      });
    } catch {
      throw new ApiError({status: 0, code: "unreachable"});
    }
    if (answer.status === 401) throw end();
    if (!answer.ok) throw await problemOf(answer);
    const tokens = await answer.json();
    begin(tokens);
    return tokens.access;
  }

  /** @param {Tokens} tokens */
  function begin(tokens) {
    access = tokens.access;
    refresh = tokens.refresh;
    local.set(KEY, refresh);
  }

  function forget() {
    const last = local.get(KEY, refresh);
    access = refresh = null;
    local.remove(KEY);
    return last;
  }

  function end() {
    forget();
    for (const run of listeners) run();
    return new SessionEnded("The session has ended.");
  }

  return {
    exists: () => local.get(KEY, null) !== null,
    access: async () => access ?? renew(),
    renewed: async (stale) => (access !== null && access !== stale ? access : renew()),
    begin,
    forget,
    onEnd(run, signal) {
      listeners.add(run);
      signal?.addEventListener("abort", () => listeners.delete(run));
    },
  };
}
